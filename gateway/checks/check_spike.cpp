// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_spike.hpp"

#include <cmath>

namespace twinsky {
namespace {

double height_of(double before, double value, double after, SpikeMethod method) {
  if (method == SpikeMethod::average) return std::abs(value - (before + after) / 2);
  const double rise = value - before;
  const double fall = after - value;
  return rise * fall < 0 ? std::min(std::abs(rise), std::abs(fall)) : 0;
}

}  // namespace

Flag check_spike(std::optional<double> before, std::optional<double> value,
                 std::optional<double> after, const SpikeLimits& limits) noexcept {
  if (!value) return Flag::missing;
  if (!before || !after) return Flag::not_evaluated;
  return flag_above(height_of(*before, *value, *after, limits.method), limits.limits);
}

}  // namespace twinsky
