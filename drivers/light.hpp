// SPDX-License-Identifier: Apache-2.0
// What light meters share: a thousandth of a lux, or of a UV index, is finer than any of them can
// be relied on, and is as far as they are published; and each stands behind something.
#pragma once

#include "gateway/model/setting.hpp"

#include <cmath>

namespace twinsky {

inline double to_thousandths(double value) {
  return std::round(value * 1000) / 1000;
}

inline constexpr Setting window_factor_setting = {
    .name = "window_factor",
    .kind = SettingKind::number,
    .documentation = "By what the light is weaker behind its window or dome.",
    .fallback = "1",
    .lower = 0.1,
    .upper = 100};

}  // namespace twinsky
