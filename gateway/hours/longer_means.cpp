// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/longer_means.hpp"

#include "gateway/model/gas.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr int eight = 8;
// GB 3095-2012, grade II, of mass at 298.15 K.
constexpr double ozone_limit_micrograms = 160;
constexpr double mainland_reference_k = 298.15;

bool has_8h(Quantity quantity) {
  return quantity == Quantity::o3_ppb || quantity == Quantity::co_ppm;
}
bool has_24h(Quantity quantity) {
  return quantity == Quantity::pm2_5 || quantity == Quantity::pm10 ||
         quantity == Quantity::no2_ppb || quantity == Quantity::so2_ppb ||
         quantity == Quantity::co_ppm;
}
bool has_daily_maximum(Quantity quantity) {
  return quantity == Quantity::o3_ppb;
}

// `count` hours from `first` on, of which those after `last` are still to come.
std::vector<std::optional<double>> series(const ValidHours& hours, UtcTime first, int count,
                                          UtcTime last) {
  std::vector<std::optional<double>> values;
  for (int at = 0; at < count; ++at) {
    const UtcTime start = first + at * 1h;
    const auto found = start > last ? hours.end() : hours.find(start);
    values.push_back(found == hours.end() ? std::nullopt : std::optional(found->second));
  }
  return values;
}

int count_of(Hours values) {
  return static_cast<int>(
      std::ranges::count_if(values, [](const auto& value) { return value.has_value(); }));
}

}  // namespace

DayStandard day_standard_of(std::string_view jurisdiction, const Zone& zone) {
  if (jurisdiction != "cn-sh") return {.zone = zone};
  return {
      .fewest_hours = hours_of_a_day_gb,
      .ozone_limit_ppb = share_of_mass(Quantity::o3, ozone_limit_micrograms, mainland_reference_k),
      .zone = zone};
}

DayOfHours day_of_hours(UtcTime start, const Zone& zone) {
  const auto first_of = [&zone](std::chrono::sys_days date) -> UtcTime {
    return std::chrono::ceil<std::chrono::hours>(zone.start_of(date));
  };
  const std::chrono::sys_days date = zone.day_of(start);
  const UtcTime first = first_of(date);
  const auto length = first_of(date + std::chrono::days(1)) - first;
  return {.date = date, .first = first, .hours = static_cast<int>(length / 1h)};
}

bool has_longer_means(Quantity quantity) noexcept {
  return has_8h(quantity) || has_24h(quantity) || has_daily_maximum(quantity);
}

LongerMeans longer_means(Quantity quantity, UtcTime start, const ValidHours& hours,
                         const DayStandard& standard) {
  LongerMeans made;
  if (has_8h(quantity)) {
    const auto newest = series(hours, start - (eight - 1) * 1h, eight, start);
    made.eight_hours = {.mean = rolling_8h(newest).back(), .hours = count_of(newest)};
  }
  const bool is_maximum_8h = has_daily_maximum(quantity);
  if (!is_maximum_8h && !has_24h(quantity)) return made;
  const DayOfHours of = day_of_hours(start, standard.zone);
  const auto day = series(hours, of.first, of.hours, start);
  made.day = {.date = of.date,
              .value = is_maximum_8h ? daily_maximum_8h(day, standard.ozone_limit_ppb)
                                     : mean_of(day, standard.fewest_hours),
              .is_maximum_8h = is_maximum_8h,
              .hours = count_of(day)};
  return made;
}

UtcTime first_hour_for(UtcTime start, const Zone& zone) {
  return std::min(day_of_hours(start, zone).first, start - (eight - 1) * 1h);
}

UtcTime last_hour_of(UtcTime start, const Zone& zone) {
  const DayOfHours day = day_of_hours(start, zone);
  return std::max(day.first + (day.hours - 1) * 1h, start + (eight - 1) * 1h);
}

}  // namespace twinsky
