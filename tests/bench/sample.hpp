// SPDX-License-Identifier: Apache-2.0
// The bench's sample: one synthetic reading of one quantity, formatted as the daemon formats it.
#pragma once

#include "gateway/text/record.hpp"

#include <array>
#include <string>

namespace bench {

inline constexpr const char* stream = "sensor/bench";

inline twinsky::Sample sample(twinsky::UtcTime time, long number) {
  twinsky::Sample made;
  made.time = time;
  made.readings.push_back(
      twinsky::reading(twinsky::Quantity::pm2_5, 5 + static_cast<double>(number % 300) / 10));
  return made;
}

inline std::string body(const twinsky::Sample& sample) {
  static constexpr std::array columns = {twinsky::Column{twinsky::Quantity::pm2_5, 1}};
  return twinsky::record_body(sample, columns, {}, 1);
}

}  // namespace bench
