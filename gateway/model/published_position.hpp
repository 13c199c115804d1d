// SPDX-License-Identifier: Apache-2.0
// How much of our own position leaves the gateway. Official stations' positions are public anyway.
#pragma once

#include "gateway/model/station.hpp"

#include <optional>

namespace twinsky {

struct PositionRule {
  bool is_published = true;
  int decimals = 3;  // of a degree: about 110 m
  bool operator==(const PositionRule&) const = default;
};

// The position as it may be published: rounded, or not at all. Whoever publishes a distance takes
// it from here and not from the exact place.
std::optional<Position> published_position(const std::optional<Position>& own, PositionRule rule);

// A distance from a published position, with the digits that its rounding leaves: 3 decimals of a
// degree are some 100 m, and never less than a metre. Three distances to public places give a place
// away, so where no position is published distances go out as classes only ("near", "area").
double published_distance(double metres, PositionRule rule);

}  // namespace twinsky
