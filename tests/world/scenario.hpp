// SPDX-License-Identifier: Apache-2.0
// A scenario file as the world uses it: complete and checked.
#pragma once

#include "truth.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace world {

// Something in the scenario or on the command line is wrong; what() is for people.
class ScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What is the matter with one device for some time.
struct Trouble {
  std::string is;  // one of trouble_names()
  Utc from{};
  Utc to{};
  double least_s = 0;  // `late`: by how much
  double most_s = 0;
};
const std::vector<std::string>& trouble_names();

struct DeviceSpec {
  std::string name;
  std::string kind;
  std::string port{};            // serial kinds: the link in the world's directory
  std::string bus{};             // I2C kinds: "i2c-1" is /dev/i2c-1
  int address = 0;               // I2C address or Modbus unit
  double running_for_s = 0;      // how long it has had power when the world starts
  double spin_up_s = 3;          // all-zero frames after waking (Plantower)
  double settles_s = 0;          // a laser counter says far too little for so long after waking
  int work_period_min = 0;       // what another program left in it (SDS011)
  double frames_per_second = 0;  // 0: its own pace
  bool humidity_element = true;  // false: calibration without it (BME280)
  int tcp = -1;                  // Modbus over TCP, on this port; 0: any free one
  std::string mode{};            // "passive" or "asleep": as somebody left it (laser counters)
  bool is_kernels = false;       // I2C: a driver of the kernel has it
  std::vector<Trouble> troubles{};
  View view;
};

struct PortSpec {
  int baud = 0;         // 0: that of its devices
  bool paced = false;   // bytes take the time that they need at this speed
  bool echo = false;    // an RS-485 adapter that repeats what it is given to send
  bool strict = false;  // at another speed than its own nothing is understood, either way
};

// For some hours an official station has no value of some quantities.
struct Gap {
  std::vector<std::string> of;
  double from_second = 0;
  double to_second = 86'400;
  std::string text;  // what the agency prints instead; empty: its usual word
};

// From some issue of the document on, the value of one hour is another, up to another issue.
struct Revision {
  std::string quantity;
  Utc hour_end{};
  double plus = 0;
  Utc from{};
  Utc to{};
};

// The row of one hour comes only with a later issue.
struct LateRow {
  Utc hour_end{};
  Utc from{};
};

struct Renaming {
  std::string name;
  Utc from{};
};

struct StationSpec {
  std::string name;
  std::string code{};  // of a mainland site
  bool roadside = false;
  View view;
  std::vector<Gap> gaps{};
  std::vector<Revision> revisions{};
  std::vector<LateRow> late_rows{};
  std::optional<Renaming> renamed{};

  // The text printed instead of the value at this time; null when there is a value.
  [[nodiscard]] const std::string* gap(std::string_view quantity, Utc time) const;
  // How a document of that issue calls it, whether it has that hour, and the mean that it has.
  [[nodiscard]] const std::string& name_in(Utc issued) const;
  [[nodiscard]] bool has_row(Utc hour_end, Utc issued) const;
  [[nodiscard]] double mean(const std::string& quantity, Utc hour_end, Utc issued) const;
};

// A weather warning that is in force every day from then to then.
struct WarningSpec {
  std::string name;
  std::string code;
  std::string type;
  double from_second = 0;
  double to_second = 86'400;
};

// How an agency's answers are in some time: one of the states of `feed AGENCY STATE`.
struct Spell {
  std::string agency;
  std::string state;
  Utc from{};
  Utc to{};
};

struct TimedCommand {
  std::chrono::milliseconds after{};
  std::string command;
};

struct Scenario {
  bool has_journal = false;  // keeps all that is written to devices
  std::shared_ptr<const Truth> truth;
  std::map<std::string, PortSpec> ports;
  std::vector<DeviceSpec> devices;
  std::vector<StationSpec> epd;
  // The four products list different stations.
  std::map<std::string, std::vector<StationSpec>> hko;  // temperature, humidity, pressure, wind
  std::vector<WarningSpec> warnings;
  std::vector<StationSpec> cnemc;
  std::vector<StationSpec> metar;
  std::vector<TimedCommand> faults;
  std::vector<Spell> spells;
};

// Throws ScenarioError that names the file and the place in it.
Scenario load_scenario(const std::string& file);

}  // namespace world
