// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/time_option.hpp"

#include "gateway/commands/command_line.hpp"

namespace twinsky {

std::optional<UtcTime> time_option(const std::string& option, const std::string& text,
                                   const Zone& zone) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_local_time(text, zone, SystemClock().utc());
  if (!time) {
    throw WrongUsage(option, "\"" + text +
                                 "\" is no time; expected for example 10:30, 2026-11-22T10:30, "
                                 "2026-11-22 or 2026-11-22T02:30:00Z");
  }
  return time;
}

}  // namespace twinsky
