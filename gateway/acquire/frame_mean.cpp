// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/frame_mean.hpp"

#include "gateway/hours/wind.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace twinsky {

std::optional<double> mean_of(Quantity quantity, std::span<const double> values) {
  const auto mean_as = [&](auto amount_of) {
    double sum = 0;
    for (const double value : values) sum += amount_of(value);
    return sum / static_cast<double>(values.size());
  };
  switch (info_of(quantity).averaging) {
    case Averaging::maximum:
      return std::ranges::max(values);
    case Averaging::sum:  // each is what came since the one before
      return mean_as(std::identity()) * static_cast<double>(values.size());
    case Averaging::last:
    case Averaging::none:
      return values.back();
    case Averaging::energy:
      return 10 * std::log10(mean_as([](double level) { return std::pow(10, level / 10); }));
    case Averaging::vector:
      return direction_of(
          mean_as([](double degrees) { return std::sin(degrees * std::numbers::pi / 180); }),
          mean_as([](double degrees) { return std::cos(degrees * std::numbers::pi / 180); }));
    case Averaging::mean:
      break;
  }
  return mean_as(std::identity());
}

Sample mean_of(std::span<const Sample> frames) {
  Sample mean = frames.back();
  std::vector<double> values;
  for (Reading& each : mean.readings) {
    values.clear();
    for (const Sample& frame : frames) {
      for (const Reading& other : frame.readings) {
        if (other.quantity != each.quantity || other.channel != each.channel || !other.value)
          continue;
        values.push_back(*other.value);
      }
    }
    if (values.empty()) continue;
    if (const auto value = mean_of(each.quantity, values)) {
      each = reading(each.quantity, *value, std::string(each.channel));
    } else {  // directions that cancel out
      each.value.reset();
      each.flag = Flag::missing;
    }
  }
  return mean;
}

}  // namespace twinsky
