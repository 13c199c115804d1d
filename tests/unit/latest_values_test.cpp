// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/latest_values.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
constexpr UtcTime noon{milliseconds(1'795'314'600'000)};
constexpr MonotonicTime start{1h};

Sample sample_of(UtcTime time, std::vector<Reading> readings) {
  return {.time = time, .readings = std::move(readings), .facts = {}, .official = {}};
}

TEST(latest_values, answers_neighbours_with_the_newest_good_reading) {
  LatestValues latest_values;
  latest_values.put("sensor/roof", sample_of(noon, {reading(Quantity::pressure, 1004.2)}), start);
  latest_values.put("sensor/attic", sample_of(noon + 1s, {reading(Quantity::pressure, 1003.9)}),
                    start + 1s);
  EXPECT_EQ(latest_values.nearby(Quantity::pressure, start + 2s), 1003.9);
  EXPECT_EQ(latest_values.nearby(Quantity::humidity, start + 2s), std::nullopt);
}

TEST(latest_values, never_answers_with_what_is_old_failed_absent_or_official) {
  LatestValues latest_values;
  Reading failed = reading(Quantity::pressure, 300);
  failed.flag = Flag::fail;
  latest_values.put("sensor/broken", sample_of(noon, {failed}), start);
  latest_values.put("sensor/silent",
                    sample_of(noon, {absent(Quantity::pressure, Fault::no_response)}), start);
  latest_values.put("ref/hk-hko/cheung-chau", sample_of(noon, {reading(Quantity::pressure, 1010)}),
                    start);
  EXPECT_EQ(latest_values.nearby(Quantity::pressure, start), std::nullopt);
  latest_values.put("sensor/roof", sample_of(noon, {reading(Quantity::pressure, 1004.2)}), start);
  EXPECT_EQ(latest_values.nearby(Quantity::pressure, start + 10min), 1004.2);
  EXPECT_EQ(latest_values.nearby(Quantity::pressure, start + 10min + 1ms), std::nullopt);
}

TEST(latest_values, an_older_reading_changes_nothing_and_channels_keep_apart) {
  LatestValues latest_values;
  latest_values.put("sensor/a", sample_of(noon, {reading(Quantity::temperature, 20)}), start);
  latest_values.put("sensor/a", sample_of(noon - 1s, {reading(Quantity::temperature, 10)}),
                    start - 1s);
  latest_values.put(
      "sensor/a", sample_of(noon + 1s, {reading(Quantity::temperature, 30, "indoor")}), start + 1s);
  ASSERT_EQ(latest_values.latest("sensor/a").size(), 1U);
  EXPECT_EQ(latest_values.latest("sensor/a").front().latest.reading.value, 20);
  latest_values.remove("sensor/a");
  EXPECT_TRUE(latest_values.latest("sensor/a").empty());
}

TEST(latest_values, what_came_later_is_newer_however_utc_was_set_between) {
  LatestValues latest_values;
  latest_values.put("sensor/a", sample_of(noon + 24h, {reading(Quantity::temperature, 20)}), start);
  latest_values.put("sensor/a", sample_of(noon, {reading(Quantity::temperature, 21)}), start + 10s);
  const auto latest = latest_values.latest("sensor/a");
  ASSERT_EQ(latest.size(), 1U);
  EXPECT_EQ(latest[0].latest.reading.value, 21);
  EXPECT_EQ(latest[0].came, start + 10s);
  EXPECT_EQ(latest_values.nearby(Quantity::temperature, start + 15s), 21);
}

TEST(latest_values, of_an_official_station_the_later_interval_is_newer_whenever_it_came) {
  LatestValues latest_values;
  const auto official = [](UtcTime end, double value) {
    Sample sample = sample_of(end, {reading(Quantity::no2, value)});
    sample.official.emplace();
    return sample;
  };
  latest_values.put("ref/hk-epd/mong-kok", official(noon, 40), start);
  latest_values.put("ref/hk-epd/mong-kok", official(noon - 1h, 35), start + 10s);  // a revision
  const auto latest = latest_values.latest("ref/hk-epd/mong-kok");
  ASSERT_EQ(latest.size(), 1U);
  EXPECT_EQ(latest[0].latest.reading.value, 40);
}

}  // namespace
}  // namespace twinsky
