// SPDX-License-Identifier: Apache-2.0
// Where a test finds its data and the program. Only places.cpp is compiled with these paths, so
// that a compiler cache serves the other tests of every clone.
#pragma once

#include <string>

namespace twinsky {

std::string tests_directory();  // this project's tests/
std::string twinsky_binary();

}  // namespace twinsky
