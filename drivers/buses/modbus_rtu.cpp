// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/device_file.hpp"
#include "drivers/buses/line.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/rtu_link.hpp"
#include "drivers/buses/serial_port.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

class RtuBus final : public Bus {
 public:
  RtuBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)),
        port_(settings.address, surroundings_.stop, surroundings_.is_guest),
        has_echo_(settings.settings.boolean("echo")) {}

  void open() override { port_.open(); }
  void close() noexcept override { port_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return make_rtu_link(wire_, owed_, surroundings_, device, has_echo_);
  }

 private:
  const BusSurroundings surroundings_;
  SerialPort port_;
  RtuWire wire_{.use = [this](const LineSettings& line) { port_.use(line); },
                .write = [this](Bytes tx) { port_.write(tx); },
                .read = [this](std::span<std::byte> rx,
                               const Timer& deadline) { return port_.read(rx, deadline); }};
  OwedReplies owed_;  // of all its sensors, and over a reopening
  const bool has_echo_;
};

constexpr auto settings = [] {
  std::array<Setting, line_settings.size() + 1> all{};
  std::ranges::copy(line_settings, all.begin());
  all.back() = {.name = "echo",
                .kind = SettingKind::boolean,
                .documentation = "Modbus RTU: the adapter repeats what is sent.",
                .fallback = "false"};
  return all;
}();

constexpr auto units = std::to_array<Setting>({
    {.name = "unit",
     .kind = SettingKind::integer,
     .documentation = "Modbus unit (1 to 247, or 254 where the device answers to it; over TCP also "
                      "0 and 255), where it is not the driver's default; `address` means the same.",
     .lower = 0,
     .upper = 255,
     .hexadecimal = true},
    {.name = "address",
     .kind = SettingKind::integer,
     .documentation = "The same as `unit`.",
     .lower = 1,
     .upper = 254,
     .hexadecimal = true},
});

// It stays what it was for a gateway that runs with it: a port that cannot be opened.
std::string doubt_about(const std::string& port) {
  if (port.find("://") == std::string::npos) return {};
  return in_quotes(port) +
         " is no serial port, which \"modbus\" names; expected \"modbus_tcp\" with an address "
         "such as 192.0.2.7:502";
}

std::string check_unit_of(int unit, const DriverInfo&) {
  constexpr int highest = 247;   // MODBUS over Serial Line V1.02, 2.2
  constexpr int any_unit = 254;  // SenseAir and others answer to it
  if ((unit >= 1 && unit <= highest) || unit == any_unit) return {};
  return std::to_string(unit) + " is no Modbus unit, expected one from 1 to 247, or 254";
}

}  // namespace

extern const BusInfo modbus_bus = {
    .name = "modbus",
    .documentation = "The port of a Modbus RTU line (RS-485).",
    .place = 3,
    .settings = settings,
    .device_addresses = units,
    .device_address_name = "Modbus unit",
    .device_settings = device_line_settings,
    .needs = line_needs,
    .sweep = {.first = 1, .usual = 32, .last = 247, .patience = 150ms},
    .doubt = doubt_about,
    .check_device = check_unit_of,
    .identity = identity_of_device,
    .make = [](const BusSettings& bus, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<RtuBus>(bus, std::move(surroundings));
    },
};

}  // namespace twinsky
