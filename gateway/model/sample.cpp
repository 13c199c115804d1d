// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/sample.hpp"

#include <cmath>

namespace twinsky {

Reading reading(Quantity quantity, double value, std::string_view channel) {
  // A device that sends NaN or infinity says that its element failed.
  if (!std::isfinite(value)) return absent(quantity, Fault::sensor_fault, channel);
  return {.quantity = quantity,
          .value = value,
          .fault = {},
          .flag = Flag::not_evaluated,
          .channel = std::string(channel),
          .text = {}};
}

Reading absent(Quantity quantity, Fault fault, std::string_view channel) {
  return {.quantity = quantity,
          .value = {},
          .fault = fault,
          .flag = Flag::missing,
          .channel = std::string(channel),
          .text = {}};
}

}  // namespace twinsky
