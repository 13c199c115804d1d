// SPDX-License-Identifier: Apache-2.0
// Something that stands in the gateway's way, for people.
#pragma once

#include <string>
#include <vector>

namespace twinsky {

struct Finding {
  std::string code;   // "device_missing": the same for ever
  std::string about;  // which thing: "bus pm (/dev/ttyUSB0)"
  std::string what;   // a sentence
  std::string mend;   // the command that mends it
};
using Findings = std::vector<Finding>;

}  // namespace twinsky
