// SPDX-License-Identifier: Apache-2.0
// Which wire a bus of the configuration is.
#include "drivers/buses/i2c.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/recorded.hpp"
#include "drivers/buses/serial.hpp"
#include "drivers/registry.hpp"

namespace twinsky {

std::string_view name_of(BusKind kind) noexcept {
  switch (kind) {
    case BusKind::i2c:
      return "i2c";
    case BusKind::serial:
      return "serial";
    case BusKind::modbus:
      return "modbus";
    case BusKind::recorded:
      break;
  }
  return "recorded";
}

BusKind kind_of(const BusSettings& settings) noexcept {
  if (!settings.i2c.empty()) return BusKind::i2c;
  if (!settings.serial.empty()) return BusKind::serial;
  if (!settings.modbus.empty() || !settings.modbus_tcp.empty()) return BusKind::modbus;
  return BusKind::recorded;
}

bool fits(BusKind bus, BusKind driver) noexcept {
  return bus == BusKind::recorded || bus == driver;
}

std::unique_ptr<Bus> make_bus(const BusSettings& settings, BusSurroundings surroundings) {
  if (!surroundings.nearby) {
    surroundings.nearby = [](Quantity) { return std::optional<double>(); };
  }
  switch (kind_of(settings)) {
    case BusKind::i2c:
      return make_i2c_bus(settings, std::move(surroundings));
    case BusKind::serial:
      return make_serial_bus(settings, std::move(surroundings));
    case BusKind::modbus:
      return settings.modbus_tcp.empty() ? make_modbus_rtu_bus(settings, std::move(surroundings))
                                         : make_modbus_tcp_bus(settings, std::move(surroundings));
    case BusKind::recorded:
      break;
  }
  return make_recorded_bus(settings, std::move(surroundings));
}

}  // namespace twinsky
