// SPDX-License-Identifier: Apache-2.0
// Bytes as devices form them: big-endian words and the checks of Sensirion and Modbus. Written
// apart from the product's own, so that a fault there cannot hide itself.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace world {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

inline std::uint8_t high_byte(unsigned word) {
  return static_cast<std::uint8_t>(word >> 8 & 0xFF);
}
inline std::uint8_t low_byte(unsigned word) {
  return static_cast<std::uint8_t>(word & 0xFF);
}

inline void put_word(Bytes& bytes, unsigned word) {
  bytes.push_back(high_byte(word));
  bytes.push_back(low_byte(word));
}

inline unsigned word_at(ByteSpan bytes, std::size_t index) {
  return static_cast<unsigned>(bytes[index]) << 8 | bytes[index + 1];
}

// A device rounds what it measured to its own steps and stops at the ends of its word.
inline unsigned rounded_word(double value, unsigned limit = 0xFFFF) {
  if (!(value > 0)) return 0;
  return value >= limit ? limit : static_cast<unsigned>(std::lround(value));
}

// Polynomial 0x31, start 0xFF, highest bit first (Sensirion).
inline std::uint8_t sensirion_check(ByteSpan bytes) {
  unsigned check = 0xFF;
  for (const auto byte : bytes) {
    check ^= byte;
    for (int bit = 0; bit < 8; ++bit) check = (check & 0x80) != 0 ? check << 1 ^ 0x131 : check << 1;
  }
  return low_byte(check);
}

// A Sensirion word: two bytes and their check.
inline void put_checked_word(Bytes& bytes, unsigned word) {
  put_word(bytes, word);
  bytes.push_back(sensirion_check(ByteSpan{bytes}.last(2)));
}

// Polynomial 0xA001 reflected, start 0xFFFF (Modbus); its low byte goes first on the wire.
inline unsigned modbus_check(ByteSpan bytes) {
  unsigned check = 0xFFFF;
  for (const auto byte : bytes) {
    check ^= byte;
    for (int bit = 0; bit < 8; ++bit) check = (check & 1) != 0 ? check >> 1 ^ 0xA001 : check >> 1;
  }
  return check;
}

}  // namespace world
