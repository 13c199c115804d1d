// SPDX-License-Identifier: Apache-2.0
// Means of eight hours and of days: which pollutant has which, and when they count.
#include "gateway/hours/longer_means.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime midnight{milliseconds(1795276800000)};  // 2026-11-22T00:00+08:00

// Hour n of the day has the value n.
ValidHours hours_of_day(int from, int to) {
  ValidHours hours;
  for (int hour = from; hour < to; ++hour) hours[midnight + hour * 1h] = hour;
  return hours;
}

LongerMeans at(Quantity quantity, int hour, const ValidHours& hours,
               std::string_view jurisdiction = "hk") {
  return longer_means(quantity, midnight + hour * 1h, hours, day_standard_of(jurisdiction));
}

TEST(longer_means, are_of_what_standards_limit) {
  const ValidHours hours = hours_of_day(0, 24);
  const auto kinds = [&](Quantity quantity) {
    const LongerMeans made = at(quantity, 23, hours);
    EXPECT_EQ(has_longer_means(quantity), made.eight_hours || made.day);
    return std::pair(made.eight_hours.has_value(), made.day.has_value());
  };
  EXPECT_EQ(kinds(Quantity::o3_ppb), std::pair(true, true));
  EXPECT_EQ(kinds(Quantity::co_ppm), std::pair(true, true));
  EXPECT_EQ(kinds(Quantity::pm2_5), std::pair(false, true));
  EXPECT_EQ(kinds(Quantity::no2_ppb), std::pair(false, true));
  EXPECT_EQ(kinds(Quantity::temperature), std::pair(false, false));
  EXPECT_TRUE(at(Quantity::o3_ppb, 23, hours).day->is_maximum_8h);
  EXPECT_FALSE(at(Quantity::co_ppm, 23, hours).day->is_maximum_8h);
}

TEST(longer_means, eight_hours_need_six_and_reach_over_midnight) {
  const auto eight = [](int hour, const ValidHours& hours) {
    return at(Quantity::co_ppm, hour, hours).eight_hours.value();
  };
  EXPECT_EQ(eight(10, hours_of_day(0, 24)).mean, 6.5);  // 3 to 10
  EXPECT_EQ(eight(10, hours_of_day(5, 24)).mean, 7.5);
  EXPECT_EQ(eight(10, hours_of_day(5, 24)).hours, 6);
  EXPECT_FALSE(eight(10, hours_of_day(6, 24)).mean);
  EXPECT_EQ(eight(10, hours_of_day(6, 24)).hours, 5);
  EXPECT_EQ(eight(1, hours_of_day(-12, 24)).mean, -2.5);  // -6 to 1
}

TEST(longer_means, a_day_is_local_and_counts_with_the_hours_that_its_standard_asks) {
  const auto day = [](int hour, const ValidHours& hours, std::string_view jurisdiction = "hk") {
    return at(Quantity::pm2_5, hour, hours, jurisdiction).day.value();
  };
  const LongerMeans::Day whole = day(23, hours_of_day(-12, 30));
  EXPECT_EQ(whole.value, 11.5);
  EXPECT_EQ(whole.hours, 24);
  EXPECT_EQ(whole.date, std::chrono::sys_days(std::chrono::year(2026) / 11 / 22));
  EXPECT_EQ(day(24, hours_of_day(0, 30)).date, whole.date + std::chrono::days(1));
  // As of an hour in between: nothing that is still to come.
  EXPECT_EQ(day(17, hours_of_day(0, 24)).hours, 18);
  EXPECT_EQ(day(17, hours_of_day(0, 24)).value, 8.5);
  EXPECT_FALSE(day(16, hours_of_day(0, 24)).value);
  EXPECT_FALSE(day(18, hours_of_day(0, 24), "cn-sh").value);
  EXPECT_EQ(day(19, hours_of_day(0, 24), "cn-sh").value, 9.5);
}

TEST(longer_means, ozone_has_a_daily_maximum_of_eight_hours) {
  const auto day = [](int hour, const ValidHours& hours, std::string_view jurisdiction = "hk") {
    return at(Quantity::o3_ppb, hour, hours, jurisdiction).day.value();
  };
  EXPECT_EQ(day(23, hours_of_day(0, 24)).value, 19.5);  // 16 to 23
  EXPECT_FALSE(day(15, hours_of_day(0, 24)).value);
  ValidHours few;  // the morning was lost
  for (int hour = 14; hour < 24; ++hour) few[midnight + hour * 1h] = 81;
  EXPECT_FALSE(day(23, few, "cn-sh").value);
  for (auto& [hour, value] : few) value = 82;  // 160 ug/m3 are 81.6 ppb
  EXPECT_EQ(day(23, few, "cn-sh").value, 82.0);
  EXPECT_FALSE(day(23, few, "hk").value);
}

TEST(longer_means, reach_from_the_first_hour_they_look_at_to_the_last_that_looks_at_one) {
  EXPECT_EQ(first_hour_for(midnight + 3h, {}), midnight - 4h);
  EXPECT_EQ(first_hour_for(midnight + 20h, {}), midnight);
  EXPECT_EQ(last_hour_of(midnight + 3h, {}), midnight + 23h);
  EXPECT_EQ(last_hour_of(midnight + 20h, {}), midnight + 27h);
}

TEST(longer_means, a_day_is_the_zones_with_23_24_or_25_hours) {
  const auto day_of = [](std::string_view zone, std::string_view start) {
    return day_of_hours(parse_time(start).value(), Zone::named(zone).value());
  };
  const auto in_june = day_of("Europe/London", "2026-06-30T23:00Z");
  EXPECT_EQ(in_june.date, std::chrono::sys_days(2026y / 7 / 1));
  EXPECT_EQ(in_june.first, parse_time("2026-06-30T23:00Z"));
  EXPECT_EQ(in_june.hours, 24);
  EXPECT_EQ(day_of("Europe/London", "2026-03-29T12:00Z").hours, 23);
  EXPECT_EQ(day_of("Europe/London", "2026-10-25T12:00Z").hours, 25);
  // Hours of UTC begin at a quarter to: the day has those that begin in it.
  const auto kathmandu = day_of("Asia/Kathmandu", "2026-01-01T00:00Z");
  EXPECT_EQ(kathmandu.first, parse_time("2025-12-31T19:00Z"));
  EXPECT_EQ(kathmandu.hours, 24);
  EXPECT_EQ(day_of("Asia/Kathmandu", "2025-12-31T18:00Z").date,
            std::chrono::sys_days(2025y / 12 / 31));

  ValidHours hours;
  const UtcTime begin = parse_time("2026-10-24T23:00Z").value();  // midnight in London
  for (int hour = 0; hour < 25; ++hour) hours[begin + hour * 1h] = hour;
  const DayStandard standard{.zone = Zone::named("Europe/London").value()};
  const auto last = longer_means(Quantity::pm2_5, begin + 24h, hours, standard);
  EXPECT_EQ(last.day->hours, 25);
  EXPECT_EQ(last.day->value, 12.0);
  EXPECT_EQ(longer_means(Quantity::o3_ppb, begin + 24h, hours, standard).day->value, 20.5);
}

}  // namespace
}  // namespace twinsky
