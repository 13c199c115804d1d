// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/zone.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}
Zone zone(std::string_view name) {
  return Zone::named(name).value();
}
std::string start_of(std::string_view name, std::chrono::year_month_day day) {
  return iso8601(zone(name).start_of(day)).substr(0, 16);
}

TEST(zone, both_cities_need_no_database) {
  const Zone cities;
  EXPECT_EQ(cities.offset_at(at("2026-07-01T00:00Z")), 8h);
  EXPECT_EQ(cities.day_of(at("2026-11-22T16:00Z")), 2026y / 11 / 23);
  EXPECT_EQ(cities.title(), "UTC+8");
}

TEST(zone, utc_needs_no_database) {
  const Zone utc = zone("UTC");
  EXPECT_EQ(utc.offset_at(at("2026-07-01T00:00Z")), 0s);
  EXPECT_EQ(utc.day_of(at("2026-11-22T16:00Z")), 2026y / 11 / 22);
  EXPECT_EQ(utc.utc_of(std::chrono::local_days(2026y / 11 / 22)), at("2026-11-22T00:00Z"));
  EXPECT_EQ(utc.title(), "UTC");
}

TEST(zone, a_day_begins_where_the_zone_says) {
  EXPECT_EQ(start_of("Europe/London", 2026y / 7 / 1), "2026-06-30T23:00");
  EXPECT_EQ(start_of("Europe/London", 2026y / 12 / 1), "2026-12-01T00:00");
  EXPECT_EQ(start_of("Asia/Kathmandu", 2026y / 1 / 1), "2025-12-31T18:15");
  EXPECT_EQ(start_of("America/Los_Angeles", 2026y / 1 / 1), "2026-01-01T08:00");
  EXPECT_EQ(start_of("UTC", 2026y / 1 / 1), "2026-01-01T00:00");
  // Chile's clocks went from 23:59:59 to 01:00: the day has no midnight.
  EXPECT_EQ(start_of("America/Santiago", 2025y / 9 / 7), "2025-09-07T04:00");
  EXPECT_EQ(zone("Asia/Kolkata").time_of_day(at("2026-01-01T00:00Z")), 5h + 30min);
}

TEST(zone, days_of_a_change_have_23_and_25_hours) {
  const Zone berlin = zone("Europe/Berlin");
  const auto length = [&](std::chrono::sys_days day) {
    return berlin.start_of(day + std::chrono::days(1)) - berlin.start_of(day);
  };
  EXPECT_EQ(length(2026y / 3 / 29), 23h);
  EXPECT_EQ(length(2026y / 10 / 25), 25h);
  EXPECT_EQ(length(2026y / 10 / 26), 24h);
}

TEST(zone, local_times_are_read) {
  const Zone london = zone("Europe/London");
  const auto read = [&](std::string_view text) {
    const auto time = parse_local_time(text, london, at("2026-07-01T23:30Z"));
    return time ? iso8601(*time).substr(0, 16) : "none";
  };
  EXPECT_EQ(read("2026-07-01T10:30"), "2026-07-01T09:30");
  EXPECT_EQ(read("2026-12-01T10:30"), "2026-12-01T10:30");
  EXPECT_EQ(read("2026-07-01T10:30+08:00"), "2026-07-01T02:30");
  EXPECT_EQ(read("2026-07-01"), "2026-06-30T23:00");
  EXPECT_EQ(read("10:30"), "2026-07-02T09:30");             // of today, and it is tomorrow there
  EXPECT_EQ(read("2026-10-25T01:30"), "2026-10-25T00:30");  // comes twice: the first
  EXPECT_EQ(read("2026-03-29T01:30"), "2026-03-29T01:00");  // never comes: the gap's end
  EXPECT_EQ(read("soon"), "none");
  EXPECT_EQ(parse_local_time("10:30", london), std::nullopt);
}

TEST(zone, a_name_that_nobody_has_is_told) {
  EXPECT_FALSE(Zone::named("Europe/Londn"));
  EXPECT_FALSE(Zone::named(""));
  const auto names = zone_names();
  EXPECT_NE(std::ranges::find(names, "Europe/London"), names.end());
}

TEST(zone, threads_share_it) {
  std::vector<std::jthread> threads;
  std::array<std::chrono::seconds, 4> offsets{};
  for (auto& offset : offsets) {
    threads.emplace_back(
        [&offset] { offset = zone("Asia/Tokyo").offset_at(at("2026-01-01T00:00Z")); });
  }
  threads.clear();
  for (const auto& offset : offsets) EXPECT_EQ(offset, 9h);
}

}  // namespace
}  // namespace twinsky
