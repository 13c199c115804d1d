// SPDX-License-Identifier: Apache-2.0
// Means longer than an hour, of the pollutants and periods for which air quality standards have
// limits: eight hours of ozone and carbon monoxide, the local day of the others, and ozone's daily
// maximum of 8-h means. They are made of valid hours alone, as of the hour that they stand beside.
// Pure; any thread.
#pragma once

#include "gateway/hours/hour.hpp"
#include "gateway/model/zone.hpp"

#include <map>
#include <string_view>

namespace twinsky {

// When a day counts.
struct DayStandard {
  std::size_t fewest_hours = hours_of_a_day_epa;
  std::optional<double> ozone_limit_ppb;  // what exceeds it counts with fewer hours too
  Zone zone = {};                         // whose midnight ends the day
  bool operator==(const DayStandard&) const = default;
};
// The mainland's (GB 3095-2012, HJ 663) or, elsewhere, 75 % of the hours.
DayStandard day_standard_of(std::string_view jurisdiction, const Zone& zone = {});

bool has_longer_means(Quantity quantity) noexcept;

// Valid hours of one quantity, by their start.
using ValidHours = std::map<UtcTime, double>;

struct LongerMeans {
  // Of the eight hours that end with this one; absent where no limit is for eight hours.
  struct EightHours {
    std::optional<double> mean;
    int hours = 0;  // valid ones
  };
  std::optional<EightHours> eight_hours;
  // Of the local day up to and with this hour.
  struct Day {
    std::chrono::sys_days date{};
    std::optional<double> value;  // the mean; of ozone the largest mean of eight hours
    bool is_maximum_8h = false;
    int hours = 0;  // valid ones
  };
  std::optional<Day> day;
};
// Beside the hour that begins at `start`, from `hours` since first_hour_for(start).
LongerMeans longer_means(Quantity quantity, UtcTime start, const ValidHours& hours,
                         const DayStandard& standard);

// The start of the first hour that the means beside an hour look at.
UtcTime first_hour_for(UtcTime start, const Zone& zone);
// The start of the last hour whose means look at the one that begins at `start`.
UtcTime last_hour_of(UtcTime start, const Zone& zone);

// Hours belong to the local day in which they begin.
struct DayOfHours {
  std::chrono::sys_days date{};
  UtcTime first{};  // the start of its first hour
  int hours = 0;    // 24; 23 or 25 where summer time begins or ends
  bool operator==(const DayOfHours&) const = default;
};
DayOfHours day_of_hours(UtcTime start, const Zone& zone);

}  // namespace twinsky
