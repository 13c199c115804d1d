// SPDX-License-Identifier: Apache-2.0
// Climatology: is the value usual for the season, the weekday, the hour?
#pragma once

#include "gateway/checks/check.hpp"

#include <cstdint>
#include <string_view>

namespace twinsky {

// The part of a date that a member looks at; none: the time itself, in seconds since 1970.
enum class Period : std::uint8_t {
  none,
  year,
  quarter,
  month,
  week,  // ISO 8601
  day_of_year,
  day,
  day_of_week,  // Monday is 0
  hour,
  minute,
  second,
};
std::optional<Period> period_named(std::string_view name) noexcept;
double value_of(Period period, UtcTime time) noexcept;

struct ClimatologyMember {
  Period period = Period::none;
  Interval when;
  Interval suspect;
  std::optional<Interval> fail;
  bool operator==(const ClimatologyMember&) const = default;
};

// Of members that cover the same time the last one counts; not evaluated where there is none.
// `offset`: of the clock that the members mean, to UTC.
Flag check_climatology(const Point& point, std::span<const ClimatologyMember> members,
                       milliseconds offset = {}) noexcept;

}  // namespace twinsky
