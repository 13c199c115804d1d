// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numbers>

namespace twinsky {
namespace {

// Q(lambda) of Kolmogorov's limiting distribution. Of its two series each converges within a few
// terms on its own side of about 1.
double kolmogorov_q(double lambda) {
  constexpr double middle = 1.18;
  constexpr double negligible = 1e-300;
  if (lambda < 0.04) return 1;  // below 1 by less than a double can tell
  if (lambda < middle) {
    const double step = -std::numbers::pi * std::numbers::pi / (8 * lambda * lambda);
    double sum = 0;
    for (const int odd : {1, 3, 5, 7}) sum += std::exp(step * odd * odd);
    return 1 - std::sqrt(2 * std::numbers::pi) / lambda * sum;
  }
  double sum = 0;
  double sign = 1;
  for (int j = 1; j <= 8; ++j, sign = -sign) {
    const double term = std::exp(-2.0 * j * j * lambda * lambda);
    if (term < negligible) break;
    sum += sign * term;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

std::optional<double> share(int part, int whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / whole;
}

}  // namespace

std::optional<Errors> errors_of(std::span<const Pair> pairs, const Moments& moments) noexcept {
  if (pairs.empty()) return std::nullopt;
  Errors errors;
  const double n = static_cast<double>(pairs.size());
  double squares = 0;
  double centred = 0;
  for (const Pair& pair : pairs) {
    const double difference = pair.sensor - pair.reference;
    errors.mbe += difference / n;
    errors.mae += std::abs(difference) / n;
    squares += difference * difference / n;
  }
  for (const Pair& pair : pairs) {
    const double difference = pair.sensor - pair.reference - errors.mbe;
    centred += difference * difference / n;
  }
  errors.rmse = std::sqrt(squares);
  errors.rmse_centred = std::sqrt(centred);
  if (moments.mean_reference != 0) errors.nrmse = errors.rmse / moments.mean_reference;
  return errors;
}

double quantile(std::span<const double> sorted, double share) noexcept {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

std::optional<Range> reference_range(std::span<const Pair> pairs) {
  if (pairs.empty()) return std::nullopt;
  std::vector<double> sorted;
  sorted.reserve(pairs.size());
  for (const Pair& pair : pairs) sorted.push_back(pair.reference);
  std::ranges::sort(sorted);
  return Range{.minimum = sorted.front(),
               .p05 = quantile(sorted, 0.05),
               .median = quantile(sorted, 0.5),
               .p95 = quantile(sorted, 0.95),
               .maximum = sorted.back()};
}

std::optional<double> Exceedance::probability_of_detection() const noexcept {
  return share(hits, hits + misses);
}

std::optional<double> Exceedance::false_alarm_ratio() const noexcept {
  return share(false_alarms, hits + false_alarms);
}

Exceedance exceedance(std::span<const Pair> pairs, double threshold) noexcept {
  Exceedance table{.threshold = threshold};
  for (const Pair& pair : pairs) {
    const bool is_high = pair.reference > threshold;
    const bool is_said = pair.sensor > threshold;
    ++(is_high ? (is_said ? table.hits : table.misses)
               : (is_said ? table.false_alarms : table.correct_negatives));
  }
  return table;
}

std::optional<Precision> precision(std::span<const std::vector<double>> hours) noexcept {
  if (hours.size() < 2 || hours.front().size() < 2) return std::nullopt;
  Precision result{.concurrent_hours = static_cast<int>(hours.size())};
  const double units = static_cast<double>(hours.front().size());
  const double values = units * static_cast<double>(hours.size());
  double squares = 0;
  for (const std::vector<double>& hour : hours) {
    double mean = 0;
    for (const double value : hour) mean += value / units;
    for (const double value : hour) squares += (value - mean) * (value - mean);
    result.mean += mean / static_cast<double>(hours.size());
  }
  result.sd = std::sqrt(squares / (values - 1));
  if (result.mean != 0) result.cv = result.sd / result.mean;
  return result;
}

KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> sorted_a,
                                     std::span<const double> sorted_b,
                                     std::optional<double> effective) noexcept {
  // The two steps are compared as |i m - j n|, exact in integers, and divided once.
  const auto n = static_cast<std::int64_t>(sorted_a.size());
  const auto m = static_cast<std::int64_t>(sorted_b.size());
  std::int64_t farthest = 0;
  std::int64_t i = 0;
  std::int64_t j = 0;
  const double* const a = sorted_a.data();
  const double* const b = sorted_b.data();
  while (i < n && j < m) {
    const double value = std::min(a[i], b[j]);
    while (i < n && a[i] <= value) ++i;
    while (j < m && b[j] <= value) ++j;
    farthest = std::max(farthest, std::abs(i * m - j * n));
  }
  const auto product = static_cast<double>(n * m);
  const double distance = static_cast<double>(farthest) / product;
  const double independent = effective ? *effective / 2 : product / static_cast<double>(n + m);
  return {distance, kolmogorov_q(distance * std::sqrt(independent))};
}

}  // namespace twinsky
