// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/wire_time.hpp"

#include <cmath>

namespace twinsky {

std::chrono::microseconds time_on_wire(const LineSettings& line, double bytes) {
  const int bits = 1 + line.data_bits + (line.parity == 'N' ? 0 : 1) + line.stop_bits;
  return std::chrono::microseconds(std::llround(std::ceil(bytes * bits * 1e6 / line.baud)));
}

}  // namespace twinsky
