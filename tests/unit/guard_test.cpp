// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/guard.hpp"

#include "gateway/model/invariant.hpp"

#include <gtest/gtest.h>
#include <new>
#include <stdexcept>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

class GuardTest : public testing::Test {
 protected:
  bool fail() {
    return guard_.turn([] { throw std::runtime_error("out of order"); });
  }
  bool go() {
    return guard_.turn([] {});
  }

  ManualClock clock_{UtcTime{}};
  Log log_{LogLevel::error};
  Guard guard_{"hours", clock_, log_};
};

TEST_F(GuardTest, WhatIsThrownIsCountedAndNotPassedOn) {
  EXPECT_TRUE(go());
  EXPECT_EQ(guard_.status().exceptions, 0U);
  EXPECT_FALSE(fail());
  EXPECT_FALSE(guard_.turn([] { throw std::bad_alloc(); }));
  EXPECT_FALSE(guard_.turn([] { throw 7; }));
  EXPECT_EQ(guard_.status().exceptions, 3U);
  EXPECT_EQ(guard_.status().problem, "something that is no std::exception");
}

TEST_F(GuardTest, ThePauseGrowsWhileItFailsUpToAMinute) {
  fail();
  EXPECT_EQ(guard_.pause_length(), 1s);
  fail();
  EXPECT_EQ(guard_.pause_length(), 2s);
  for (int time = 0; time < 10; ++time) fail();
  EXPECT_EQ(guard_.pause_length(), 1min);
}

TEST_F(GuardTest, OneGoodTurnBetweenFailuresIsNoRecovery) {
  testing::internal::CaptureStderr();
  for (int time = 0; time < 5; ++time) {
    fail();
    go();
    clock_.advance(1s);
  }
  EXPECT_EQ(guard_.status().problem, "out of order");
  EXPECT_EQ(guard_.pause_length(), 16s);
  const std::string said = testing::internal::GetCapturedStderr();
  const auto first = said.find("out of order");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("out of order", first + 1), std::string::npos) << said;

  clock_.advance(2min);
  go();
  EXPECT_EQ(guard_.status().problem, "");
  EXPECT_EQ(guard_.status().exceptions, 5U);
  EXPECT_EQ(guard_.pause_length(), 0s);
}

TEST_F(GuardTest, AStopEndsThePause) {
  for (int time = 0; time < 10; ++time) fail();
  std::stop_source stop;
  std::jthread asker([&] {
    clock_.settle(1);
    stop.request_stop();
  });
  EXPECT_FALSE(guard_.pause(stop.get_token()));
}

TEST_F(GuardTest, ThePauseEndsByItself) {
  fail();
  std::jthread time([&] {
    clock_.settle(1);
    clock_.advance(1s);
  });
  EXPECT_TRUE(guard_.pause({}));
}

// What at() throws of a stranger's bytes is not our defect.
TEST_F(GuardTest, OnlyABrokenInvariantEndsTheProcess) {
  EXPECT_FALSE(guard_.turn([] { throw std::out_of_range("vector::at"); }));
  EXPECT_FALSE(guard_.turn([] { throw std::logic_error("of somebody else"); }));
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(guard_.turn([] { throw BrokenInvariant("a stream that was never made"); }),
               "hours: this program is wrong: a stream that was never made");
}

}  // namespace
}  // namespace twinsky
