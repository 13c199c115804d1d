// SPDX-License-Identifier: Apache-2.0
// What a new configuration changes in the running program: only that restarts.
#pragma once

#include "gateway/config/config.hpp"

#include <map>
#include <string>
#include <vector>

namespace twinsky {

struct Difference {
  template <class Settings>
  struct Part {
    std::vector<Settings> added;
    std::vector<Settings> changed;     // as they shall be
    std::vector<std::string> removed;  // ids
    [[nodiscard]] bool empty() const { return added.empty() && changed.empty() && removed.empty(); }
  };

  bool gateway = false;  // name, position or jurisdiction: `info` is published anew
  // A bus that changed or is new starts with all its sensors; for the others `sensors` says what
  // changes while their neighbours go on. By the bus's id; a sensor that moved is removed from one
  // bus and added to another.
  Part<BusSettings> buses;
  std::map<std::string, Part<SensorSettings>> sensors;
  bool feeds = false;
  bool compare = false;
  bool warning_modes = false;
  Part<SinkSettings> sinks;
  bool serve = false;

  // What cannot change while the program runs, each with its reason: then nothing is applied.
  std::vector<Problem> impossible;

  [[nodiscard]] bool empty() const;
};

Difference difference(const Config& running, const Config& wanted);

// "sensors: roof-pm changed, attic added; feeds changed"
std::string summary_of(const Difference& difference);

}  // namespace twinsky
