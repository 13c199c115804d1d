// SPDX-License-Identifier: Apache-2.0
// A file that somebody names on the command line. A pipe is one too, and can be read once.
#pragma once

#include <string>

namespace twinsky {

// "cannot be read: No such file or directory"; empty: it can be.
std::string problem_of_given_file(const std::string& path);

}  // namespace twinsky
