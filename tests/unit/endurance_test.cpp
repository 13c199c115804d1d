// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/endurance.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

TEST(endurance, is_reckoned_from_the_rows_that_come_and_the_room_that_they_take) {
  Endurance endurance;
  const MonotonicTime begun{};
  const Endurance::Room room{.rows = 10'000, .size_bytes = 2'000'000, .limit_bytes = 200'000'000};
  EXPECT_FALSE(endurance.days(room));
  endurance.note(begun, 1000);
  endurance.note(begun + 9min, 1540);
  EXPECT_FALSE(endurance.days(room));  // too early to tell
  for (int minute = 10; minute <= 600; ++minute)
    endurance.note(begun + minute * 1min, 1000 + minute * 60);
  // A million rows fit; one a second are 86 400 a day.
  EXPECT_EQ(endurance.days(room), 11.5);
  EXPECT_EQ(endurance.days({10'000, 2'000'000, 200'000'000, 500'000}), 5.7);
  EXPECT_EQ(endurance.days({1'000'000, 200'000'000, 200'000'000, 1'000'000}), 0.0);
  EXPECT_FALSE(endurance.days({10, 2'000'000, 200'000'000, 0}));
}

TEST(endurance, the_newest_day_counts) {
  Endurance endurance;
  const MonotonicTime begun{};
  RowId row = 0;
  for (int minute = 0; minute <= 3 * 1440; ++minute) {
    row += minute < 2 * 1440 ? 6000 : 60;  // since yesterday a hundredth
    endurance.note(begun + minute * 1min, row);
  }
  EXPECT_NEAR(endurance.days({10'000, 2'000'000, 200'000'000, 0}).value_or(0), 11.5, 0.1);
  // Nothing comes: nobody can say how long that goes well.
  Endurance silent;
  silent.note(begun, 7);
  silent.note(begun + 1h, 7);
  EXPECT_FALSE(silent.days({10'000, 2'000'000, 200'000'000, 0}));
}

}  // namespace
}  // namespace twinsky
