// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/columns.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(columns, a_chinese_character_takes_two_and_a_combining_mark_none) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("Mong Kok"), 8U);
  EXPECT_EQ(columns_of("旺角"), 4U);
  EXPECT_EQ(columns_of("9.4 µg/m³"), 9U);
  EXPECT_EQ(columns_of("e\u0301"), 1U);
  EXPECT_EQ(columns_of("𠮷"), 2U);
  EXPECT_EQ(columns_of("\xff\xfe"), 2U);
}

TEST(columns, text_is_cut_between_characters) {
  EXPECT_EQ(cut_to("Mong Kok", 8), "Mong Kok");
  EXPECT_EQ(cut_to("Mong Kok", 7), "Mong K…");
  EXPECT_EQ(cut_to("旺角道", 4), "旺…");  // a half of one is not shown
  EXPECT_EQ(cut_to("旺角道", 5), "旺角…");
  EXPECT_EQ(cut_to("abc", 1), "…");
  EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(columns, text_is_wrapped_between_words) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped_to("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped_to("one  two", 3), (Lines{"one", "two"}));
  EXPECT_EQ(wrapped_to("旺角 道", 4), (Lines{"旺角", "道"}));
  EXPECT_EQ(wrapped_to("a very-long-word b", 4), (Lines{"a", "very-long-word", "b"}));
  EXPECT_EQ(wrapped_to("", 4), Lines{});
}

TEST(columns, cells_of_both_scripts_stand_under_each_other) {
  EXPECT_EQ(padded_to("旺角", 6) + "|", "旺角  |");
  EXPECT_EQ(padded_to("abc", 6) + "|", "abc   |");
  EXPECT_EQ(padded_to("abcdefg", 6), "abcdefg");
}

}  // namespace
}  // namespace twinsky
