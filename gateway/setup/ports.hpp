// SPDX-License-Identifier: Apache-2.0
// The wires of this machine that a scan looks at, each as every kind of bus that it may be.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/doctor/machine.hpp"

#include <string>
#include <vector>

namespace twinsky {

struct ScanTarget {
  std::string address;                // "/dev/serial/by-id/…", "192.0.2.7:502"
  std::vector<const BusInfo*> kinds;  // in the order in which they are tried
};

// Kinds whose devices some driver can recognise.
std::vector<const BusInfo*> scannable_kinds();
// An address that somebody names for a kind; it may be one of the others that have such files, too.
ScanTarget target_at(const BusInfo& kind, std::string address);
// All that are there, once each and by the name that stays the same.
std::vector<ScanTarget> targets_of(const Machine& machine);

}  // namespace twinsky
