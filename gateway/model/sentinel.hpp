// SPDX-License-Identifier: Apache-2.0
// Numbers that agencies and data loggers print where they have none: nines alone, negative (-99,
// -999.9, -9999) or from four digits on (9999, 99999.99). Smaller ones that are positive may have
// been measured (99 %, 999.9 hPa).
#pragma once

#include <string_view>

namespace twinsky {

// As printed: digits with a sign and a point at most.
bool is_sentinel(std::string_view printed) noexcept;
bool is_sentinel(double value) noexcept;

}  // namespace twinsky
