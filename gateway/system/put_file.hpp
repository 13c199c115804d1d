// SPDX-License-Identifier: Apache-2.0
// Writes a file whole or not at all: whoever watches its directory never sees half of it, nor does
// who starts after a power cut.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

// It belongs to its directory's group. Makes its directory where that is not there. What went
// wrong, for people; empty: it is on the disk.
std::string put_file(const std::string& path, std::string_view text);

}  // namespace twinsky
