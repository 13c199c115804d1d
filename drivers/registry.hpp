// SPDX-License-Identifier: Apache-2.0
// Every driver, feed and kind of bus that this program knows, one line each.
#pragma once

#include "drivers/driver.hpp"

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace twinsky {

// Sorted by name.
std::span<const DriverInfo* const> driver_registry() noexcept;
const DriverInfo* driver_named(std::string_view name) noexcept;
std::span<const FeedInfo* const> feed_registry() noexcept;
const FeedInfo* feed_named(std::string_view name) noexcept;

// How a bus of the configuration is reached: exactly one of i2c, serial, modbus, modbus_tcp and
// recorded names the file or "host:port".
struct BusSettings {
  std::string id;
  std::string i2c;         // "/dev/i2c-1"
  std::string serial;      // "/dev/serial/by-id/…", for one streaming or query device
  std::string modbus;      // "/dev/serial/by-id/…", for Modbus RTU
  std::string modbus_tcp;  // "192.0.2.7:502"
  std::string recorded;    // a vector file, played in a loop
  LineSettings line{};     // serial: where the driver's default is not right
  bool has_line = false;
  bool echo = false;  // Modbus RTU: the adapter repeats what is sent
  bool operator==(const BusSettings&) const = default;
};

// One device on a bus.
struct DeviceSettings {
  int address = 0;      // I2C address or Modbus unit; 0: none
  LineSettings line{};  // serial and Modbus RTU
  bool operator==(const DeviceSettings&) const = default;
};

// A wire. Its thread opens it, asks it for links and closes it; nothing else touches it.
class Bus {
 public:
  virtual ~Bus() = default;
  // Opens or reopens; throws BusError.
  virtual void open() = 0;
  virtual void close() noexcept = 0;
  // A device's view, valid as long as the bus; works after every open().
  virtual std::unique_ptr<Link> link(const DeviceSettings& device) = 0;
};

// What a link needs from its surroundings.
struct BusSurroundings {
  Clock& clock;
  std::stop_token stop;
  std::function<std::optional<double>(Quantity)> nearby;
};

BusKind kind_of(const BusSettings& settings) noexcept;
// Can a driver for `driver` buses live on a bus of kind `bus`? (A recorded bus plays any.)
bool fits(BusKind bus, BusKind driver) noexcept;
std::unique_ptr<Bus> make_bus(const BusSettings& settings, BusSurroundings surroundings);

}  // namespace twinsky
