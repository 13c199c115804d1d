// SPDX-License-Identifier: Apache-2.0
// Devices that no driver knows, and what else may be on a wire: to be left alone, and told of.
#pragma once

#include "device.hpp"

namespace world {

// A memory: its address of one byte moves, and more bytes would be written.
std::unique_ptr<I2cDevice> make_eeprom(const DeviceSpec& spec, Instant now);
// A chip with registers of 8 bits, behind a pointer: a gauge, a converter, a pressure sensor that
// nobody knows.
std::unique_ptr<I2cDevice> make_registers(const DeviceSpec& spec, Instant now);
// A GNSS receiver: lines of NMEA, one a second.
std::unique_ptr<SerialDevice> make_gps(const DeviceSpec& spec, Instant now);
// A cable that picks up everything.
std::unique_ptr<SerialDevice> make_noise(const DeviceSpec& spec, Instant now);
// Nobody.
std::unique_ptr<SerialDevice> make_nobody(const DeviceSpec& spec, Instant now);
// A Modbus RTU slave of another kind: an energy meter, which has holding registers 0 to 99 alone
// and refuses all others.
std::unique_ptr<SerialDevice> make_meter(const DeviceSpec& spec, Instant now);

}  // namespace world
