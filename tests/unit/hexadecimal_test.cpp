// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/hexadecimal.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(hexadecimal, has_the_digits_that_are_asked_for) {
  EXPECT_EQ(hexadecimal(0x76, 2), "76");
  EXPECT_EQ(hexadecimal(0xA, 4), "000a");
  EXPECT_EQ(hexadecimal(0x123456789ABCDEF0U, 16), "123456789abcdef0");
  EXPECT_EQ(hexadecimal(0x1234, 2), "34");
  EXPECT_EQ(hexadecimal(1, 0), "");
}

TEST(hexadecimal, reads_every_digit_it_writes_and_nothing_else) {
  for (int c = 0; c < 256; ++c) {
    const char digit = static_cast<char>(c);
    const bool is_lower = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    const auto value = hexadecimal_digit(digit);
    ASSERT_EQ(value.has_value(), is_lower || (c >= 'A' && c <= 'F')) << c;
    if (is_lower) {
      EXPECT_EQ(hexadecimal(*value, 1), std::string(1, digit));
    }
  }
}

}  // namespace
}  // namespace twinsky
