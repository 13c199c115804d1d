// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/lag.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace twinsky {
namespace {

constexpr int fewest_to_accuse = 54;                                 // to accuse anybody
constexpr double absent = std::numeric_limits<double>::quiet_NaN();  // never leaves this file

// Both sides on a grid of hours without gaps.
struct Grid {
  HourStart begin{};
  std::vector<double> reference;
  std::vector<double> sensor;
};

Grid grid_of(std::span<const PairRow> rows, Series series) {
  Grid grid;
  if (rows.empty()) return grid;
  grid.begin = rows.front().hour;
  const auto hours = static_cast<std::size_t>((rows.back().hour - grid.begin).count()) + 1;
  grid.reference.assign(hours, absent);
  grid.sensor.assign(hours, absent);
  for (const PairRow& row : rows) {
    const auto at = static_cast<std::size_t>((row.hour - grid.begin).count());
    if (is_reference_valid(row)) grid.reference[at] = *row.reference;
    const auto& value = series == Series::raw ? row.sensor : row.corrected;
    if (!row.is_maintenance && is_sensor_valid(row) && value && std::isfinite(*value))
      grid.sensor[at] = *value;
  }
  return grid;
}

// x[i] beside y[i + lag], where both are there.
std::vector<Pair> shifted(std::span<const double> x, std::span<const double> y, int lag,
                          HourStart begin) {
  std::vector<Pair> pairs;
  pairs.reserve(x.size());
  const auto size = static_cast<int>(x.size());
  for (int at = std::max(0, -lag); at < size && at + lag < size; ++at) {
    const int across = at + lag;
    const double reference = x[static_cast<std::size_t>(at)];
    const double sensor = y[static_cast<std::size_t>(across)];
    if (std::isnan(reference) || std::isnan(sensor)) continue;
    pairs.push_back({begin + std::chrono::hours(at), reference, sensor});
  }
  return pairs;
}

// How many independent pairs there are; 0 when they are too few to accuse anybody.
double independent(std::span<const Pair> pairs) {
  const Moments moments = moments_of(pairs);
  const auto line = least_squares(moments);
  if (!line || moments.n < fewest_to_accuse) return 0;
  return autocorrelation(pairs, moments, *line).n_effective;
}

// Williams' t for two correlations with the same variable, which are themselves correlated: the
// reference and its own shifted self are nearly alike, and a test that takes the two for
// independent sees an hour's error in temperature only half of the time (Steiger 1980,
// Psychological Bulletin 87, 245, eq. 7).
double williams_t(double r_best, double r_zero, double r_between, double n) {
  const double determinant =
      std::max(0.0, 1 - r_best * r_best - r_zero * r_zero - r_between * r_between +
                        2 * r_best * r_zero * r_between);
  const double mean = (r_best + r_zero) / 2;
  const double below =
      2 * (n - 1) / (n - 3) * determinant + mean * mean * std::pow(1 - r_between, 3);
  if (!(below > 0)) return 0;
  return (r_best - r_zero) * std::sqrt((n - 1) * (1 + r_between) / below);
}

}  // namespace

LagScan scan_lags(std::span<const PairRow> rows, int reach, Series series) {
  const Grid grid = grid_of(rows, series);
  LagScan scan;
  double lowest = 0;
  const auto pairs_at = [&](int lag) {
    return shifted(grid.reference, grid.sensor, lag, grid.begin);
  };
  for (int lag = -reach; lag <= reach; ++lag) {
    const Moments moments = moments_of(pairs_at(lag));
    LagValue value{.hours = lag};
    if (moments.n >= 3) value.r = moments.r();
    scan.values.push_back(value);
    if (lag == 0) scan.r_zero = value.r;
    if (!value.r) continue;
    lowest = std::min(lowest, *value.r);
    // Of equal ones the nearest to 0.
    const bool is_better = !scan.r_best || *value.r > *scan.r_best ||
                           (*value.r == *scan.r_best && std::abs(lag) < std::abs(*scan.best));
    if (!is_better) continue;
    scan.best = lag;
    scan.r_best = value.r;
  }

  // Only a lag that fits well may accuse: of noise the best of 25 lags is always another one. With
  // EPA's month, PM2.5 against itself shifted has wrong lags up to r = 0.72, ozone and temperature
  // the right one from 0.97 on.
  constexpr double fitting = 0.8;
  constexpr double visible = 0.005;
  constexpr double beyond_doubt = 2;
  if (!scan.best || *scan.best == 0 || !scan.r_zero) return scan;
  // A sensor that runs the wrong way fits best somewhere in the other half of the day.
  if (-lowest > *scan.r_best) return scan;
  if (*scan.r_best < fitting || *scan.r_best - *scan.r_zero < visible) return scan;
  // Of the two lags, the right one leaves the residuals that depend less on each other.
  const double n_effective = std::max(independent(pairs_at(0)), independent(pairs_at(*scan.best)));
  const auto between =
      moments_of(shifted(grid.reference, grid.reference, *scan.best, grid.begin)).r();
  if (!between || !(n_effective > 3)) return scan;
  if (williams_t(*scan.r_best, *scan.r_zero, *between, n_effective) > beyond_doubt) {
    scan.misaligned_by = scan.best;
  }
  return scan;
}

}  // namespace twinsky
