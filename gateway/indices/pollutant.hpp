// SPDX-License-Identifier: Apache-2.0
// The pollutants of air quality indices: as the rules name them (config/indices), as ours are
// named.
#pragma once

#include "gateway/model/quantity.hpp"

#include <array>
#include <string_view>

namespace twinsky {

struct Pollutant {
  Quantity quantity;      // ug/m3
  std::string_view name;  // in the rules
  double rule_unit;       // of the rule in ug/m3
};

inline constexpr std::array pollutants = {
    Pollutant{Quantity::pm2_5, "pm25", 1}, Pollutant{Quantity::pm10, "pm10", 1},
    Pollutant{Quantity::so2, "so2", 1},    Pollutant{Quantity::no2, "no2", 1},
    Pollutant{Quantity::o3, "o3", 1},      Pollutant{Quantity::co, "co", 1000},  // mg/m3
};

// By the name of one of the rule's inputs: "pm25" or "pm25_1h".
const Pollutant& pollutant_named(std::string_view input);

}  // namespace twinsky
