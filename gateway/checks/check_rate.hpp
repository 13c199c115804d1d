// SPDX-License-Identifier: Apache-2.0
// Rate of change, per second, since the sample before.
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

// The first of a series passes, and so does the first after a missing one: nothing speaks against
// it. Two different values at one time change infinitely fast.
Flag check_rate(const std::optional<Point>& before, const Point& point,
                const Limits& per_second) noexcept;

}  // namespace twinsky
