// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_climatology.hpp"

#include <array>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono;

// Of the week's Thursday: the week belongs to the year that holds it (ISO 8601).
int iso_week(sys_days day) {
  const sys_days thursday = day - (weekday(day) - Monday) + days(3);
  const year_month_day date(thursday);
  const sys_days first_day = sys_days(date.year() / January / 1);
  return static_cast<int>((thursday - first_day).count() / 7) + 1;
}

}  // namespace

std::optional<Period> period_named(std::string_view name) noexcept {
  using enum Period;
  constexpr auto names =
      std::to_array<std::pair<std::string_view, Period>>({{"year", year},
                                                          {"quarter", quarter},
                                                          {"month", month},
                                                          {"week", week},
                                                          {"weekofyear", week},
                                                          {"dayofyear", day_of_year},
                                                          {"day_of_year", day_of_year},
                                                          {"day", day},
                                                          {"dayofweek", day_of_week},
                                                          {"day_of_week", day_of_week},
                                                          {"weekday", day_of_week},
                                                          {"hour", hour},
                                                          {"minute", minute},
                                                          {"second", second}});
  for (const auto& [known, period] : names) {
    if (known == name) return period;
  }
  return std::nullopt;
}

double value_of(Period period, UtcTime time) noexcept {
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  const auto month_number = static_cast<unsigned>(date.month());
  switch (period) {
    case Period::year:
      return static_cast<int>(date.year());
    case Period::quarter: {
      const unsigned quarter = (month_number + 2) / 3;
      return quarter;
    }
    case Period::month:
      return month_number;
    case Period::week:
      return iso_week(day);
    case Period::day_of_year:
      return static_cast<double>((day - sys_days(date.year() / January / 1)).count() + 1);
    case Period::day:
      return static_cast<unsigned>(date.day());
    case Period::day_of_week:
      return static_cast<double>((weekday(day) - Monday).count());
    case Period::hour:
      return static_cast<double>(clock.hours().count());
    case Period::minute:
      return static_cast<double>(clock.minutes().count());
    case Period::second:
      return static_cast<double>(clock.seconds().count());
    case Period::none:
      break;
  }
  return duration<double>(time.time_since_epoch()).count();
}

Flag check_climatology(const Point& point, std::span<const ClimatologyMember> members,
                       milliseconds offset) noexcept {
  if (!point.value) return Flag::missing;
  Flag flag = Flag::not_evaluated;
  for (const ClimatologyMember& member : members) {
    if (!member.when.has(value_of(member.period, point.time + offset))) continue;
    if (member.fail && !member.fail->has(*point.value)) {
      flag = Flag::fail;
    } else {
      flag = member.suspect.has(*point.value) ? Flag::pass : Flag::suspect;
    }
  }
  return flag;
}

}  // namespace twinsky
