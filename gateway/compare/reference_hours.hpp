// SPDX-License-Identifier: Apache-2.0
// Hours of an official station. An interval of one whole hour is the hour. Shorter ones are put
// together: the hour is cut into six parts of ten minutes, an interval covers those that it touches
// and the one in which it ends (a mean of one minute that comes every ten minutes stands for its
// ten minutes), and five parts of six make an hour, 75 % of it. Its value is the mean of the
// intervals that end in it. Pure; any thread.
#pragma once

#include "gateway/compare/pairs.hpp"
#include "gateway/store/official.hpp"

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

struct ReferenceHour {
  HourStart hour{};
  std::optional<double> value;
  Flag flag = Flag::not_evaluated;
  std::optional<double> gas_reference_k;

  [[nodiscard]] bool counts() const;  // has a value that nobody doubts
};

// In the order of the hours. `rows` of one station and quantity, as the store sorts them; where
// several documents speak of an interval, the first by name that has a value which can be used
// holds.
std::vector<ReferenceHour> reference_hours(std::span<const OfficialRow> rows);

}  // namespace twinsky
