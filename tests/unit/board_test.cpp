// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/board.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
constexpr UtcTime noon{milliseconds(1'795'314'600'000)};

Sample sample_of(UtcTime time, std::vector<Reading> readings) {
  return {.time = time, .readings = std::move(readings), .facts = {}, .official = {}};
}

TEST(board, answers_neighbours_with_the_newest_good_reading) {
  Board board;
  board.put("sensor/roof", sample_of(noon, {reading(Quantity::pressure, 1004.2)}));
  board.put("sensor/attic", sample_of(noon + 1s, {reading(Quantity::pressure, 1003.9)}));
  EXPECT_EQ(board.nearby(Quantity::pressure, noon + 2s), 1003.9);
  EXPECT_EQ(board.nearby(Quantity::humidity, noon + 2s), std::nullopt);
}

TEST(board, never_answers_with_what_is_old_failed_absent_or_official) {
  Board board;
  Reading failed = reading(Quantity::pressure, 300);
  failed.flag = Flag::fail;
  board.put("sensor/broken", sample_of(noon, {failed}));
  board.put("sensor/silent", sample_of(noon, {absent(Quantity::pressure, Fault::no_response)}));
  board.put("ref/hk-hko/cheung-chau", sample_of(noon, {reading(Quantity::pressure, 1010)}));
  EXPECT_EQ(board.nearby(Quantity::pressure, noon), std::nullopt);
  board.put("sensor/roof", sample_of(noon, {reading(Quantity::pressure, 1004.2)}));
  EXPECT_EQ(board.nearby(Quantity::pressure, noon + 10min), 1004.2);
  EXPECT_EQ(board.nearby(Quantity::pressure, noon + 10min + 1ms), std::nullopt);
}

TEST(board, an_older_reading_changes_nothing_and_channels_keep_apart) {
  Board board;
  board.put("sensor/a", sample_of(noon, {reading(Quantity::temperature, 20)}));
  board.put("sensor/a", sample_of(noon - 1s, {reading(Quantity::temperature, 10)}));
  board.put("sensor/a", sample_of(noon + 1s, {reading(Quantity::temperature, 30, "indoor")}));
  ASSERT_EQ(board.latest("sensor/a").size(), 1U);
  EXPECT_EQ(board.latest("sensor/a").front().reading.value, 20);
  board.remove("sensor/a");
  EXPECT_TRUE(board.latest("sensor/a").empty());
}

}  // namespace
}  // namespace twinsky
