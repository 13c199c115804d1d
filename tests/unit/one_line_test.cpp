// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/one_line.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(one_line, nothing_begins_another_line_or_speaks_to_a_terminal) {
  EXPECT_EQ(one_line("a\nb\r\tc\x7f\x1b[2J"), "a b  c  [2J");
  EXPECT_EQ(one_line("a\xC2\x85"
                     "b\xC2\x9B"
                     "c\xE2\x80\xA8"
                     "d\xE2\x80\xA9"
                     "e"),
            "a b c d e");
  EXPECT_EQ(one_line("a\xE2\x80\xAE"
                     "b\xE2\x81\xA6"
                     "c"),
            "a b c");
  EXPECT_EQ(one_line(std::string_view("a\0b", 3)), "a b");
}

TEST(one_line, text_of_all_languages_stays_as_it_is) {
  const std::string text = "µg/m³ 旺角 … “so” e\xCC\x81 \xE2\x80\xA7\xE2\x80\xAF";
  EXPECT_EQ(one_line(text), text);
  EXPECT_EQ(one_line("\xE2\x80"), "\xE2\x80");  // cut within a character
}

}  // namespace
}  // namespace twinsky
