// SPDX-License-Identifier: Apache-2.0
// Looks for what is connected: reads what answers on each wire and recognises it by what its
// drivers declare. Wires are looked at at the same time, a thread each; nothing is written but the
// questions of drivers, and those only where their devices can be.
#pragma once

#include "gateway/setup/ports.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

struct ScanWishes {
  std::vector<ScanTarget> targets;
  std::optional<std::pair<int, int>> units;  // of the device addresses that are gone through
};

struct ScannedDevice {
  const BusInfo* bus = nullptr;
  std::string bus_address;
  const DriverInfo* driver = nullptr;
  int address = 0;  // where its bus tells devices apart by a number; 0: it does not
  LineSettings line;
  Found found;
};

// Anything else that there is to say of a place.
struct ScanRemark {
  std::string where;  // "/dev/i2c-1 0x44"
  std::string what;   // a sentence without a subject
  std::string mend;   // what to do; may be empty
};

struct ScanReport {
  std::vector<ScannedDevice> devices;
  std::vector<ScanRemark> strangers;  // something answers or talks, and nobody knows it
  std::vector<ScanRemark> closed;     // could not be looked at
  std::vector<ScanRemark> silent;     // nobody is there, as far as one can hear
  bool was_stopped = false;           // what was found until then
};

struct ScanSurroundings {
  const Machine& machine;
  Clock& clock;
  std::function<bool()> is_to_stop;            // asked now and then by the calling thread
  std::function<void(std::string_view)> tell;  // what is looked at now; called by one at a time
};

ScanReport scan(const ScanWishes& wishes, const ScanSurroundings& surroundings);

// "0x44", "unit 7"; empty where there is none.
std::string place_text(const BusInfo& bus, int address);

}  // namespace twinsky
