// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_range.hpp"

namespace twinsky {

Flag check_range(std::optional<double> value, const RangeLimits& limits) noexcept {
  if (!value) return Flag::missing;
  if (limits.fail && !limits.fail->has(*value)) return Flag::fail;
  if (limits.suspect && !limits.suspect->has(*value)) return Flag::suspect;
  return Flag::pass;
}

}  // namespace twinsky
