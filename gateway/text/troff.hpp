// SPDX-License-Identifier: Apache-2.0
// Words as a manual page (man(7)) takes them.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

// Text that shows as it is written, wherever it stands in a line.
std::string troff(std::string_view text);
// The same, with what stands in `backticks` in bold.
std::string troff_with_code(std::string_view text);

// The first line of a page: its title in capitals, its section, and whose page it is.
std::string troff_title(std::string_view title, int section);

}  // namespace twinsky
