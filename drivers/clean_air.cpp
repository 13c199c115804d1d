// SPDX-License-Identifier: Apache-2.0
#include "drivers/clean_air.hpp"

#include <algorithm>

namespace twinsky {

void CleanAir::note(const Result<Sample>& sample) {
  if (!sample) {
    if (sample.error() != Fault::warming_up) return;
    is_warm_ = false;
    newest_ = 0;
    return;
  }
  const auto particles = std::ranges::find(sample->readings, Quantity::pm10, &Reading::quantity);
  if (particles == sample->readings.end()) return;  // an acknowledgement
  is_warm_ = true;
  newest_ = particles->value.value_or(0);
}

}  // namespace twinsky
