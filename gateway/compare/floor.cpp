// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/floor.hpp"

#include "gateway/compare/relation.hpp"
#include "gateway/compare/statistics.hpp"

#include <algorithm>

namespace twinsky {
namespace {

std::vector<Pair> in_common(std::span<const StationHour> a, std::span<const StationHour> b) {
  std::vector<Pair> pairs;
  auto other = b.begin();
  for (const StationHour& here : a) {
    while (other != b.end() && other->hour < here.hour) ++other;
    if (other == b.end()) break;
    if (other->hour == here.hour) pairs.push_back({here.hour, here.value, other->value});
  }
  return pairs;
}

}  // namespace

std::optional<Floor> representativeness_floor(const StationHours& reference,
                                              std::span<const StationHours> others, int min_pairs) {
  std::optional<Floor> nearest;
  for (const StationHours& other : others) {
    if (other.station == reference.station || other.kind != reference.kind) continue;
    const double distance = distance_m(reference.position, other.position);
    const bool is_nearer = !nearest || distance < nearest->distance_m ||
                           (distance == nearest->distance_m && other.station < nearest->station);
    if (!is_nearer) continue;
    const std::vector<Pair> pairs = in_common(reference.hours, other.hours);
    const Moments moments = moments_of(pairs);
    const auto r = moments.r();
    if (moments.n < min_pairs || !r) continue;
    nearest = Floor{.station = other.station,
                    .distance_m = distance,
                    .pairs = moments.n,
                    .r2 = *r > 0 ? *r * *r : 0,
                    .rmse = errors_of(pairs, moments)->rmse};
  }
  return nearest;
}

}  // namespace twinsky
