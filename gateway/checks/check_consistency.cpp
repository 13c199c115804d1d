// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_consistency.hpp"

#include <array>

namespace twinsky {

std::span<const OrderedPair> ordered_pairs() noexcept {
  using enum Quantity;
  static constexpr auto pairs = std::to_array<OrderedPair>({
      {pm1, pm2_5, 0.1},
      {pm2_5, pm4, 0.1},
      {pm2_5, pm10, 0.1},
      {pm4, pm10, 0.1},
      {pm1_cf1, pm2_5_cf1, 0.1},
      {pm2_5_cf1, pm10_cf1, 0.1},
      {dew_point, temperature, 0.1},
      {wet_bulb, temperature, 0.1},
      {dew_point, wet_bulb, 0.1},
      {wind_speed, wind_gust, 0.01},
      {no2, nox, 1.0},  // both from noise around zero
  });
  return pairs;
}

std::span<const Quantity> sources_of(Quantity quantity) noexcept {
  using enum Quantity;
  static constexpr std::array psychrometric{temperature, humidity};
  static constexpr std::array reduced{pressure};
  switch (quantity) {
    case dew_point:
    case wet_bulb:
      return psychrometric;
    case pressure_sea_level:
      return reduced;
    default:
      return {};
  }
}

Flag check_order(double smaller, double larger, double tolerance) noexcept {
  return smaller > larger + tolerance ? Flag::suspect : Flag::pass;
}

}  // namespace twinsky
