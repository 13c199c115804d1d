// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/assessment.hpp"

namespace twinsky {
namespace {

void describe(Assessment& result) {
  result.moments = moments_of(result.pairs);
  result.line = least_squares(result.moments);
  result.n_effective = result.moments.n;
  result.errors = errors_of(result.pairs, result.moments);
  result.range = reference_range(result.pairs);
}

void bound_r(Assessment& result) {
  if (result.line) result.r_interval = interval_of_r(result.line->r, result.n_effective);
}

}  // namespace

Assessment assess(std::span<const PairRow> rows, Window window, Series series) {
  Assessment result{.window = window, .coverage = coverage(rows, window, series)};
  result.pairs = pairs_of(within(rows, window), series);
  describe(result);
  if (result.line) {
    const auto found = autocorrelation(result.pairs, result.moments, *result.line);
    result.n_effective = found.n_effective;
    result.residual_rho1 = found.residual_rho1;
  }
  bound_r(result);
  return result;
}

Assessment assess_days(std::span<const PairRow> rows, Window window, const DayRule& rule,
                       Series series) {
  DailyPairs daily = daily_pairs(within(rows, window), rule, series);
  Assessment result{.window = window};
  result.coverage = coverage(rows, window, series);  // of the hours behind the days
  result.coverage.expected = daily.days;
  result.coverage.pairs = static_cast<int>(daily.pairs.size());
  result.pairs = std::move(daily.pairs);
  describe(result);
  bound_r(result);
  return result;
}

Assessment assess_for(const Target& target, std::span<const PairRow> rows, HourStart end,
                      Series series) {
  const Window month{end - target_hours, end};
  return target.interval_h == 1 ? assess(rows, month, series)
                                : assess_days(rows, month, DayRule{}, series);
}

}  // namespace twinsky
