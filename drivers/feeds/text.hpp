// SPDX-License-Identifier: Apache-2.0
// What is done first with the body of any feed: size, encoding, and whether it is data at all.
#pragma once

#include "drivers/driver.hpp"

#include <string>
#include <string_view>

namespace twinsky {

// No document of these agencies comes near it (the largest, 24 hours of 18 stations, has 0.2 MB).
inline constexpr std::size_t largest_document = 4U << 20U;

// The body as UTF-8 without byte order marks; UTF-16 (by its mark) is converted. Fails with
// `too_large`, `empty`, `html` (a web page), or `grammar_changed` (no encoding of these feeds).
Result<std::string, FeedFailure> readable_text(std::string_view body);

// Without blanks, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace twinsky
