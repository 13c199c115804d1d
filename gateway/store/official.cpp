// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/official.hpp"

namespace twinsky {

std::vector<OfficialValue> values_kept_of(const Sample& sample) {
  std::vector<OfficialValue> values;
  const auto length = sample.official->end - sample.official->start;
  if (length <= milliseconds(0) || length > std::chrono::hours(1)) return values;
  for (const Reading& reading : sample.readings) {
    const Averaging averaging = info_of(reading.quantity).averaging;
    const bool is_mean = averaging == Averaging::mean || averaging == Averaging::energy;
    if (!is_mean || !reading.channel.empty()) continue;
    values.push_back({.quantity = reading.quantity,
                      .value = reading.value,
                      .flag = reading.value ? reading.flag : Flag::missing,
                      .gas_reference_k = sample.official->gas_reference_k});
  }
  return values;
}

}  // namespace twinsky
