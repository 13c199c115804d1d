// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/stamp.hpp"

#include "drivers/feeds/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace twinsky {
namespace {

using std::chrono::minutes;

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// Takes the next word of `text`, up to a blank.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<int> month_named(std::string_view name) {
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* found = std::ranges::find(months, name);
  if (found == months.end()) return std::nullopt;
  return static_cast<int>(found - months.begin()) + 1;
}

}  // namespace

std::optional<UtcTime> rfc822_time(std::string_view text, minutes default_offset) {
  if (const auto comma = text.find(','); comma != std::string_view::npos) {
    text.remove_prefix(comma + 1);
  }
  const auto day = whole(take_word(text));
  const auto month = month_named(take_word(text));
  const auto year = whole(take_word(text));
  const std::string_view clock = take_word(text);
  if (!day || !month || !year) return std::nullopt;
  if ((clock.size() != 5 && clock.size() != 8) || clock[2] != ':') return std::nullopt;
  if (clock.size() == 8 && clock[5] != ':') return std::nullopt;
  const auto hour = whole(clock.substr(0, 2));
  const auto minute = whole(clock.substr(3, 2));
  const auto second = clock.size() == 8 ? whole(clock.substr(6, 2)) : 0;
  const std::string_view zone = trimmed(text);
  const auto offset = zone.empty() ? default_offset : zone_offset(zone);
  if (!hour || !minute || !second || !offset) return std::nullopt;
  return time_of(*year, *month, *day, *hour, *minute, *second, *offset);
}

std::optional<UtcTime> compact_time(std::string_view text, minutes offset) {
  text = trimmed(text);
  const bool is_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.size() != 12 || !is_digits) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t width) {
    return *whole(text.substr(at, width));
  };
  return time_of(part(0, 4), part(4, 2), part(6, 2), part(8, 2), part(10, 2), 0, offset);
}

std::optional<UtcTime> time_of(int year, int month, int day, int hour, int minute, int second,
                               minutes offset) {
  using namespace std::chrono;
  if (year < 1900 || year > 2999 || month < 1 || day < 1) return std::nullopt;
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  const bool is_clock =
      hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!date.ok() || !is_clock) return std::nullopt;
  return UtcTime(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) - offset;
}

std::optional<minutes> zone_offset(std::string_view text) {
  text = trimmed(text);
  if (text == "HKT") return china_offset;
  if (text == "GMT" || text == "UTC" || text == "UT" || text == "Z") return minutes(0);
  if (text.starts_with("UTC") || text.starts_with("GMT")) text.remove_prefix(3);
  if (text.size() < 2 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::size_t hour_digits = std::min<std::size_t>(2, text.find(':'));
  const auto hour = whole(text.substr(0, hour_digits));
  text.remove_prefix(std::min(text.size(), hour_digits));
  if (text.starts_with(':')) text.remove_prefix(1);
  const auto minute = text.empty() ? 0 : whole(text);
  if (!hour || !minute || *hour > 14 || *minute > 59) return std::nullopt;
  return sign * (std::chrono::hours(*hour) + minutes(*minute));
}

}  // namespace twinsky
