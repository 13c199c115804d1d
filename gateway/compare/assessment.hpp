// SPDX-License-Identifier: Apache-2.0
// What the pairs of one window say, before anybody judges it. Pure; any thread.
#pragma once

#include "gateway/compare/statistics.hpp"
#include "gateway/compare/targets.hpp"

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

struct Assessment {
  Window window;
  Coverage coverage;
  std::vector<Pair> pairs;
  Moments moments;
  std::optional<Line> line;
  double n_effective = 0;  // n where neighbouring values count as independent
  std::optional<double> residual_rho1;
  std::optional<ConfidenceInterval> r_interval;
  std::optional<Errors> errors;
  std::optional<Range> range;
};

// `rows` in the order of their hours; those outside the window are left out.
Assessment assess(std::span<const PairRow> rows, Window window, Series series = Series::raw);

// Of daily means, which count as independent of each other.
Assessment assess_days(std::span<const PairRow> rows, Window window, const DayRule& rule,
                       Series series = Series::raw);

// What a sensor is held against a target with: its thirty days, at the target's averaging time.
inline constexpr std::chrono::hours target_hours{720};
Assessment assess_for(const Target& target, std::span<const PairRow> rows, HourStart end,
                      Series series = Series::raw);

}  // namespace twinsky
