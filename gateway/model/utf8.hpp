// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 has it: overlong forms, surrogates and what lies above U+10FFFF are no
// characters.
#pragma once

#include <cstddef>
#include <string_view>

namespace twinsky {

// Bytes of the character at the front of `text`; 0 when there is none.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text) noexcept;

// Whether `text` ends within the character that it begins with, all of it so far being right.
[[nodiscard]] bool ends_within_character(std::string_view text) noexcept;

// Of a character's bytes, is this one after the first?
[[nodiscard]] constexpr bool continues_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace twinsky
