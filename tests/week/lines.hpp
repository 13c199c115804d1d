// SPDX-License-Identifier: Apache-2.0
// The wires of a rehearsal: the emulated devices of one scenario in this process and in the
// rehearsal's own time. What stands here takes the kernel's place below the product's buses:
// SerialPort (a pty in life), Timer and wait_for (a socket's), both clocks of the emulated world;
// an I2C adapter is put in as a bus of its own. Everything above, the Modbus masters too, is as it
// runs.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/model/fast_clock.hpp"
#include "tests/world/device.hpp"
#include "tests/world/modbus_server.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace twinsky::rehearsed {

// One serial line with its devices; what they say lies there until it is read. Used by the thread
// of its bus alone.
struct Line {
  std::map<std::string, std::unique_ptr<world::SerialDevice>> devices;
  std::vector<std::byte> inbox;

  // What the devices have said by now.
  void advance();
  [[nodiscard]] std::optional<MonotonicTime> due() const;
  void say(const std::vector<world::Frame>& frames);
};

struct Wires {
  std::map<std::string, Line> lines;  // by the name of the port's file
  std::map<std::string, std::map<int, std::unique_ptr<world::I2cDevice>>> adapters;  // "i2c-1"
  world::Loop loop;  // of what is reached over TCP; one bus's thread turns it
  std::vector<std::unique_ptr<world::ModbusServer>> servers;
};

// From now on time is that of `clock` and these are the wires, for all of the process.
void begin(FastClock& clock);
// The devices of a scenario, begun at the present time.
void connect(const world::Scenario& scenario);
Wires& wires();

std::unique_ptr<Bus> make_rehearsed_bus(const BusSettings& settings, BusSurroundings surroundings);

}  // namespace twinsky::rehearsed
