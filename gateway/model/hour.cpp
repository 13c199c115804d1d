// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/hour.hpp"

namespace twinsky {

std::int64_t expected_count(milliseconds interval) noexcept {
  constexpr milliseconds hour = std::chrono::hours(1);
  if (interval <= milliseconds(0)) return 0;
  return (hour + interval - milliseconds(1)) / interval;
}

bool is_valid_hour(std::int64_t used, std::int64_t expected) noexcept {
  return used > 0 && 4 * used >= 3 * expected;
}

}  // namespace twinsky
