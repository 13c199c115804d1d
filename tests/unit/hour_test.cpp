// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/hour.hpp"

#include "gateway/model/zone.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime start{milliseconds(1795312800000)};  // 2026-11-22T02:00Z

Reading flagged(Quantity quantity, std::optional<double> value, Flag flag = Flag::pass) {
  Reading made;
  made.quantity = quantity;
  made.value = value;
  made.flag = flag;
  return made;
}

Hour hour_of_values(Quantity quantity, const std::vector<double>& values,
                    std::int64_t expected = 60) {
  HourBuilder builder;
  for (std::size_t n = 0; n < values.size(); ++n) {
    const Reading one = flagged(quantity, values[n]);
    builder.add(start + static_cast<int>(n) * 1min, {&one, 1});
  }
  return builder.finish(expected).at(0).hour;
}

TEST(hour, has_as_many_samples_as_its_pace_says) {
  EXPECT_EQ(expected_count(10s), 360);
  EXPECT_EQ(expected_count(1h), 1);
  EXPECT_EQ(expected_count(7s), 515);
  EXPECT_EQ(expected_count(2h), 1);
  EXPECT_EQ(expected_count(0s), 0);
  EXPECT_TRUE(is_valid_hour(387, 515));
  EXPECT_FALSE(is_valid_hour(386, 515));
  EXPECT_FALSE(is_valid_hour(0, 0));
}

TEST(hour, is_a_mean_with_its_extremes_and_spread) {
  const Hour hour = hour_of_values(Quantity::pm2_5, {1, 2, 3, 4, 10.5}, 6);
  EXPECT_DOUBLE_EQ(hour.value.value(), 4.1);
  EXPECT_EQ(hour.minimum, 1);
  EXPECT_EQ(hour.maximum, 10.5);
  EXPECT_NEAR(hour.deviation.value(), 3.7483329627982624, 1e-12);
  EXPECT_EQ(hour.used, 5);
  EXPECT_TRUE(hour.is_valid());
}

TEST(hour, counts_by_flag_and_uses_what_did_not_fail) {
  for (const bool use_suspect : {false, true}) {
    HourBuilder builder({.use_suspect = use_suspect});
    const auto add = [&](std::optional<double> value, Flag flag) {
      const Reading one = flagged(Quantity::pm2_5, value, flag);
      builder.add(start, {&one, 1});
    };
    add(10, Flag::pass);
    add(20, Flag::not_evaluated);
    add(60, Flag::suspect);
    add(999, Flag::fail);
    add({}, Flag::missing);
    const Hour hour = builder.finish(4).at(0).hour;
    EXPECT_EQ(hour.counts, (HourCounts{1, 1, 1, 1, 1}));
    EXPECT_DOUBLE_EQ(hour.value.value(), use_suspect ? 30 : 15);
    EXPECT_EQ(hour.is_valid(), use_suspect);
  }
}

TEST(hour, of_nothing_usable_has_no_numbers) {
  HourBuilder builder;
  const Reading one = flagged(Quantity::pm2_5, {}, Flag::missing);
  builder.add(start, {&one, 1});
  const Hour hour = builder.finish(1).at(0).hour;
  EXPECT_FALSE(hour.value);
  EXPECT_FALSE(hour.is_valid());
  EXPECT_TRUE(HourBuilder().finish(1).empty());
}

TEST(hour, is_made_as_the_quantity_is_averaged) {
  EXPECT_DOUBLE_EQ(hour_of_values(Quantity::rain, {0.2, 0, 0.4}).value.value(), 0.6);
  EXPECT_EQ(hour_of_values(Quantity::rain_total, {10.2, 10.4, 11}).value, 11);
  EXPECT_EQ(hour_of_values(Quantity::wind_gust, {3, 9, 5}).value, 9);
  // Half of the time 60 dB and half of it 50: the energy's mean.
  EXPECT_NEAR(hour_of_values(Quantity::noise, {60, 50}).value.value(),
              10 * std::log10((1e6 + 1e5) / 2), 1e-9);
  EXPECT_NEAR(hour_of_values(Quantity::noise, {160, 20}).value.value(), 160 - 10 * std::log10(2),
              1e-9);
  HourBuilder builder;
  const Reading official = flagged(Quantity::aqhi, 4);
  builder.add(start, {&official, 1});
  EXPECT_TRUE(builder.finish(1).empty());
}

TEST(hour, of_wind_is_a_vector_where_there_are_speeds) {
  HourBuilder builder;
  const std::vector<std::pair<double, double>> wind{{350, 1}, {355, 2}, {0, 3}, {5, 4}};
  for (const auto& [direction, speed] : wind) {
    const std::vector<Reading> sample{flagged(Quantity::wind_dir, direction),
                                      flagged(Quantity::wind_speed, speed)};
    builder.add(start, sample);
  }
  const auto parts = builder.finish(4);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].hour.value, 2.5);
  const Hour& direction = parts[1].hour;
  EXPECT_NEAR(direction.value.value(), 0.003815, 1e-6);
  EXPECT_NEAR(direction.u.value(), -0.000166, 1e-6);
  EXPECT_NEAR(direction.v.value(), -2.490494, 1e-6);
  EXPECT_NEAR(direction.deviation.value(), 5.589548, 1e-3);
}

TEST(hour, of_calm_is_measured_though_it_has_no_direction) {
  HourBuilder builder;
  for (int n = 0; n < 4; ++n) {
    const std::vector<Reading> sample{
        flagged(Quantity::wind_dir, n == 0 ? std::optional(90.0) : std::nullopt,
                n == 0 ? Flag::pass : Flag::missing),
        flagged(Quantity::wind_speed, n == 0 ? 1.0 : 0.0)};
    builder.add(start, sample);
  }
  const Hour direction = builder.finish(4).at(1).hour;
  EXPECT_EQ(direction.used, 4);
  EXPECT_TRUE(direction.is_valid());
  EXPECT_NEAR(direction.value.value(), 90, 1e-9);
}

TEST(hour, is_the_same_to_the_last_bit_in_whatever_order_its_samples_came) {
  std::mt19937 random(7);
  std::vector<std::pair<UtcTime, std::vector<Reading>>> samples;
  for (int n = 0; n < 360; ++n) {
    samples.push_back(
        {start + n * 10s,
         {flagged(Quantity::pressure, 1000 + static_cast<double>(random() % 10'000) / 100),
          flagged(Quantity::wind_dir, static_cast<double>(random() % 3600) / 10),
          flagged(Quantity::wind_speed, static_cast<double>(random() % 100) / 10),
          flagged(Quantity::rain_total, n / 10),
          flagged(Quantity::noise, static_cast<double>(random() % 1000) / 10)}});
  }
  const auto built = [&] {
    HourBuilder builder;
    for (const auto& [time, readings] : samples) builder.add(time, readings);
    return builder.finish(360);
  };
  const auto first = built();
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(samples, random);
    const auto again = built();
    ASSERT_EQ(again.size(), first.size());
    for (std::size_t n = 0; n < first.size(); ++n) EXPECT_EQ(again[n].hour, first[n].hour);
  }
}

TEST(hour, loses_nothing_to_cancellation) {
  // Pressure in Pa that moves by a tenth: sums of squares as doubles would say anything.
  std::vector<double> values;
  for (int n = 0; n < 1000; ++n) values.push_back(n % 2 == 0 ? 1e8 : 1e8 + 0.1);
  EXPECT_NEAR(hour_of_values(Quantity::gas_resistance, values).deviation.value(),
              0.05 * std::sqrt(1000.0 / 999), 1e-9);
}

TEST(hour, eight_hours_need_six) {
  std::vector<std::optional<double>> hours(10, 10.0);
  hours[2] = hours[3] = std::nullopt;
  hours[9] = 18;
  const auto means = rolling_8h(hours);
  ASSERT_EQ(means.size(), hours.size());
  EXPECT_FALSE(means[6]);  // five of seven
  EXPECT_EQ(means[7], 10.0);
  EXPECT_DOUBLE_EQ(means[9].value(), 68.0 / 6);
}

TEST(hour, a_days_eight_hour_maximum_needs_fourteen_means) {
  std::vector<std::optional<double>> day(24, 50.0);
  for (std::size_t hour = 12; hour < 20; ++hour) day[hour] = 130;
  EXPECT_EQ(daily_maximum_8h(day), 130.0);
  // The first mean that counts ends at 08:00.
  for (std::size_t hour = 0; hour < 8; ++hour) day[hour] = 200;
  EXPECT_EQ(daily_maximum_8h(day), 200.0);
  for (std::size_t hour = 10; hour < 16; ++hour) day[hour] = std::nullopt;
  EXPECT_FALSE(daily_maximum_8h(day));
  EXPECT_EQ(daily_maximum_8h(day, 160), 200.0);  // above the limit whatever is missing
  EXPECT_FALSE(daily_maximum_8h(day, 210));
  EXPECT_FALSE(daily_maximum_8h(std::span(day).first(23)));
}

TEST(hour, a_day_is_local_and_needs_as_many_hours_as_its_standard_says) {
  using std::chrono::year;
  EXPECT_EQ(Zone().day_of(parse_time("2026-11-22T15:59Z").value()),
            std::chrono::sys_days(year(2026) / 11 / 22));
  EXPECT_EQ(Zone().day_of(parse_time("2026-11-22T16:00Z").value()),
            std::chrono::sys_days(year(2026) / 11 / 23));
  std::vector<std::optional<double>> day(24, 10.0);
  for (std::size_t hour = 0; hour < 5; ++hour) day[hour] = std::nullopt;
  EXPECT_EQ(mean_of(day, hours_of_a_day_epa), 10.0);
  EXPECT_FALSE(mean_of(day, hours_of_a_day_gb));
}

}  // namespace
}  // namespace twinsky
