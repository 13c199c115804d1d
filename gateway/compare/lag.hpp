// SPDX-License-Identifier: Apache-2.0
// Is the reference labelled with the hour that we think it is? Lag L pairs reference hour i with
// sensor hour i + L. Pure; any thread.
#pragma once

#include "gateway/compare/fit.hpp"

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

struct LagValue {
  int hours = 0;
  std::optional<double> r;  // absent with fewer than 3 pairs or a constant side
};

struct LagScan {
  std::vector<LagValue> values;  // from -reach to +reach
  std::optional<int> best;       // the lag of the greatest r
  std::optional<double> r_best;
  std::optional<double> r_zero;
  // Set when another lag than 0 fits better beyond doubt: the hours to add to the reference's
  // labels to put them right.
  std::optional<int> misaligned_by;
};

// `rows` in the order of their hours. The daemon scans +-12 h, which also finds a time zone taken
// for another.
LagScan scan_lags(std::span<const PairRow> rows, int reach, Series series = Series::raw);

}  // namespace twinsky
