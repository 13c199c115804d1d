// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_rate.hpp"

#include <cmath>

namespace twinsky {

Flag check_rate(const std::optional<Point>& before, const Point& point,
                const Limits& per_second) noexcept {
  if (!point.value) return Flag::missing;
  if (!before || !before->value) return Flag::pass;
  const double step = *point.value - *before->value;
  if (step == 0) return Flag::pass;
  const std::chrono::duration<double> seconds = point.time - before->time;
  return flag_above(std::abs(step / seconds.count()), per_second);
}

}  // namespace twinsky
