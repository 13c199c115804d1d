// SPDX-License-Identifier: Apache-2.0
// What light meters share: a thousandth of a lux, or of a UV index, is finer than any of them can
// be relied on, and is as far as they are published.
#pragma once

#include <cmath>

namespace twinsky {

inline double to_thousandths(double value) {
  return std::round(value * 1000) / 1000;
}

}  // namespace twinsky
