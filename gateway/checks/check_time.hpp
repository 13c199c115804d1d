// SPDX-License-Identifier: Apache-2.0
// The times of samples: gaps between them, their arrival, dates that cannot be.
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

// The later sample of a gap that is longer than `limit` fails; after a missing time it is not
// evaluated. The first of a series takes the flag of the second, so it is known one sample later.
Flag check_time_gap(const std::optional<UtcTime>& before, const std::optional<UtcTime>& time,
                    milliseconds limit) noexcept;

// Older than `limit` when it is looked at: fails. What is newer than `now` passes.
Flag check_reception(const std::optional<UtcTime>& time, UtcTime now, milliseconds limit) noexcept;

// In the future, or outside `possible`: fails. While nothing attests to the clock nobody can say
// so, and it is suspect.
struct PossibleDates {
  std::optional<UtcTime> earliest;
  std::optional<UtcTime> latest;
};
Flag check_date(const std::optional<UtcTime>& time, UtcTime now, bool clock_is_set,
                const PossibleDates& possible = {}) noexcept;

}  // namespace twinsky
