// SPDX-License-Identifier: Apache-2.0
// EPA's month of hours as rows of a comparison.
#pragma once

#include "gateway/compare/hourly_csv.hpp"
#include "tests/unit/places.hpp"

#include <string>
#include <vector>

namespace twinsky {

inline std::vector<PairRow> collocated_rows(const std::string& sensor,
                                            const std::string& reference) {
  static const HourlyCsv csv(tests_directory() +
                             "/cases/compare/epa-collocation-2019-08-hourly.csv");
  std::vector<PairRow> rows;
  for (std::size_t at = 0; at < csv.hours().size(); ++at) {
    rows.push_back({.hour = csv.hours()[at],
                    .sensor = csv.column(sensor)[at],
                    .usable = static_cast<int>(csv.column(sensor + "_n")[at].value_or(0)),
                    .expected = 60,
                    .reference = csv.column(reference)[at]});
  }
  return rows;
}

// The reference of hour i stands at hour i + hours: its labels are that late.
inline std::vector<PairRow> with_late_labels(const std::vector<PairRow>& rows, int hours) {
  std::vector<PairRow> shifted = rows;
  const int size = static_cast<int>(rows.size());
  for (int at = 0; at < size; ++at) {
    const int from = at - hours;
    shifted[static_cast<std::size_t>(at)].reference =
        from >= 0 && from < size ? rows[static_cast<std::size_t>(from)].reference : std::nullopt;
  }
  return shifted;
}

inline Window whole_of(const std::vector<PairRow>& rows) {
  return {rows.front().hour, rows.back().hour + std::chrono::hours(1)};
}

}  // namespace twinsky
