// SPDX-License-Identifier: Apache-2.0
// What a scan is asked for on the command line, and the scan with its progress and its end by
// Ctrl-C: of `scan`, and of `config init`, which joins it.
#pragma once

#include "gateway/setup/scan.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace twinsky {

class Command;

struct ScanChoice {
  std::map<const BusInfo*, std::vector<std::string>> addresses;  // none at all: what is there
  std::string units;
};
std::shared_ptr<ScanChoice> add_scan_choice(Command& command);

// Throws WrongUsage.
ScanReport scan_with_progress(const ScanChoice& choice, const std::string& command);

// What was found and what was not, for people.
std::string text_of(const ScanReport& report);

}  // namespace twinsky
