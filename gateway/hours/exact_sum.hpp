// SPDX-License-Identifier: Apache-2.0
// Sums of readings without rounding. Readings have few decimals, so in millionths they are whole
// numbers, and a sum of those is the same in whatever order the samples came: late ones, after
// restarts, or all at once. Nothing cancels either, which is what Welford's method is for. (What is
// no plain decimal, as a sine, is rounded to the unit once and then summed exactly.)
#pragma once

#include <cstdint>

namespace twinsky {

class ExactSum {
 public:
  explicit ExactSum(double units_per_one = 1e6) : units_per_one_(units_per_one) {}

  void add(double value);

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double total() const;
  [[nodiscard]] double mean() const;  // not of nothing
  // Of the sample; 0 of fewer than two. Right for values up to 1e16 units.
  [[nodiscard]] double deviation() const;

 private:
  __extension__ using Wide = __int128;
  __extension__ using Natural = unsigned __int128;
  double units_per_one_;
  std::int64_t count_ = 0;
  Wide total_ = 0;       // units
  Natural squares_ = 0;  // of units
};

}  // namespace twinsky
