// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_humidity.hpp"

namespace twinsky {

Humidity humidity_class(std::optional<double> percent) noexcept {
  if (!percent) return Humidity::unknown;
  if (*percent < humid_from) return Humidity::dry;
  return *percent < very_humid_from ? Humidity::humid : Humidity::very_humid;
}

bool is_beyond_rating(std::optional<double> percent, double rated_percent) noexcept {
  return percent && *percent > rated_percent;
}

}  // namespace twinsky
