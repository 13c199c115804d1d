// SPDX-License-Identifier: Apache-2.0
// Mean and spread of numbers that come one by one (Welford 1962), without the cancellation of sums
// of squares.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace twinsky {

struct Welford {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;  // of the distances from the mean

  void add(double value) {
    ++count;
    const double distance = value - mean;
    mean += distance / static_cast<double>(count);
    squares += distance * (value - mean);
  }
  // Of the numbers themselves, not of what they are a sample of.
  [[nodiscard]] double population_deviation() const {
    return count > 0 ? std::sqrt(std::max(squares, 0.0) / static_cast<double>(count)) : 0;
  }
};

}  // namespace twinsky
