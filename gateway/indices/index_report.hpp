// SPDX-License-Identifier: Apache-2.0
// What a rule makes of an hour, at an official station or here.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/quantity.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

struct IndexReport {
  std::string edition;
  std::string station;  // empty: our own
  UtcTime start{};
  UtcTime end{};
  UtcTime fetched{};            // official: when the value came that made it known or changed it
  Quantity quantity{};          // aqhi or aqi
  std::optional<double> value;  // absent when the rule gives none
  std::string text;             // as the agency would print it: "10+"
  std::vector<std::pair<Quantity, int>> parts;  // sub-indices, where the rule has them
  std::vector<Quantity> primary;                // that make the index, all that tie
  std::optional<double> added_risk_percent;     // Hong Kong
  // Only of our own, which are indicative: Hong Kong's risk by pollutant, and who measured what.
  std::vector<std::pair<Quantity, double>> part_risk_percent = {};
  std::vector<std::pair<Quantity, std::string>> sensors = {};
};

}  // namespace twinsky
