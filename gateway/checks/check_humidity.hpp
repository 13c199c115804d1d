// SPDX-License-Identifier: Apache-2.0
// Humidity beyond what a particle sensor is rated for: droplets and swollen particles are counted
// as dust. A reason that stands beside the value and no judgement of it: in a subtropical spring it
// would condemn weeks.
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

// Statistics are split at these too, percent.
inline constexpr double humid_from = 70;
inline constexpr double very_humid_from = 85;

enum class Humidity : std::uint8_t { unknown, dry, humid, very_humid };
Humidity humidity_class(std::optional<double> percent) noexcept;

// Optical particle counters; what else an instrument measures does not mind fog.
bool is_beyond_rating(std::optional<double> percent, double rated_percent) noexcept;

}  // namespace twinsky
