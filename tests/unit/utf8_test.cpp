// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/utf8.hpp"

#include <gtest/gtest.h>
#include <string>

namespace twinsky {
namespace {

std::string utf8_of(unsigned point) {
  const auto byte = [](unsigned bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000) {
    return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)),
            byte(0x80 | (point & 0x3F))};
  }
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)),
          byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
}

TEST(utf8, every_character_has_its_length_and_is_known_by_its_beginning) {
  for (unsigned point = 0; point <= 0x10FFFF; ++point) {
    const std::string text = utf8_of(point);
    const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(utf8_sequence_length(text), is_surrogate ? 0U : text.size()) << point;
    ASSERT_EQ(utf8_sequence_length(text + "x"), is_surrogate ? 0U : text.size()) << point;
    ASSERT_FALSE(ends_within_character(text)) << point;
    for (std::size_t length = 1; length < text.size(); ++length) {
      const bool is_known_to_be_wrong = is_surrogate && length > 1;
      ASSERT_EQ(utf8_sequence_length(text.substr(0, length)), 0U) << point;
      ASSERT_EQ(ends_within_character(text.substr(0, length)), !is_known_to_be_wrong) << point;
    }
  }
}

// The edges of what RFC 3629, section 4, allows.
TEST(utf8, what_is_longer_than_needed_or_beyond_the_last_character_is_none) {
  for (const std::string text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "\xE4\xB8x", "\xC3x"}) {
    EXPECT_EQ(utf8_sequence_length(text), 0U) << text;
    EXPECT_FALSE(ends_within_character(text)) << text;
  }
  EXPECT_EQ(utf8_sequence_length(""), 0U);
  EXPECT_FALSE(ends_within_character(""));
}

}  // namespace
}  // namespace twinsky
