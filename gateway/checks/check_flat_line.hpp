// SPDX-License-Identifier: Apache-2.0
// Flat line: has the value hardly moved for too long?
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/checks/sliding_extremes.hpp"

namespace twinsky {

struct FlatLineLimits {
  std::optional<milliseconds> suspect;  // flat for so long
  std::optional<milliseconds> fail;
  double tolerance = 0;            // flat: the values lie less than this apart; 0 never flags
  std::optional<Interval> except;  // where standing still is natural: calm, no rain, saturation
  bool operator==(const FlatLineLimits&) const = default;
};

// A time is as many steps of the series as fit into it, and a window is that many samples and the
// newest. Missing ones are in the window but do not break a line.
class FlatLine {
 public:
  // `step`: the pace of the series (its configured period; of a file the median). Thresholds count
  // in whole seconds, as the rule has it.
  FlatLine(const FlatLineLimits& limits, milliseconds step);

  Flag push(std::optional<double> value);

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  struct Line {
    explicit Line(std::int64_t count) : steps(count) {}
    bool is_flat(std::int64_t newest, const std::optional<double>& value, double tolerance);

    std::int64_t steps;
    SlidingExtremes extremes;
  };
  FlatLineLimits limits_;
  std::optional<Line> suspect_;
  std::optional<Line> fail_;
  std::int64_t count_ = 0;  // samples so far
};

// The rule itself, of one window: at least one value, and all less than `tolerance` apart.
bool is_flat(std::span<const std::optional<double>> window, double tolerance) noexcept;

}  // namespace twinsky
