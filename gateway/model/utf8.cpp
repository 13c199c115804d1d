// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/utf8.hpp"

namespace twinsky {
namespace {

unsigned octet(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

// What the first byte announces; 0: no character begins so.
std::size_t announced_length(unsigned first) noexcept {
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// May the byte at `at` stand in a character that begins as `text` does?
bool fits(std::string_view text, std::size_t at) noexcept {
  if (!continues_character(text[at])) return false;
  if (at > 1) return true;
  const unsigned first = octet(text, 0);
  const unsigned second = octet(text, 1);
  const bool is_shortest = !(first == 0xE0 && second < 0xA0) && !(first == 0xF0 && second < 0x90);
  const bool is_point = !(first == 0xED && second > 0x9F) && !(first == 0xF4 && second > 0x8F);
  return is_shortest && is_point;
}

// How many bytes of an announced character stand there.
std::size_t good_bytes(std::string_view text, std::size_t announced) noexcept {
  std::size_t good = 1;
  while (good < announced && good < text.size() && fits(text, good)) ++good;
  return good;
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const std::size_t announced = announced_length(octet(text, 0));
  return announced > 1 && good_bytes(text, announced) < announced ? 0 : announced;
}

bool ends_within_character(std::string_view text) noexcept {
  if (text.empty()) return false;
  const std::size_t announced = announced_length(octet(text, 0));
  return text.size() < announced && good_bytes(text, announced) == text.size();
}

}  // namespace twinsky
