// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/self_heating.hpp"

#include <vector>

namespace twinsky {
namespace {

constexpr std::size_t fewest_hours = 12;  // of four in each of three nights
constexpr double least_degc = 1;
constexpr double steady_within_degc = 1;  // a night's offset, between its quartiles

struct Quartiles {
  double lower = 0;
  double median = 0;
  double upper = 0;
};

Quartiles quartiles_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t last = values.size() - 1;
  return {values[last / 4], values[last / 2], values[last - last / 4]};
}

}  // namespace

std::optional<SelfHeating> self_heating(std::span<const TemperaturePair> hours, const Zone& zone) {
  std::vector<double> night;
  std::vector<double> day;
  for (const TemperaturePair& pair : hours) {
    const auto hour = std::chrono::floor<std::chrono::hours>(zone.time_of_day(pair.hour)).count();
    if (hour >= 1 && hour < 5) night.push_back(pair.ours - pair.official);
    if (hour >= 11 && hour < 15) day.push_back(pair.ours - pair.official);
  }
  if (night.size() < fewest_hours || day.size() < fewest_hours) return std::nullopt;
  const Quartiles at_night = quartiles_of(std::move(night));
  const Quartiles by_day = quartiles_of(std::move(day));
  const bool is_steady = at_night.upper - at_night.lower <= steady_within_degc;
  if (!is_steady || at_night.median < least_degc || by_day.median <= at_night.median) {
    return std::nullopt;
  }
  return SelfHeating{at_night.median, by_day.median};
}

}  // namespace twinsky
