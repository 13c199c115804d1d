// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_twin.hpp"

#include <cmath>

namespace twinsky {

Flag check_twin(std::optional<double> a, std::optional<double> b) noexcept {
  constexpr double apart_ug_m3 = 5;
  constexpr double apart_of_mean = 0.70;
  if (!a && !b) return Flag::missing;
  if (!a || !b) return Flag::not_evaluated;
  const double apart = std::abs(*a - *b);
  const bool disagree = apart > apart_ug_m3 && 2 * apart > apart_of_mean * std::abs(*a + *b);
  return disagree ? Flag::fail : Flag::pass;
}

}  // namespace twinsky
