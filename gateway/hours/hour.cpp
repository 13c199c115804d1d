// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/hour.hpp"

#include "gateway/hours/wind.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twinsky {
namespace {

constexpr double calm_below = 0.5;  // m/s; vanes have no direction then
// Of sums: energies span 16 orders of magnitude, components of vectors have many digits.
constexpr double energy_units = 1e2;
constexpr double vector_units = 1e9;
constexpr double radians = std::numbers::pi / 180;

std::int64_t& count_of(HourCounts& counts, Flag flag) {
  switch (flag) {
    case Flag::pass:
      return counts.pass;
    case Flag::suspect:
      return counts.suspect;
    case Flag::fail:
      return counts.fail;
    case Flag::missing:
      return counts.missing;
    case Flag::not_evaluated:
      break;
  }
  return counts.not_evaluated;
}

const Reading* find(std::span<const Reading> readings, Quantity quantity) {
  const auto found = std::ranges::find(readings, quantity, &Reading::quantity);
  return found == readings.end() ? nullptr : &*found;
}

}  // namespace

bool HourBuilder::is_used(const Reading& reading) const {
  if (!reading.value) return false;
  return reading.flag == Flag::pass || reading.flag == Flag::not_evaluated ||
         (reading.flag == Flag::suspect && policy_.use_suspect);
}

HourBuilder::Collected& HourBuilder::of(Quantity quantity) {
  const auto found = std::ranges::find(collected_, quantity, &Collected::quantity);
  if (found != collected_.end()) return *found;
  Collected& made = collected_.emplace_back();
  made.quantity = quantity;
  if (info_of(quantity).averaging == Averaging::energy) made.sum = ExactSum(energy_units);
  for (ExactSum* sum : {&made.sines, &made.cosines, &made.from_east, &made.from_north}) {
    *sum = ExactSum(vector_units);
  }
  return made;
}

void HourBuilder::add(UtcTime time, std::span<const Reading> readings) {
  for (const Reading& reading : readings) {
    const Averaging averaging = info_of(reading.quantity).averaging;
    if (averaging == Averaging::none) continue;
    Collected& collected = of(reading.quantity);
    std::optional<double> speed;
    if (averaging == Averaging::vector) {
      const Reading* const wind = find(readings, Quantity::wind_speed);
      if (wind != nullptr && is_used(*wind)) speed = wind->value;
    }
    const bool is_calm = !reading.value && !reading.fault && speed && *speed < calm_below;
    ++count_of(collected.counts, is_calm ? Flag::pass : reading.flag);
    if (is_used(reading)) add_value(collected, time, *reading.value, speed);
  }
}

void HourBuilder::add_value(Collected& collected, UtcTime time, double value,
                            std::optional<double> speed) {
  const Averaging averaging = info_of(collected.quantity).averaging;
  if (averaging == Averaging::vector) {
    const double sine = std::sin(value * radians);
    const double cosine = std::cos(value * radians);
    collected.sines.add(sine);
    collected.cosines.add(cosine);
    if (!speed) return;
    collected.from_east.add(*speed * sine);
    collected.from_north.add(*speed * cosine);
    return;
  }
  collected.sum.add(averaging == Averaging::energy ? std::pow(10, value / 10) : value);
  collected.minimum = std::min(collected.minimum.value_or(value), value);
  collected.maximum = std::max(collected.maximum.value_or(value), value);
  if (time > collected.last_time || collected.sum.count() == 1) {
    collected.last_time = time;
    collected.last = value;
  } else if (time == collected.last_time) {
    collected.last = std::max(collected.last, value);  // in any order the same
  }
}

std::vector<HourBuilder::Part> HourBuilder::finish(std::int64_t expected) const {
  std::vector<Part> parts;
  for (const Collected& collected : collected_) {
    parts.push_back({collected.quantity, finished(collected, expected)});
  }
  std::ranges::sort(parts, {}, &Part::quantity);
  return parts;
}

Hour HourBuilder::finished(const Collected& collected, std::int64_t expected) {
  Hour hour{.expected = expected, .counts = collected.counts};
  const Averaging averaging = info_of(collected.quantity).averaging;
  if (averaging == Averaging::vector) {
    // A calm is measured too: it has a speed but no direction.
    hour.used = collected.sines.count();
    if (hour.used == 0) return hour;
    const double sine = collected.sines.mean();
    const double cosine = collected.cosines.mean();
    hour.deviation = yamartino_deviation(std::min(std::hypot(sine, cosine), 1.0));
    hour.value = direction_of(sine, cosine);
    if (collected.from_east.count() == hour.used) {
      hour.u = -collected.from_east.mean();
      hour.v = -collected.from_north.mean();
      hour.value = direction_of(-*hour.u, -*hour.v);
    }
    const std::int64_t calm = collected.counts.pass + collected.counts.not_evaluated - hour.used;
    hour.used += std::max<std::int64_t>(calm, 0);
    return hour;
  }
  hour.used = collected.sum.count();
  if (hour.used == 0) return hour;
  hour.minimum = collected.minimum;
  hour.maximum = collected.maximum;
  switch (averaging) {
    case Averaging::maximum:
      hour.value = collected.maximum;
      break;
    case Averaging::sum:
      hour.value = collected.sum.total();
      break;
    case Averaging::last:
      hour.value = collected.last;
      break;
    case Averaging::energy:
      hour.value = 10 * std::log10(collected.sum.mean());
      break;
    default:
      hour.value = collected.sum.mean();
      break;
  }
  if (averaging == Averaging::mean && hour.used > 1) hour.deviation = collected.sum.deviation();
  return hour;
}

std::optional<double> mean_of(Hours hours, std::size_t fewest) {
  ExactSum sum;
  for (const auto& hour : hours) {
    if (hour) sum.add(*hour);
  }
  if (sum.count() == 0 || static_cast<std::size_t>(sum.count()) < fewest) return std::nullopt;
  return sum.mean();
}

std::vector<std::optional<double>> rolling_8h(Hours hours) {
  constexpr std::size_t length = 8;
  constexpr std::size_t fewest = 6;
  std::vector<std::optional<double>> means;
  for (std::size_t end = 1; end <= hours.size(); ++end) {
    const std::size_t begin = end - std::min(end, length);
    means.push_back(mean_of(hours.subspan(begin, end - begin), fewest));
  }
  return means;
}

std::optional<double> daily_maximum_8h(Hours day, std::optional<double> limit) {
  constexpr std::size_t first_end = 8;
  constexpr int fewest = 14;
  if (day.size() < 23 || day.size() > 25) return std::nullopt;
  const auto means = rolling_8h(day);
  std::optional<double> largest;
  int count = 0;
  for (const auto& mean : std::span(means).subspan(first_end - 1)) {
    if (!mean) continue;
    ++count;
    largest = std::max(largest.value_or(*mean), *mean);
  }
  const bool exceeds_anyway = largest && limit && *largest > *limit;
  return count >= fewest || exceeds_anyway ? largest : std::nullopt;
}

}  // namespace twinsky
