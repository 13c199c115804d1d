// SPDX-License-Identifier: Apache-2.0
// Self-heating: a thermometer that is warmer than the official one all night, and more so by day,
// sits in its own electronics' warmth, or in the sun. A hint for people; no flag.
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/model/zone.hpp"

namespace twinsky {

struct TemperaturePair {
  UtcTime hour{};  // its start
  double ours = 0;
  double official = 0;
};

struct SelfHeating {
  double night_degc = 0;  // median of ours less official, 01 to 05 local time
  double day_degc = 0;    // 11 to 15
};

// nullopt where there is no such pattern, or fewer than three nights and days to see it in.
std::optional<SelfHeating> self_heating(std::span<const TemperaturePair> hours,
                                        const Zone& zone = {});

}  // namespace twinsky
