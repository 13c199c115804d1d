// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/clock.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

TEST(clock, writes_and_reads_iso_8601) {
  const UtcTime time{milliseconds(1795314600123)};
  EXPECT_EQ(iso8601(time), "2026-11-22T02:30:00.123Z");
  EXPECT_EQ(parse_time("2026-11-22T02:30:00.123Z"), time);
  EXPECT_EQ(parse_time("2026-11-22T10:30:00.123+08:00"), time);
  EXPECT_EQ(parse_time("2026-11-22 10:30:00.123", 480min), time);
  EXPECT_EQ(parse_time("2026-11-22T10:30", 480min), UtcTime(milliseconds(1795314600000)));
  for (const auto* wrong : {"", "2026-11-22T10:30", "2026-02-30T00:00Z", "2026-11-22T25:00Z",
                            "2026-11-22T10:30:00Zx", "2026-11-22T10:30:00.Z", "22-11-2026"}) {
    EXPECT_EQ(parse_time(wrong), std::nullopt) << wrong;
  }
}

TEST(clock, reads_durations_with_their_unit) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2min"), 2min);
  EXPECT_EQ(parse_duration("400d"), 9600h);
  for (const auto* wrong : {"", "10", "s", "-1s", "10 s", "nan s", "1e99d", "10sec"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(duration_text(600s), "10min");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
}

TEST(clock, a_pause_ends_when_the_time_has_come_or_a_stop_is_asked_for) {
  ManualClock clock{UtcTime{}};
  std::stop_source stop;
  bool reached = false;
  std::jthread waiter([&] { reached = clock.pause_until(clock.now() + 1h, stop.get_token()); });
  clock.settle(1);
  clock.advance(1h);
  waiter.join();
  EXPECT_TRUE(reached);
  waiter = std::jthread([&] { reached = clock.pause_until(clock.now() + 1h, stop.get_token()); });
  clock.settle(1);
  stop.request_stop();
  waiter.join();
  EXPECT_FALSE(reached);
}

}  // namespace
}  // namespace twinsky
