// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_neighbours.hpp"

#include <cmath>
#include <vector>

namespace twinsky {
namespace {

constexpr std::size_t fewest_stations = 3;
constexpr std::size_t hours_in_a_row = 3;
constexpr double farthest = 5;
constexpr double deviation_per_mad = 1.4826;  // of a normal distribution

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

std::optional<double> regional_spread(Quantity quantity) noexcept {
  switch (quantity) {
    case Quantity::pm2_5:
      return 5;
    case Quantity::o3:
      return 10;
    case Quantity::o3_ppb:
      return 5;
    case Quantity::temperature:
      return 1;
    case Quantity::pressure_sea_level:
      return 0.5;
    default:
      return std::nullopt;
  }
}

std::optional<double> distance_from_neighbours(double value, std::span<const double> stations,
                                               double least_spread) {
  if (stations.size() < fewest_stations) return std::nullopt;
  const double median = median_of({stations.begin(), stations.end()});
  std::vector<double> deviations;
  for (const double station : stations) deviations.push_back(std::abs(station - median));
  const double spread = deviation_per_mad * median_of(std::move(deviations));
  return std::abs(value - median) / std::max(spread, least_spread);
}

Flag check_neighbours(std::span<const std::optional<double>> distances) noexcept {
  if (distances.empty() || !distances.back()) return Flag::not_evaluated;
  const bool is_long = distances.size() >= hours_in_a_row;
  const bool is_far =
      is_long && std::ranges::all_of(distances.last(hours_in_a_row), [](const auto& distance) {
        return distance && *distance > farthest;
      });
  return is_far ? Flag::suspect : Flag::pass;
}

}  // namespace twinsky
