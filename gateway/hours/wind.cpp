// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/wind.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twinsky {
namespace {

constexpr double degrees = 180 / std::numbers::pi;

}  // namespace

std::optional<double> direction_of(double east, double north) noexcept {
  if (std::hypot(east, north) < no_direction_below) return std::nullopt;
  double direction = std::atan2(east, north) * degrees;
  if (direction < 0) direction += 360;
  // A hair west of north is north; it must not print as 360.
  return direction > 360 - no_direction_below ? 0 : direction;
}

double yamartino_deviation(double resultant_length) noexcept {
  const double b = 2 / std::numbers::sqrt3 - 1;  // 0.1547
  const double epsilon = std::sqrt(std::clamp(1 - resultant_length * resultant_length, 0.0, 1.0));
  return std::asin(epsilon) * (1 + b * epsilon * epsilon * epsilon) * degrees;
}

void WindMean::add(std::optional<double> direction_deg, double speed) {
  ++speeds_;
  scalar_ += speed;
  if (!direction_deg) return;
  const double sine = std::sin(*direction_deg / degrees);
  const double cosine = std::cos(*direction_deg / degrees);
  ++directions_;
  sines_ += sine;
  cosines_ += cosine;
  from_east_ += speed * sine;
  from_north_ += speed * cosine;
}

std::optional<WindMean::Result> WindMean::result() const {
  if (speeds_ == 0) return std::nullopt;
  const auto n = static_cast<double>(speeds_);
  Result result;
  if (directions_ > 0) {
    const auto count = static_cast<double>(directions_);
    result.unit_mean = direction_of(sines_ / count, cosines_ / count);
    result.resultant_length = std::min(std::hypot(sines_, cosines_) / count, 1.0);
    result.deviation = yamartino_deviation(*result.resultant_length);
  }
  result.u = -from_east_ / n;
  result.v = -from_north_ / n;
  result.vector_speed = std::hypot(result.u, result.v);
  result.scalar_speed = scalar_ / n;
  result.direction_from = direction_of(-result.u, -result.v);
  return result;
}

void WindMean::save(StateWriter& writer) const {
  writer.put(directions_);
  writer.put(sines_);
  writer.put(cosines_);
  writer.put(speeds_);
  writer.put(scalar_);
  writer.put(from_east_);
  writer.put(from_north_);
}

void WindMean::restore(StateReader& reader) {
  reader.get(directions_);
  reader.get(sines_);
  reader.get(cosines_);
  reader.get(speeds_);
  reader.get(scalar_);
  reader.get(from_east_);
  reader.get(from_north_);
}

}  // namespace twinsky
