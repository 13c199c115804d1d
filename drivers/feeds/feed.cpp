// SPDX-License-Identifier: Apache-2.0
// The names of what goes wrong with a feed, as logs, counters and `replay feed` show them.
#include "drivers/driver.hpp"

#include <array>

namespace twinsky {

std::string_view name_of(FeedFault fault) noexcept {
  static constexpr std::array<std::string_view, 8> names = {
      "unreachable", "http_error",      "html",     "truncated", "empty",
      "stale",       "grammar_changed", "too_large"};
  return names[static_cast<std::size_t>(fault)];
}

}  // namespace twinsky
