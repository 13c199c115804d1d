// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/log.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(log, a_message_is_one_line_whatever_it_quotes) {
  ::testing::internal::CaptureStderr();
  Log(LogLevel::info).error("store", "first\nsecond\r\x1b[31mthird");
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(written.ends_with("store: first second  [31mthird\n")) << written;
}

}  // namespace
}  // namespace twinsky
