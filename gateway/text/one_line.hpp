// SPDX-License-Identifier: Apache-2.0
// What somebody else wrote, where we write lines: it stays within its line, and says nothing to a
// terminal.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

// Control characters and line ends of every kind become blanks.
std::string one_line(std::string_view text);

}  // namespace twinsky
