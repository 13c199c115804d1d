// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/exact_sum.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

constexpr double most_units = 9e18;  // what 64 bits hold

}  // namespace

void ExactSum::add(double value) {
  const Wide units = std::llround(std::clamp(value * units_per_one_, -most_units, most_units));
  ++count_;
  total_ += units;
  squares_ += static_cast<Natural>(units) * static_cast<Natural>(units);
}

double ExactSum::total() const {
  return static_cast<double>(total_) / units_per_one_;
}

double ExactSum::mean() const {
  return static_cast<double>(total_) / (static_cast<double>(count_) * units_per_one_);
}

double ExactSum::deviation() const {
  if (count_ < 2) return 0;
  // The sum of squares less n times the squared mean, with the mean as a whole part and a rest.
  const Wide whole = total_ / count_;
  const Wide rest = total_ - whole * count_;
  const auto n = static_cast<double>(count_);
  const double around_mean =
      static_cast<double>(static_cast<Wide>(squares_) - whole * (total_ + rest)) -
      static_cast<double>(rest) * static_cast<double>(rest) / n;
  return std::sqrt(std::max(around_mean, 0.0) / (n - 1)) / units_per_one_;
}

}  // namespace twinsky
