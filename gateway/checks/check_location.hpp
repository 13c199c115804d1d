// SPDX-License-Identifier: Apache-2.0
// Location, for gateways that move: is the position one on Earth, and near the one before?
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/model/datum.hpp"

namespace twinsky {

// Along the surface of a sphere of Earth's mean radius.
double metres_between(const Coordinates& a, const Coordinates& b) noexcept;

// Beyond 90 or 180 degrees, or only one of the two there: fails. Further from `before` than
// `longest_step_m`: suspect.
Flag check_location(std::optional<double> latitude_deg, std::optional<double> longitude_deg,
                    const std::optional<Coordinates>& before = {},
                    std::optional<double> longest_step_m = {}) noexcept;

}  // namespace twinsky
