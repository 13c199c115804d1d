// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/fit.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

constexpr int fewest_pairs = 3;  // a line through two points leaves no residual
constexpr double normal_95 = 1.959963984540054;

double sample_sd(double sum_of_squares, int n) {
  return n > 1 ? std::sqrt(sum_of_squares / (n - 1)) : 0;
}

// Equal values may leave some rounding of their mean in the centred sum.
bool is_constant(double sum_of_squares, double mean, int n) {
  constexpr double rounding = 1e-13;
  return sum_of_squares <= n * (mean * rounding) * (mean * rounding);
}

// How far 95 % of a t distribution reach.
double t95(double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), 0.975);
}

LineIntervals intervals(const Line& line, double degrees, double widening) {
  LineIntervals result{.t95 = t95(degrees)};
  const double slope = result.t95 * line.se_slope * widening;
  const double intercept = result.t95 * line.se_intercept * widening;
  result.slope = {line.slope - slope, line.slope + slope};
  result.intercept = {line.intercept - intercept, line.intercept + intercept};
  return result;
}

bool is_fittable(const Moments& moments) {
  return moments.n >= fewest_pairs && !moments.is_reference_constant() &&
         !moments.is_sensor_constant();
}

// Rounding must not make it negative.
double residual_sum(const Moments& m) {
  return std::max(0.0, m.syy - m.sxy * m.sxy / m.sxx);
}

}  // namespace

double Moments::sd_reference() const noexcept {
  return sample_sd(sxx, n);
}
double Moments::sd_sensor() const noexcept {
  return sample_sd(syy, n);
}
bool Moments::is_reference_constant() const noexcept {
  return is_constant(sxx, mean_reference, n);
}
bool Moments::is_sensor_constant() const noexcept {
  return is_constant(syy, mean_sensor, n);
}

std::optional<double> Moments::r() const noexcept {
  if (n < 2 || is_reference_constant() || is_sensor_constant()) return std::nullopt;
  return std::clamp(sxy / std::sqrt(sxx) / std::sqrt(syy), -1.0, 1.0);
}

Moments moments_of(std::span<const Pair> pairs) noexcept {
  Moments result{.n = static_cast<int>(pairs.size())};
  if (pairs.empty()) return result;
  for (const Pair& pair : pairs) {
    result.mean_reference += pair.reference;
    result.mean_sensor += pair.sensor;
  }
  result.mean_reference /= result.n;
  result.mean_sensor /= result.n;
  double rest_x = 0;  // what rounding left in the means
  double rest_y = 0;
  for (const Pair& pair : pairs) {
    const double dx = pair.reference - result.mean_reference;
    const double dy = pair.sensor - result.mean_sensor;
    rest_x += dx;
    rest_y += dy;
    result.sxx += dx * dx;
    result.syy += dy * dy;
    result.sxy += dx * dy;
  }
  result.mean_reference += rest_x / result.n;
  result.mean_sensor += rest_y / result.n;
  result.sxx = std::max(0.0, result.sxx - rest_x * rest_x / result.n);
  result.syy = std::max(0.0, result.syy - rest_y * rest_y / result.n);
  result.sxy -= rest_x * rest_y / result.n;
  return result;
}

std::optional<Line> least_squares(const Moments& moments) noexcept {
  if (!is_fittable(moments)) return std::nullopt;
  const double r = *moments.r();
  Line line{.slope = moments.sxy / moments.sxx, .r = r, .r2 = r * r};
  line.intercept = moments.mean_sensor - line.slope * moments.mean_reference;
  const double variance = residual_sum(moments) / (moments.n - 2);
  line.residual_sd = std::sqrt(variance);
  line.se_slope = std::sqrt(variance / moments.sxx);
  line.se_intercept = std::sqrt(
      variance * (1.0 / moments.n + moments.mean_reference * moments.mean_reference / moments.sxx));
  return line;
}

LineIntervals naive_intervals(const Line& line, int n) {
  return intervals(line, n - 2, 1);
}

Autocorrelation autocorrelation(std::span<const Pair> hourly, const Moments& moments,
                                const Line& line) noexcept {
  constexpr double strongest = 0.99;
  constexpr double fewest = 3;
  Autocorrelation result;
  // Residuals from centred values: with a large offset (pressure in Pa) no digits are lost.
  const auto residual = [&](const Pair& pair) {
    return (pair.sensor - moments.mean_sensor) -
           line.slope * (pair.reference - moments.mean_reference);
  };
  double products = 0;
  double squares = 0;
  for (std::size_t at = 0; at < hourly.size(); ++at) {
    const double here = residual(hourly[at]);
    squares += here * here;
    if (at == 0 || hourly[at].hour - hourly[at - 1].hour != std::chrono::hours(1)) continue;
    products += here * residual(hourly[at - 1]);
    ++result.consecutive_pairs;
  }
  const double n = static_cast<double>(hourly.size());
  // A perfect fit leaves rounding only, which says nothing of autocorrelation.
  const bool has_residuals = squares > 0 && line.residual_sd > 1e-12 * moments.sd_sensor();
  if (has_residuals && result.consecutive_pairs > 0) {
    result.residual_rho1 = (products / result.consecutive_pairs) / (squares / n);
  }
  const double rho = std::clamp(result.residual_rho1, 0.0, strongest);
  result.n_effective = std::max(fewest, n * (1 - rho) / (1 + rho));
  return result;
}

LineIntervals honest_intervals(const Line& line, int n, double n_effective) {
  return intervals(line, n_effective - 2, std::sqrt(n / n_effective));
}

std::optional<ConfidenceInterval> interval_of_r(double r, double n_effective) noexcept {
  if (!(n_effective > 3)) return std::nullopt;
  constexpr double nearly_one = 1 - 1e-15;
  const double z = std::atanh(std::clamp(r, -nearly_one, nearly_one));
  const double reach = normal_95 / std::sqrt(n_effective - 3);
  return ConfidenceInterval{std::tanh(z - reach), std::tanh(z + reach)};
}

ConfidenceInterval interval_of_r2(const ConfidenceInterval& r) noexcept {
  const double lower = r.lower * r.lower;
  const double upper = r.upper * r.upper;
  if (r.lower < 0 && r.upper > 0) return {0, std::max(lower, upper)};
  return {std::min(lower, upper), std::max(lower, upper)};
}

std::optional<OrthogonalLine> orthogonal(const Moments& m) noexcept {
  if (!is_fittable(m) || m.sxy == 0) return std::nullopt;
  const double difference = m.syy - m.sxx;
  const double root = std::hypot(difference, 2 * m.sxy);
  // Both forms are the same number; each is free of cancellation where it is used.
  const double slope =
      difference >= 0 ? (difference + root) / (2 * m.sxy) : 2 * m.sxy / (root - difference);
  OrthogonalLine line{.slope = slope, .intercept = m.mean_sensor - slope * m.mean_reference};
  const double rss = m.syy - 2 * slope * m.sxy + slope * slope * m.sxx;
  line.residual_variance = std::max(0.0, rss) / (m.n - 2);
  line.u_slope = std::sqrt(residual_sum(m) / (m.n - 2) / m.sxx);
  // sum of x^2 / n = sxx / n + mean^2
  line.u_intercept = line.u_slope * std::sqrt(m.sxx / m.n + m.mean_reference * m.mean_reference);
  line.is_slope_significant = std::abs(line.slope - 1) > 2 * line.u_slope;
  line.is_intercept_significant = std::abs(line.intercept) > 2 * line.u_intercept;
  return line;
}

std::optional<ExpandedUncertainty> expanded_uncertainty(const OrthogonalLine& line, double limit,
                                                        double u_reference) noexcept {
  const double bias = line.intercept + (line.slope - 1) * limit;
  const double variance = line.residual_variance - u_reference * u_reference + bias * bias;
  if (!(limit > 0) || !(variance >= 0)) return std::nullopt;
  const double u = std::sqrt(variance);
  return ExpandedUncertainty{
      .limit = limit, .u_reference = u_reference, .u = u, .relative = 2 * u / limit};
}

std::optional<MomentMatch> moment_match(const Moments& moments) noexcept {
  if (!is_fittable(moments) || !(moments.sxy > 0)) return std::nullopt;
  const double gain = std::sqrt(moments.sxx / moments.syy);
  return MomentMatch{gain, moments.mean_reference - gain * moments.mean_sensor};
}

}  // namespace twinsky
