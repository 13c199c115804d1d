// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/shell_word.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(shell_word, is_quoted_only_where_a_shell_would_read_it_differently) {
  EXPECT_EQ(shell_word("/home/pi/twinsky.db"), "/home/pi/twinsky.db");
  EXPECT_EQ(shell_word("/home/pi/my store"), "'/home/pi/my store'");
  EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace twinsky
