// SPDX-License-Identifier: Apache-2.0
#include "truth.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace world {

namespace {
constexpr double day_seconds = 86'400;
}

Series::Series(std::vector<Point> points, double wobble, bool degrees)
    : points_(std::move(points)), wobble_(wobble), degrees_(degrees) {}

double Series::at(Utc time) const {
  const double second = second_of_day(time);
  const auto next = std::ranges::upper_bound(points_, second, {}, &Point::second_of_day);
  const Point& after = next == points_.end() ? points_.front() : *next;
  const Point& before = next == points_.begin() ? points_.back() : *std::prev(next);
  const auto within_day = [](double span) { return span < 0 ? span + day_seconds : span; };
  const double span = within_day(after.second_of_day - before.second_of_day);
  const double passed = within_day(second - before.second_of_day);
  double rise = after.value - before.value;
  if (degrees_) rise = std::remainder(rise, 360.0);
  const double line = before.value + (span > 0 ? rise * passed / span : 0);

  const double turn = 2 * std::numbers::pi * second;
  const double value = line + wobble_ * (0.6 * std::sin(turn / 47) + 0.4 * std::sin(turn / 13.7));
  return degrees_ ? std::fmod(value + 360.0, 360.0) : value;
}

View::View(std::shared_ptr<const Truth> truth, std::map<std::string, Lens, std::less<>> lenses)
    : truth_(std::move(truth)), lenses_(std::move(lenses)) {}

bool View::knows(std::string_view quantity) const {
  const auto lens = lenses_.find(quantity);
  return truth_->contains(lens == lenses_.end() ? quantity : std::string_view{lens->second.of});
}

double View::at(std::string_view quantity, Utc time) const {
  const auto lens = lenses_.find(quantity);
  if (lens == lenses_.end()) return truth_->find(quantity)->second.at(time);
  return truth_->find(lens->second.of)->second.at(time) * lens->second.times + lens->second.plus;
}

double View::mean(std::string_view quantity, Utc start, Utc end) const {
  constexpr int steps = 60;
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    sum += at(quantity, start + (end - start) * (2 * step + 1) / (2 * steps));
  }
  return sum / steps;
}

}  // namespace world
