// SPDX-License-Identifier: Apache-2.0
// How long bytes take on a serial wire.
#pragma once

#include "drivers/driver.hpp"

#include <chrono>

namespace twinsky {

std::chrono::microseconds time_on_wire(const LineSettings& line, double bytes);

}  // namespace twinsky
