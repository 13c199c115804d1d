// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/columns.hpp"

#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// East Asian Width W and F, as terminals draw them.
constexpr std::array<Range, 15> wide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF},
                                      {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1F64F},
                                      {0x1F900, 0x1F9FF},
                                      {0x20000, 0x2FFFD},
                                      {0x30000, 0x3FFFD}}};
constexpr std::array<Range, 4> without_width{
    {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <std::size_t size>
bool is_in(const std::array<Range, size>& ranges, char32_t character) noexcept {
  return std::ranges::any_of(ranges, [character](const Range& range) {
    return range.first <= character && character <= range.last;
  });
}

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// The one at the front of text that is not empty.
Character first_of(std::string_view text) noexcept {
  const std::size_t length = utf8_sequence_length(text);
  if (length <= 1) return {};
  constexpr std::array<unsigned, 5> masks{0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t character = static_cast<unsigned char>(text[0]) & masks[length];
  for (std::size_t at = 1; at < length; ++at) {
    character = (character << 6U) | (static_cast<unsigned char>(text[at]) & 0x3FU);
  }
  if (is_in(without_width, character)) return {length, 0};
  return {length, is_in(wide, character) ? 2U : 1U};
}

}  // namespace

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character first = first_of(text);
    columns += first.columns;
    text.remove_prefix(first.bytes);
  }
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t bytes = 0;
  for (std::size_t used = 0; bytes < text.size();) {
    const Character first = first_of(text.substr(bytes));
    if (used + first.columns > columns - 1) break;
    used += first.columns;
    bytes += first.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::vector<std::string> wrapped_to(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const bool fits = !lines.empty() && columns_of(lines.back()) + 1 + columns_of(word) <= columns;
    if (fits) {
      lines.back().append(" ").append(word);
    } else if (!word.empty()) {
      lines.emplace_back(word);
    }
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return lines;
}

std::string padded_to(std::string_view text, std::size_t columns) {
  const std::size_t taken = columns_of(text);
  return std::string(text) + std::string(columns > taken ? columns - taken : 0, ' ');
}

}  // namespace twinsky
