// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/published_position.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {

std::optional<Position> published_position(const std::optional<Position>& own, PositionRule rule) {
  if (!own || !rule.is_published) return std::nullopt;
  const double steps = std::pow(10.0, rule.decimals);
  const auto rounded = [steps](double degrees) { return std::round(degrees * steps) / steps; };
  Position position = *own;
  position.latitude_deg = rounded(own->latitude_deg);
  position.longitude_deg = rounded(own->longitude_deg);
  return position;
}

double published_distance(double metres, PositionRule rule) {
  constexpr int decimals_of_a_metre = 5;
  const double step = std::pow(10.0, std::max(0, decimals_of_a_metre - rule.decimals));
  return std::round(metres / step) * step;
}

}  // namespace twinsky
