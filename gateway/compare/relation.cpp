// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/relation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace twinsky {

std::string_view name_of(Relation relation) noexcept {
  constexpr std::array<std::string_view, 4> names{"collocated", "near", "area", "background"};
  return names[static_cast<std::size_t>(relation)];
}

bool is_regional(Quantity quantity) noexcept {
  constexpr std::array regional{Quantity::o3, Quantity::o3_ppb, Quantity::pm2_5,
                                Quantity::temperature, Quantity::pressure_sea_level};
  return std::ranges::find(regional, quantity) != regional.end();
}

Relation relation_of(const Siting& siting, Quantity quantity) noexcept {
  constexpr double one_place_m = 20;
  constexpr double one_height_m = 5;
  constexpr double district_m = 5000;
  if (!siting.distance_m) return Relation::background;
  const bool is_one_height =
      siting.height_difference_m && std::abs(*siting.height_difference_m) <= one_height_m;
  if (siting.is_same_kind && *siting.distance_m <= one_place_m && is_one_height) {
    return Relation::collocated;
  }
  if (siting.is_same_kind && *siting.distance_m <= neighbourhood_m) return Relation::near;
  if (is_regional(quantity) && *siting.distance_m <= district_m) return Relation::area;
  return Relation::background;
}

double distance_m(const Position& a, const Position& b) noexcept {
  constexpr double earth_radius_m = 6371008.8;  // mean radius, IUGG
  constexpr double radians = std::numbers::pi / 180;
  const double north = std::sin((b.latitude_deg - a.latitude_deg) * radians / 2);
  const double east = std::sin((b.longitude_deg - a.longitude_deg) * radians / 2);
  const double haversine = north * north + std::cos(a.latitude_deg * radians) *
                                               std::cos(b.latitude_deg * radians) * east * east;
  return 2 * earth_radius_m * std::asin(std::min(1.0, std::sqrt(haversine)));
}

}  // namespace twinsky
