// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/roughly.hpp"

#include <algorithm>

namespace twinsky {

// Whole units of which there are at least two.
std::string roughly(milliseconds length) {
  constexpr std::int64_t minute = 60;
  constexpr std::int64_t hour = 60 * minute;
  constexpr std::int64_t day = 24 * hour;
  const std::int64_t seconds = std::max<std::int64_t>(length.count() / 1000, 0);
  if (seconds < 2 * minute) return std::to_string(seconds) + " s";
  if (seconds < 2 * hour) return std::to_string(seconds / minute) + " min";
  if (seconds < 2 * day) return std::to_string(seconds / hour) + " h";
  return std::to_string(seconds / day) + " days";
}

}  // namespace twinsky
