// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/stamp.hpp"

#include "drivers/feeds/text.hpp"
#include "gateway/model/zone.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

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
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto* found = std::ranges::find(months, lower_case(name));
  if (found == months.end()) return std::nullopt;
  return static_cast<int>(found - months.begin()) + 1;
}

// .NET's JSON: milliseconds since 1970 in UTC; an offset after them is for show.
std::optional<UtcTime> dotnet_time(std::string_view text) {
  constexpr std::string_view opening = "/Date(";
  if (!text.starts_with(opening) || !text.ends_with(")/")) return std::nullopt;
  text = text.substr(opening.size(), text.size() - opening.size() - 2);
  std::int64_t since_1970 = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), since_1970);
  const std::string_view offset(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  constexpr std::int64_t end = 32'503'680'000'000;  // the year 3000
  if (error != std::errc{} || since_1970 < 0 || since_1970 >= end) return std::nullopt;
  if (!offset.empty() && !zone_offset(offset)) return std::nullopt;
  return UtcTime(milliseconds(since_1970));
}

// The numbers of "2026/10/5 14:00:00" or "2026年10月5日14时"; empty when something else is inside.
std::vector<int> numbers_in(std::string_view text) {
  static constexpr auto between = std::to_array<std::string_view>(
      {"-", "/", ":", " ", "T", "t", "年", "月", "日", "时", "時", "点", "點", "分", "秒"});
  std::vector<int> numbers;
  bool is_within = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c >= '0' && c <= '9') {
      if (!is_within) numbers.push_back(0);
      if (numbers.size() > 6 || numbers.back() > 9999) return {};
      numbers.back() = numbers.back() * 10 + (c - '0');
      is_within = true;
      text.remove_prefix(1);
      continue;
    }
    const auto* mark =
        std::ranges::find_if(between, [&](auto each) { return text.starts_with(each); });
    if (mark == between.end()) return {};
    is_within = false;
    text.remove_prefix(mark->size());
  }
  return numbers;
}

// "2026100514", and with minutes and seconds.
std::vector<int> numbers_in_digits(std::string_view digits) {
  std::vector<int> numbers{*whole(digits.substr(0, 4))};
  for (std::size_t at = 4; at < digits.size(); at += 2) {
    numbers.push_back(*whole(digits.substr(at, 2)));
  }
  return numbers;
}

}  // namespace

std::optional<UtcTime> mainland_time(std::string_view text, minutes offset) {
  const std::string narrow = narrowed(text);
  text = trimmed(narrow);
  if (const auto time = dotnet_time(text)) return time;
  // With a zone of its own: "…T14:00:00+08:00", "…Z".
  if (const auto time = parse_time(text)) return text.size() > 10 ? time : std::nullopt;
  if (const auto dot = text.rfind('.'); dot != std::string_view::npos && dot > 10) {
    if (!whole(text.substr(dot + 1))) return std::nullopt;
    text = text.substr(0, dot);  // ".000"
  }
  const bool is_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool is_compact =
      is_digits && text.size() % 2 == 0 && text.size() >= 10 && text.size() <= 14;
  std::vector<int> parts = is_compact ? numbers_in_digits(text) : numbers_in(text);
  if (parts.size() < 4) return std::nullopt;
  parts.resize(6);
  return time_of(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], offset);
}

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
  const bool is_end_of_day = hour == 24 && minute == 0 && second == 0;
  const bool is_clock = is_end_of_day || (hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
                                          second >= 0 && second < 60);
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
