// SPDX-License-Identifier: Apache-2.0
// Straight lines through pairs, x the reference and y the sensor, with intervals that are honest
// about autocorrelation: neighbouring hours tell nearly the same, so 665 hours of ozone carry the
// information of about 107 independent ones. Ungated arithmetic; what may be published of it the
// record decides. What is undefined is absent, never NaN. Pure; any thread.
#pragma once

#include "gateway/compare/pairs.hpp"

#include <optional>
#include <span>

namespace twinsky {

struct ConfidenceInterval {
  double lower = 0;
  double upper = 0;
};

// Centred sums, in two passes.
struct Moments {
  int n = 0;
  double mean_reference = 0;
  double mean_sensor = 0;
  double sxx = 0;
  double syy = 0;
  double sxy = 0;
  // Of a sample (n - 1); 0 for fewer than two pairs.
  [[nodiscard]] double sd_reference() const noexcept;
  [[nodiscard]] double sd_sensor() const noexcept;
  // No variation beyond what rounding makes of equal values.
  [[nodiscard]] bool is_reference_constant() const noexcept;
  [[nodiscard]] bool is_sensor_constant() const noexcept;
  // Pearson's; absent when either side is constant.
  [[nodiscard]] std::optional<double> r() const noexcept;
};
Moments moments_of(std::span<const Pair> pairs) noexcept;

// Ordinary least squares of the sensor on the reference: y = slope x + intercept.
struct Line {
  double slope = 0;
  double intercept = 0;
  double r = 0;
  double r2 = 0;
  double se_slope = 0;
  double se_intercept = 0;
  double residual_sd = 0;
};
// Absent for fewer than 3 pairs or when either side is constant (where Boost 1.81 says r2 = 1).
std::optional<Line> least_squares(const Moments& moments) noexcept;

// Intervals of 95 % for a number of degrees of freedom that need not be whole.
struct LineIntervals {
  double t95 = 0;
  ConfidenceInterval slope;
  ConfidenceInterval intercept;
};
// As if the n pairs were independent: n - 2 degrees of freedom.
LineIntervals naive_intervals(const Line& line, int n);

struct Autocorrelation {
  double residual_rho1 = 0;  // not clamped
  int consecutive_pairs = 0;
  double n_effective = 0;  // n (1 - rho) / (1 + rho) with rho in 0..0.99, at least 3
};
// Of the residuals over neighbouring hours.
Autocorrelation autocorrelation(std::span<const Pair> hourly, const Moments& moments,
                                const Line& line) noexcept;
// Standard errors widened by sqrt(n / n_effective), n_effective - 2 degrees of freedom.
LineIntervals honest_intervals(const Line& line, int n, double n_effective);

// 95 % of r by Fisher's z with n_effective - 3; absent for n_effective <= 3.
std::optional<ConfidenceInterval> interval_of_r(double r, double n_effective) noexcept;
// The same of r2: its lower end is 0 where the interval of r holds 0.
ConfidenceInterval interval_of_r2(const ConfidenceInterval& r) noexcept;

// Orthogonal regression (Deming's with an error-variance ratio of 1) with the uncertainties that
// the EU Guide to the Demonstration of Equivalence gives.
struct OrthogonalLine {
  double slope = 0;
  double intercept = 0;
  double u_slope = 0;
  double u_intercept = 0;
  double residual_variance = 0;           // RSS / (n - 2)
  bool is_slope_significant = false;      // |slope - 1| > 2 u
  bool is_intercept_significant = false;  // |intercept| > 2 u
};
std::optional<OrthogonalLine> orthogonal(const Moments& moments) noexcept;

// Expanded uncertainty (k = 2) at a limit value, from the orthogonal line:
// u^2 = RSS/(n-2) - u_reference^2 + (a + (b-1) L)^2. Absent when u^2 would be negative.
struct ExpandedUncertainty {
  double limit = 0;
  double u_reference = 0;
  double u = 0;
  double relative = 0;  // 2 u / L
};
std::optional<ExpandedUncertainty> expanded_uncertainty(const OrthogonalLine& line, double limit,
                                                        double u_reference = 0) noexcept;

// The gain and offset that map the sensor's mean and spread to the reference's (Miskell 2018).
// Absent for r <= 0: moments alone would make a tidy gain of noise.
struct MomentMatch {
  double gain = 1;
  double offset = 0;
};
std::optional<MomentMatch> moment_match(const Moments& moments) noexcept;

}  // namespace twinsky
