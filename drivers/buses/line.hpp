// SPDX-License-Identifier: Apache-2.0
// The settings of a serial line, as every kind of bus has them that is one: of the bus, and of a
// device that differs.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/model/setting.hpp"

#include <array>
#include <string_view>

namespace twinsky {

// Of the udev rules' own making, by serial number, by socket, by driver.
inline constexpr auto port_names = std::to_array<std::string_view>(
    {"/dev/twinsky/*", "/dev/serial/by-id/*", "/dev/serial/by-path/*", "/dev/serial0",
     "/dev/ttyUSB*", "/dev/ttyACM*", "/dev/ttyAMA*"});

inline constexpr auto parities = std::to_array<std::string_view>({"none", "even", "odd"});

// clang-format off
inline constexpr auto line_settings = std::to_array<Setting>({
  {.name = "baud", .kind = SettingKind::integer, .documentation = "Bits per second, where the driver's default is not right.", .lower = 50, .upper = 4'000'000},
  {.name = "parity", .kind = SettingKind::choice, .documentation = "Parity, where the driver's default is not right.", .choices = parities},
  {.name = "data_bits", .kind = SettingKind::integer, .documentation = "Data bits, where the driver's default is not right.", .lower = 5, .upper = 8},
  {.name = "stop_bits", .kind = SettingKind::integer, .documentation = "Stop bits, where the driver's default is not right.", .lower = 1, .upper = 2},
});

inline constexpr auto device_line_settings = std::to_array<Setting>({
  {.name = "baud", .kind = SettingKind::integer, .documentation = "Bits per second, where bus and driver are not right for this device.", .lower = 50, .upper = 4'000'000},
  {.name = "parity", .kind = SettingKind::choice, .documentation = "Parity, where bus and driver are not right for this device.", .choices = parities},
  {.name = "data_bits", .kind = SettingKind::integer, .documentation = "Data bits, where bus and driver are not right for this device.", .lower = 5, .upper = 8},
  {.name = "stop_bits", .kind = SettingKind::integer, .documentation = "Stop bits, where bus and driver are not right for this device.", .lower = 1, .upper = 2},
});
// clang-format on

// The switch is that of a Raspberry Pi's own port; a USB adapter needs none.
inline constexpr BusNeeds line_needs = {.files = "/dev/serial/by-id/*",
                                        .names = port_names,
                                        .group = "dialout",
                                        .has_one_user = true,
                                        .boot_line = "enable_uart=1",
                                        .switch_on = "sudo raspi-config nonint do_serial_hw 0"};

}  // namespace twinsky
