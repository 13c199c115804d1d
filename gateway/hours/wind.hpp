// SPDX-License-Identifier: Apache-2.0
// Means of wind: directions are angles and cannot be averaged as numbers. Directions are where the
// wind comes from, degrees from north over east.
#pragma once

#include "gateway/checks/state_text.hpp"

#include <cstdint>
#include <optional>

namespace twinsky {

// Below this a resultant has no direction: winds that cancel out, or calm.
inline constexpr double no_direction_below = 1e-9;

// Of the direction from which (-u, -v) blows; nullopt where there is none. 0 <= x < 360.
std::optional<double> direction_of(double east, double north) noexcept;

// Yamartino (1984): the standard deviation of directions from their mean unit vector, degrees.
double yamartino_deviation(double resultant_length) noexcept;

class WindMean {
 public:
  // `direction_deg`: none in a calm, which counts for the speeds alone.
  void add(std::optional<double> direction_deg, double speed);

  struct Result {
    std::optional<double> unit_mean;         // of the directions alone
    std::optional<double> resultant_length;  // of their unit vectors; nullopt: no directions
    std::optional<double> deviation;
    double u = 0;  // towards east
    double v = 0;  // towards north
    double vector_speed = 0;
    double scalar_speed = 0;
    std::optional<double> direction_from;
  };
  // nullopt of nothing.
  [[nodiscard]] std::optional<Result> result() const;

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  std::int64_t directions_ = 0;
  double sines_ = 0;
  double cosines_ = 0;
  std::int64_t speeds_ = 0;
  double scalar_ = 0;
  double from_east_ = 0;
  double from_north_ = 0;
};

}  // namespace twinsky
