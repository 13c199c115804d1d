// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_time.hpp"

namespace twinsky {

Flag check_time_gap(const std::optional<UtcTime>& before, const std::optional<UtcTime>& time,
                    milliseconds limit) noexcept {
  if (!time) return Flag::missing;
  if (!before) return Flag::not_evaluated;
  return *time - *before > limit ? Flag::fail : Flag::pass;
}

Flag check_reception(const std::optional<UtcTime>& time, UtcTime now, milliseconds limit) noexcept {
  if (!time) return Flag::missing;
  return now - *time > limit ? Flag::fail : Flag::pass;
}

Flag check_date(const std::optional<UtcTime>& time, UtcTime now, bool clock_is_set,
                const PossibleDates& possible) noexcept {
  if (!time) return Flag::missing;
  if (!clock_is_set) return Flag::suspect;
  const bool is_possible = *time <= now && (!possible.earliest || *time >= *possible.earliest) &&
                           (!possible.latest || *time <= *possible.latest);
  return is_possible ? Flag::pass : Flag::fail;
}

}  // namespace twinsky
