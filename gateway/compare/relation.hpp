// SPDX-License-Identifier: Apache-2.0
// What a comparison can show at all: how near the reference stands, in place, height and kind. Only
// at one place a sensor can be found right; from further away it can be found consistent.
// Pure; any thread.
#pragma once

#include "gateway/model/quantity.hpp"
#include "gateway/model/station.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace twinsky {

inline constexpr double neighbourhood_m = 1000;

enum class Relation : std::uint8_t {
  collocated,  // up to 20 m away, 5 m in height, same exposure
  near,        // up to 1 km and of the same kind
  area,        // up to 5 km, and a quantity that is alike over a whole district
  background,  // anything else: no correction is ever proposed
};
std::string_view name_of(Relation relation) noexcept;

struct Siting {
  std::optional<double> distance_m;           // along the ground
  std::optional<double> height_difference_m;  // sensor above reference
  bool is_same_kind = false;                  // both roadside, or both general
  // What of the distance may be published (model/published_position.hpp); the relation always may.
  std::optional<double> published_distance_m = {};  // rounded as the published position is
};

// Ozone, PM2.5, temperature and pressure reduced to sea level.
bool is_regional(Quantity quantity) noexcept;

Relation relation_of(const Siting& siting, Quantity quantity) noexcept;

// Great-circle distance of two WGS 84 positions.
double distance_m(const Position& a, const Position& b) noexcept;

}  // namespace twinsky
