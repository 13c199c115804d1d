// SPDX-License-Identifier: Apache-2.0
// What is really the case: values over the time of day, and how one place or device sees them.
#pragma once

#include "times.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace world {

// A value by the time of day: straight lines between the given points, the last one leads on to the
// first. So a scenario fits whatever moment it is started at.
class Series {
 public:
  struct Point {
    double second_of_day;
    double value;
  };
  // `wobble` is the amplitude of a small, always equal unrest of some seconds' period. On a circle
  // of degrees the line between two points goes the short way round.
  Series(std::vector<Point> points, double wobble, bool degrees);
  [[nodiscard]] double at(Utc time) const;

 private:
  std::vector<Point> points_;
  double wobble_;
  bool degrees_;
};

using Truth = std::map<std::string, Series, std::less<>>;

// One place's view: quantity q is truth[of] * times + plus; unlisted ones are as they are.
class View {
 public:
  struct Lens {
    std::string of;
    double times = 1;
    double plus = 0;
  };
  View(std::shared_ptr<const Truth> truth, std::map<std::string, Lens, std::less<>> lenses);

  [[nodiscard]] bool knows(std::string_view quantity) const;
  [[nodiscard]] double at(std::string_view quantity, Utc time) const;
  [[nodiscard]] double now(std::string_view quantity) const { return at(quantity, utc_now()); }
  [[nodiscard]] double mean(std::string_view quantity, Utc start, Utc end) const;

 private:
  std::shared_ptr<const Truth> truth_;
  std::map<std::string, Lens, std::less<>> lenses_;
};

}  // namespace world
