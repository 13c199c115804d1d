// SPDX-License-Identifier: Apache-2.0
// Checks that need no series: times, places, twins, quantities beside each other, neighbours.
#include "gateway/checks/check_climatology.hpp"
#include "gateway/checks/check_consistency.hpp"
#include "gateway/checks/check_humidity.hpp"
#include "gateway/checks/check_location.hpp"
#include "gateway/checks/check_neighbours.hpp"
#include "gateway/checks/check_range.hpp"
#include "gateway/checks/check_time.hpp"
#include "gateway/checks/check_twin.hpp"
#include "gateway/checks/self_heating.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

TEST(check_values, bounds_of_a_range_are_inside) {
  const RangeLimits limits{.fail = Interval{0, 10}, .suspect = Interval{2, 8}};
  EXPECT_EQ(check_range(10, limits), Flag::suspect);
  EXPECT_EQ(check_range(8, limits), Flag::pass);
  EXPECT_EQ(check_range(-0.1, limits), Flag::fail);
  EXPECT_EQ(check_range({}, limits), Flag::missing);
}

TEST(check_values, aggregate_takes_a_test_that_ran_before_one_that_did_not) {
  using enum Flag;
  EXPECT_EQ(aggregate(missing, pass), pass);
  EXPECT_EQ(aggregate(not_evaluated, pass), pass);
  EXPECT_EQ(aggregate(not_evaluated, missing), not_evaluated);
  EXPECT_EQ(aggregate(suspect, pass), suspect);
  EXPECT_EQ(aggregate(suspect, fail), fail);
}

TEST(check_values, parts_of_a_date) {
  const UtcTime time = at("2021-01-03T23:59:58Z");  // a Sunday in the last ISO week of 2020
  EXPECT_EQ(value_of(Period::week, time), 53);
  EXPECT_EQ(value_of(Period::week, at("2021-01-04T00:00Z")), 1);
  EXPECT_EQ(value_of(Period::week, at("2018-12-31T00:00Z")), 1);
  EXPECT_EQ(value_of(Period::day_of_week, time), 6);
  EXPECT_EQ(value_of(Period::day_of_year, at("2020-12-31T00:00Z")), 366);
  EXPECT_EQ(value_of(Period::quarter, at("2020-10-01T00:00Z")), 4);
  EXPECT_EQ(value_of(Period::hour, time), 23);
  EXPECT_EQ(value_of(Period::second, time), 58);
}

TEST(check_values, the_last_climatology_that_holds_counts) {
  const std::vector<ClimatologyMember> members{
      {.period = Period::month, .when = {6, 9}, .suspect = {22, 36}},
      {.period = Period::month, .when = {9, 9}, .suspect = {10, 40}, .fail = Interval{0, 50}}};
  EXPECT_EQ(check_climatology({at("2026-08-01T00:00Z"), 20.0}, members), Flag::suspect);
  EXPECT_EQ(check_climatology({at("2026-09-01T00:00Z"), 20.0}, members), Flag::pass);
  EXPECT_EQ(check_climatology({at("2026-09-01T00:00Z"), 51.0}, members), Flag::fail);
  EXPECT_EQ(check_climatology({at("2026-01-01T00:00Z"), 20.0}, members), Flag::not_evaluated);
  // The members mean local time: it is September already.
  EXPECT_EQ(check_climatology({at("2026-08-31T20:00Z"), 20.0}, members, 8h), Flag::pass);
}

TEST(check_values, times) {
  const UtcTime time = at("2026-11-22T02:00Z");
  EXPECT_EQ(check_time_gap({}, time, 2h), Flag::not_evaluated);
  EXPECT_EQ(check_time_gap(time - 2h, time, 2h), Flag::pass);
  EXPECT_EQ(check_time_gap(time - 2h - 1ms, time, 2h), Flag::fail);
  EXPECT_EQ(check_reception(time, time + 6h, 6h), Flag::pass);
  EXPECT_EQ(check_reception(time, time + 6h + 1s, 6h), Flag::fail);
  EXPECT_EQ(check_reception(time, time - 1h, 6h), Flag::pass);
  EXPECT_EQ(check_date(time, time, true), Flag::pass);
  EXPECT_EQ(check_date(time + 1ms, time, true), Flag::fail);
  EXPECT_EQ(check_date(time, time, false), Flag::suspect);
  EXPECT_EQ(check_date(time, time, true, {.earliest = time + 1s, .latest = {}}), Flag::fail);
  EXPECT_EQ(check_date({}, time, true), Flag::missing);
}

TEST(check_values, places) {
  const Coordinates mong_kok{22.3226, 114.1683};
  const Coordinates pudong{31.2304, 121.5370};
  EXPECT_NEAR(metres_between(mong_kok, pudong), 1'225'000, 10'000);
  EXPECT_EQ(metres_between(mong_kok, mong_kok), 0);
  EXPECT_NEAR(metres_between({0, 0}, {0, 180}), 20'015'115, 10);
  EXPECT_EQ(check_location(90, -180), Flag::pass);
  EXPECT_EQ(check_location(90.1, 0), Flag::fail);
  EXPECT_EQ(check_location(0, 180.5), Flag::fail);
  EXPECT_EQ(check_location(22.0, {}), Flag::fail);
  EXPECT_EQ(check_location({}, {}), Flag::missing);
  EXPECT_EQ(check_location(31.2304, 121.5370, mong_kok, 1000), Flag::suspect);
  EXPECT_EQ(check_location(22.3226, 114.1684, mong_kok, 1000), Flag::pass);
}

TEST(check_values, twins_must_differ_by_much_and_by_a_large_part) {
  EXPECT_EQ(check_twin(100, 104), Flag::pass);
  EXPECT_EQ(check_twin(100, 200), Flag::pass);  // 67 %
  EXPECT_EQ(check_twin(100, 210), Flag::fail);  // 71 %
  EXPECT_EQ(check_twin(1, 5.9), Flag::pass);    // 142 %, but 4.9
  EXPECT_EQ(check_twin(1, {}), Flag::not_evaluated);
}

TEST(check_values, humidity_is_dry_humid_or_very_humid) {
  EXPECT_EQ(humidity_class(69.9), Humidity::dry);
  EXPECT_EQ(humidity_class(70), Humidity::humid);
  EXPECT_EQ(humidity_class(85), Humidity::very_humid);
  EXPECT_EQ(humidity_class({}), Humidity::unknown);
  EXPECT_TRUE(is_beyond_rating(90.1, 90));
  EXPECT_FALSE(is_beyond_rating(90, 90));
  EXPECT_FALSE(is_beyond_rating({}, 90));
}

TEST(check_values, neighbours_speak_after_three_hours) {
  const std::vector<double> stations{20, 22, 21, 30};
  EXPECT_NEAR(distance_from_neighbours(61.5, stations, 1).value(), 40 / 1.4826, 1e-9);
  EXPECT_NEAR(distance_from_neighbours(61.5, stations, 5).value(), 8, 1e-9);
  EXPECT_EQ(distance_from_neighbours(61.5, std::span(stations).first(2), 5), std::nullopt);
  using Distances = std::vector<std::optional<double>>;
  EXPECT_EQ(check_neighbours(Distances{6, 6}), Flag::pass);
  EXPECT_EQ(check_neighbours(Distances{1, 6, 6, 6}), Flag::suspect);
  EXPECT_EQ(check_neighbours(Distances{6, {}, 6, 6}), Flag::pass);
  EXPECT_EQ(check_neighbours(Distances{6, 6, {}}), Flag::not_evaluated);
  EXPECT_FALSE(regional_spread(Quantity::no2_ppb));
  EXPECT_TRUE(regional_spread(Quantity::pm2_5));
}

TEST(check_values, a_thermometer_in_its_own_warmth_is_told_by_night_and_day) {
  std::vector<TemperaturePair> hours;
  const auto fill = [&](double night, double day) {
    hours.clear();
    for (int hour = 0; hour < 5 * 24; ++hour) {
      const int local = (hour + 8) % 24;
      hours.push_back({at("2026-11-01T00:00Z") + std::chrono::hours(hour),
                       20 + (local >= 8 && local < 18 ? day : night), 20});
    }
  };
  fill(2, 4);
  const auto heating = self_heating(hours);
  ASSERT_TRUE(heating);
  EXPECT_EQ(heating->night_degc, 2);
  EXPECT_EQ(heating->day_degc, 4);
  fill(0.2, 4);  // the sun, and nothing of its own
  EXPECT_FALSE(self_heating(hours));
  fill(2, 2);
  EXPECT_FALSE(self_heating(hours));
  EXPECT_FALSE(self_heating(std::span(hours).first(48)));
}

}  // namespace
}  // namespace twinsky
