// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/attested_clock.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
constexpr UtcTime noon{milliseconds(1'795'314'600'000)};

bool no_network() {
  return false;
}
bool network() {
  return true;
}

TEST(attested_clock, is_set_as_the_one_inside_where_nothing_is_remembered) {
  ManualClock inside(noon);
  const AttestedClock clock(inside, no_network);
  EXPECT_TRUE(clock.is_set());
  inside.set_trust(false);
  EXPECT_FALSE(clock.is_set());
}

TEST(attested_clock, is_not_set_before_the_time_that_it_had_already) {
  ManualClock inside(noon);
  AttestedClock clock(inside, no_network);
  clock.remember(noon + 1h);
  EXPECT_FALSE(clock.is_set());
  inside.step_utc(1h);
  EXPECT_TRUE(clock.is_set());
}

TEST(attested_clock, the_network_knows_better_than_a_memory) {
  ManualClock inside(noon);
  AttestedClock clock(inside, network);
  clock.remember(noon + 1h);
  EXPECT_TRUE(clock.is_set());
  inside.set_trust(false);
  EXPECT_FALSE(clock.is_set());
}

TEST(attested_clock, a_memory_of_the_future_is_believed_for_a_day) {
  ManualClock inside(noon);
  AttestedClock clock(inside, no_network);
  clock.remember(noon + 17'520h);
  inside.advance(24h - 1ms);
  EXPECT_FALSE(clock.is_set());
  inside.advance(1ms);
  EXPECT_TRUE(clock.is_set());
}

}  // namespace
}  // namespace twinsky
