// SPDX-License-Identifier: Apache-2.0
#include "drivers/driver.hpp"

namespace twinsky {

Quantity published(const DriverQuantity& measured, bool ambient) noexcept {
  if (ambient || !measured.internal) return measured.quantity;
  switch (measured.quantity) {
    case Quantity::temperature:
      return Quantity::internal_temperature;
    case Quantity::humidity:
      return Quantity::internal_humidity;
    default:
      return measured.quantity;
  }
}

std::vector<DriverQuantity> quantities_of(const DriverInfo& info, const Settings& settings) {
  if (info.quantities_of != nullptr) return info.quantities_of(settings);
  return {info.quantities.begin(), info.quantities.end()};
}

}  // namespace twinsky
