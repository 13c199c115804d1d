// SPDX-License-Identifier: Apache-2.0
// Gross range: can the quantity, or the instrument, have this value at all?
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

struct RangeLimits {
  std::optional<Interval> fail;
  std::optional<Interval> suspect;  // inside `fail`
  bool operator==(const RangeLimits&) const = default;
};

Flag check_range(std::optional<double> value, const RangeLimits& limits) noexcept;

}  // namespace twinsky
