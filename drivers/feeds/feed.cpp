// SPDX-License-Identifier: Apache-2.0
// The names of what goes wrong with a feed and of its labels, as logs, counters and commands show
// them.
#include "drivers/driver.hpp"

#include <array>

namespace twinsky {

std::string_view name_of(FeedFault fault) noexcept {
  static constexpr std::array<std::string_view, 9> names = {
      "unreachable", "http_error",      "html",      "truncated", "empty",
      "stale",       "grammar_changed", "too_large", "no_secret"};
  return names[static_cast<std::size_t>(fault)];
}

std::string_view name_of(Label label) noexcept {
  static constexpr std::array<std::string_view, 3> names = {"ending", "beginning", "stated"};
  return names[static_cast<std::size_t>(label)];
}

}  // namespace twinsky
