// SPDX-License-Identifier: Apache-2.0
// Neighbours: is our hour far outside what the official stations around say? Only for quantities
// that are much the same over a city.
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/model/quantity.hpp"

namespace twinsky {

// The least spread that stations are taken to have, in the quantity's unit; nullopt where the check
// says nothing (NO2 at a kerb differs from the next street's, and rightly so).
std::optional<double> regional_spread(Quantity quantity) noexcept;

// |value - median| / max(1.4826 MAD, least spread); nullopt of fewer than three stations.
std::optional<double> distance_from_neighbours(double value, std::span<const double> stations,
                                               double least_spread);

// Of consecutive hours' distances, oldest first: suspect when the newest three are all beyond 5.
Flag check_neighbours(std::span<const std::optional<double>> distances) noexcept;

}  // namespace twinsky
