// SPDX-License-Identifier: Apache-2.0
// What a scan found, as a configuration has it.
#pragma once

#include "gateway/model/json.hpp"
#include "gateway/setup/scan.hpp"

#include <string>
#include <vector>

namespace twinsky {

struct ProposedSensor {
  Json entry;               // as it stands in "sensors"
  std::string about = {};   // what it is and how sure that is, for a comment
  bool is_complete = true;  // false: first somebody has to say what it needs
};

struct ProposedDevices {
  Json buses = Json::object();  // by their ids
  std::vector<ProposedSensor> sensors = {};

  // Those that are complete.
  [[nodiscard]] Json sensor_list() const;
};

ProposedDevices proposal_of(const ScanReport& report);
// What earlier `twinsky scan --json` printed; the error is a sentence.
Result<ProposedDevices, std::string> proposal_in(std::string_view json);

// "Bosch BMP280 at /dev/i2c-1 0x76, known by its chip id"
std::string about(const ScannedDevice& device);

// The driver's settings in an entry of "sensors".
Settings settings_in(const Json& entry, const DriverInfo& driver);

// As people write it: {"id": "auto", "name": "Roof"}
std::string spaced(const Json& json);
// The members of "buses" and the items of "sensors", a line each, comments above them.
std::string bus_lines(const ProposedDevices& proposal);
std::string sensor_lines(const ProposedDevices& proposal);

}  // namespace twinsky
