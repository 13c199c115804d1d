// SPDX-License-Identifier: Apache-2.0
// How a sensor's readings are checked, as the configuration says it.
#pragma once

#include "gateway/model/quantity.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/model/zone.hpp"

#include <map>

namespace twinsky {

struct QualitySettings {
  bool amend = true;
  bool use_suspect = false;
  double humid_above_percent = 90;
  bool twin = false;
  std::map<Quantity, Settings> quantities = {};  // only what was given
  Zone zone = {};                                // of climatology
  bool operator==(const QualitySettings&) const = default;
};

}  // namespace twinsky
