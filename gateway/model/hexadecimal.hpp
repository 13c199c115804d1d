// SPDX-License-Identifier: Apache-2.0
// Numbers in hexadecimal digits, lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace twinsky {

// The last `digits` digits of `number`, with zeros before it where it has fewer.
void append_hexadecimal(std::string& text, std::uint64_t number, unsigned digits);
[[nodiscard]] std::string hexadecimal(std::uint64_t number, unsigned digits);

// What a digit stands for, in either case; nullopt: it is none.
[[nodiscard]] constexpr std::optional<unsigned> hexadecimal_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace twinsky
