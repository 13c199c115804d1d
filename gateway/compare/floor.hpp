// SPDX-License-Identifier: Apache-2.0
// The representativeness floor: how well two official stations of one kind agree with each other. A
// sensor between them can't be asked to do better. Pure; any thread.
#pragma once

#include "gateway/compare/pairs.hpp"
#include "gateway/model/station.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinsky {

struct StationHour {
  HourStart hour{};
  double value = 0;  // valid ones only, same unit and state at all stations
};

struct StationHours {
  std::string station;
  std::string kind;
  Position position;
  std::vector<StationHour> hours;  // in order
};

struct Floor {
  std::string station;  // the other one of the pair
  double distance_m = 0;
  int pairs = 0;
  double r2 = 0;  // 0 where r <= 0
  double rmse = 0;
};

// The reference against the nearest other station of its kind with at least `min_pairs` hours in
// common; absent where there is none.
std::optional<Floor> representativeness_floor(const StationHours& reference,
                                              std::span<const StationHours> others,
                                              int min_pairs = 126);

}  // namespace twinsky
