// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_attenuated.hpp"

namespace twinsky {

Flag check_attenuated(double statistic, const AttenuationLimits& limits) noexcept {
  if (limits.fail && statistic < *limits.fail) return Flag::fail;
  if (limits.suspect && statistic < *limits.suspect) return Flag::suspect;
  return Flag::pass;
}

Flag Attenuated::push(const Point& point) {
  while (!window_.empty() && window_.front().time <= point.time - limits_.period) {
    window_.pop_front();
  }
  if (!point.value) return Flag::missing;
  window_.push_back({point.time, *point.value});
  if (std::ssize(window_) < limits_.least) return Flag::not_evaluated;
  return check_attenuated(statistic(), limits_);
}

// Computed anew each time: what is taken out of a running sum leaves its rounding behind.
double Attenuated::statistic() const {
  if (limits_.statistic == AttenuationLimits::Statistic::range) {
    const auto [lowest, highest] = std::ranges::minmax(window_, {}, &Kept::value);
    return highest.value - lowest.value;
  }
  Welford spread;
  for (const Kept& kept : window_) spread.add(kept.value);
  return spread.population_deviation();
}

void Attenuated::save(StateWriter& writer) const {
  writer.put(window_.size());
  for (const Kept& kept : window_) {
    writer.put(kept.time);
    writer.put(kept.value);
  }
}

void Attenuated::restore(StateReader& reader) {
  window_.resize(reader.get_count());
  for (Kept& kept : window_) {
    reader.get(kept.time);
    reader.get(kept.value);
  }
}

void WholeAttenuated::push(double value) {
  spread_.add(value);
  lowest_ = std::min(lowest_.value_or(value), value);
  highest_ = std::max(highest_.value_or(value), value);
}

Flag WholeAttenuated::flag() const {
  if (spread_.count == 0) return Flag::not_evaluated;
  return check_attenuated(limits_.statistic == AttenuationLimits::Statistic::range
                              ? *highest_ - *lowest_
                              : spread_.population_deviation(),
                          limits_);
}

void WholeAttenuated::save(StateWriter& writer) const {
  writer.put(spread_.count);
  writer.put(spread_.mean);
  writer.put(spread_.squares);
  writer.put(lowest_);
  writer.put(highest_);
}

void WholeAttenuated::restore(StateReader& reader) {
  reader.get(spread_.count);
  reader.get(spread_.mean);
  reader.get(spread_.squares);
  reader.get(lowest_);
  reader.get(highest_);
}

}  // namespace twinsky
