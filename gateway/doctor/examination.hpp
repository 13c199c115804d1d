// SPDX-License-Identifier: Apache-2.0
// One subject that `twinsky doctor` looks at. A file of this folder is one subject and ends with
// its descriptor, by which it is found. It looks and changes nothing, with a gateway that runs and
// without one, and it is silent where all is well.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/doctor/finding.hpp"
#include "gateway/doctor/machine.hpp"
#include "gateway/model/json.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace twinsky {

struct Patient {
  const Config& config;
  const std::string& file;  // of the configuration
  const Machine& machine;
  Clock& clock;
  Log& log;
  // What the gateway that runs says of itself (service/); nullptr: nobody can be asked.
  const Json* overview = nullptr;
};

struct Examination {
  std::string_view name;
  int place = 0;  // in the order in which one would mend
  Findings (*look)(const Patient& patient) = nullptr;
};

// What the folder defines, written when the program is built.
std::span<const Examination* const> found_examinations() noexcept;

// All of them, in their order; `begin` is told the name of each before it looks. One that fails is
// a finding of its own.
Findings examine(
    const Patient& patient,
    const std::function<void(std::string_view)>& begin = [](std::string_view) {});

}  // namespace twinsky
