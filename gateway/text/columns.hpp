// SPDX-License-Identifier: Apache-2.0
// Text in the columns of a terminal, where a Chinese character takes two (Unicode Standard Annex
// 11) and a combining mark none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Bytes that are no UTF-8 count as one column each.
std::size_t columns_of(std::string_view text) noexcept;
// At most so many columns, with "…" at the end where something was cut off.
std::string cut_to(std::string_view text, std::size_t columns);
// In lines of at most so many columns, broken at blanks; a longer word has a line of its own.
std::vector<std::string> wrapped_to(std::string_view text, std::size_t columns);
// With blanks behind it up to `columns`; what is wider stays as it is.
std::string padded_to(std::string_view text, std::size_t columns);

}  // namespace twinsky
