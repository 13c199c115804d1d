// SPDX-License-Identifier: Apache-2.0
// How far the sensor is from the reference, how much there was to see, and how often both agree
// that a threshold was exceeded. What is undefined is absent, never NaN. Pure; any thread.
#pragma once

#include "gateway/compare/fit.hpp"

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

struct Errors {
  double mbe = 0;  // mean of sensor - reference
  double mae = 0;
  double rmse = 0;
  double rmse_centred = 0;      // what remains when the bias is taken off
  std::optional<double> nrmse;  // rmse / mean of the paired reference; absent when that is 0
};
// Absent when there are no pairs.
std::optional<Errors> errors_of(std::span<const Pair> pairs, const Moments& moments) noexcept;

// Quantile by linear interpolation between order statistics (type 7); `sorted` is not empty.
double quantile(std::span<const double> sorted, double share) noexcept;

struct Range {
  double minimum = 0;
  double p05 = 0;
  double median = 0;
  double p95 = 0;
  double maximum = 0;
  [[nodiscard]] double span() const noexcept { return p95 - p05; }
};
// Of the paired reference.
std::optional<Range> reference_range(std::span<const Pair> pairs);

// Hours above a threshold, by either side.
struct Exceedance {
  double threshold = 0;
  int hits = 0;
  int misses = 0;        // the reference was above, the sensor was not
  int false_alarms = 0;  // the other way round
  int correct_negatives = 0;
  [[nodiscard]] std::optional<double> probability_of_detection() const noexcept;
  [[nodiscard]] std::optional<double> false_alarm_ratio() const noexcept;
};
Exceedance exceedance(std::span<const Pair> pairs, double threshold) noexcept;

// How far several units of one kind agree in the hours in which all of them are valid.
struct Precision {
  int concurrent_hours = 0;
  double sd = 0;  // sqrt(sum over hours and units of (y - hour's mean)^2 / (N M - 1))
  double mean = 0;
  std::optional<double> cv;  // sd / mean; absent when the mean is 0
};
// `hours`: the values of all units, hour by hour. Absent for fewer than two hours or units.
std::optional<Precision> precision(std::span<const std::vector<double>> hours) noexcept;

// Two-sample Kolmogorov-Smirnov distance of the two sides' distributions.
struct KolmogorovSmirnov {
  double d = 0;
  double p = 1;  // of the limiting distribution at lambda = d sqrt(n m / (n + m))
};
// Both sorted, neither empty. `effective` is the number of independent values of each side where
// autocorrelation makes it smaller than their count.
KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> sorted_a,
                                     std::span<const double> sorted_b,
                                     std::optional<double> effective = {}) noexcept;

}  // namespace twinsky
