// SPDX-License-Identifier: Apache-2.0
// Sums of readings without rounding. Readings have few decimals, so in millionths they are whole
// numbers, and a sum of those is the same in whatever order the samples came: late ones, after
// restarts, or all at once. Nothing cancels either, which is what Welford's method is for.
#pragma once

#include <cstdint>

namespace twinsky {

class ExactSum {
 public:
  // What lies beyond 1e10 is taken as that; no quantity goes so far.
  void add(double value);

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double total() const;
  [[nodiscard]] double mean() const;       // not of nothing
  [[nodiscard]] double deviation() const;  // of the sample; 0 of fewer than two

 private:
  __extension__ using Wide = __int128;
  std::int64_t count_ = 0;
  Wide total_ = 0;    // millionths
  Wide squares_ = 0;  // of millionths
};

}  // namespace twinsky
