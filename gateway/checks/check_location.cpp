// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_location.hpp"

#include <cmath>
#include <numbers>

namespace twinsky {

double metres_between(const Coordinates& a, const Coordinates& b) noexcept {
  constexpr double earth_radius_m = 6'371'008.8;
  constexpr double radians = std::numbers::pi / 180;
  const double north = std::sin((b.latitude_deg - a.latitude_deg) * radians / 2);
  const double east = std::sin((b.longitude_deg - a.longitude_deg) * radians / 2);
  const double half_chord = north * north + std::cos(a.latitude_deg * radians) *
                                                std::cos(b.latitude_deg * radians) * east * east;
  return 2 * earth_radius_m * std::asin(std::sqrt(std::min(half_chord, 1.0)));
}

Flag check_location(std::optional<double> latitude_deg, std::optional<double> longitude_deg,
                    const std::optional<Coordinates>& before,
                    std::optional<double> longest_step_m) noexcept {
  if (!latitude_deg && !longitude_deg) return Flag::missing;
  if (!latitude_deg || !longitude_deg) return Flag::fail;
  if (std::abs(*latitude_deg) > 90 || std::abs(*longitude_deg) > 180) return Flag::fail;
  if (!before || !longest_step_m) return Flag::pass;
  const double step_m = metres_between(*before, {*latitude_deg, *longitude_deg});
  return step_m > *longest_step_m ? Flag::suspect : Flag::pass;
}

}  // namespace twinsky
