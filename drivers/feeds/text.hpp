// SPDX-License-Identifier: Apache-2.0
// What is done first with the body of any feed: size, encoding, and whether it is data at all.
#pragma once

#include "drivers/driver.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// No document of these agencies comes near it (the largest, 24 hours of 18 stations, has 0.2 MB).
inline constexpr std::size_t largest_document = 4U << 20U;

// The body as UTF-8, whatever encoding it comes in; one that had to be inferred is a problem to
// tell. Fails with `too_large`, `empty`, `html` (a web page), or as as_utf8() does.
Result<std::string, FeedFailure> readable_text(std::string_view body,
                                               std::vector<std::string>& problems);

// Without blanks, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text) noexcept;
// With A to Z in lower case.
std::string lower_case(std::string_view text);
// With the full-width forms of ASCII ("２１：００") in their plain form.
std::string narrowed(std::string_view text);

}  // namespace twinsky
