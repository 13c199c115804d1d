// SPDX-License-Identifier: Apache-2.0
#include "times.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace world {

namespace {

constexpr std::chrono::hours hong_kong_offset{8};

struct Fields {
  int year, month, day, weekday, hour, minute, second, millisecond;
};

Fields fields_of(Utc time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(std::chrono::weekday{day}.c_encoding()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

std::string mail_text(const Fields& at, const char* zone) {
  static constexpr std::array weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d %s",
                weekdays.at(static_cast<std::size_t>(at.weekday)), at.day,
                months.at(static_cast<std::size_t>(at.month - 1)), at.year, at.hour, at.minute,
                at.second, zone);
  return text.data();
}

}  // namespace

std::optional<Utc> time_in(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  double second = 0;
  const int found = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%lf", &year, &month, &day, &hour,
                                &minute, &second);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (found < 5 || !text.ends_with('Z') || !date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::milliseconds{std::llround(second * 1000)};
}

double second_of_day(Utc time) {
  const auto local = time + hong_kong_offset;
  const auto since_midnight = local - std::chrono::floor<std::chrono::days>(local);
  return static_cast<double>(since_midnight.count()) / 1000.0;
}

Utc floor_to(Utc time, std::chrono::minutes step) {
  const auto local = (time + hong_kong_offset).time_since_epoch();
  return Utc{local - local % std::chrono::milliseconds{step}} - hong_kong_offset;
}

std::string rfc822_text(Utc time) {
  return mail_text(fields_of(time + hong_kong_offset), "+0800");
}

std::string http_text(Utc time) {
  return mail_text(fields_of(time), "GMT");
}

std::string minute_text(Utc time) {
  const auto at = fields_of(time + hong_kong_offset);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02d%02d%02d%02d", at.year, at.month, at.day,
                at.hour, at.minute);
  return text.data();
}

std::string local_text(Utc time) {
  const auto at = fields_of(time + hong_kong_offset);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", at.year, at.month,
                at.day, at.hour, at.minute, at.second);
  return text.data();
}

std::string report_text(Utc time) {
  const auto at = fields_of(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02d%02d%02dZ", at.day, at.hour, at.minute);
  return text.data();
}

std::string iso_text(Utc time) {
  const auto at = fields_of(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year, at.month,
                at.day, at.hour, at.minute, at.second, at.millisecond);
  return text.data();
}

}  // namespace world
