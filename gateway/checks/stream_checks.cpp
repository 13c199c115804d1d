// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/stream_checks.hpp"

#include "gateway/checks/check_humidity.hpp"
#include "gateway/checks/check_twin.hpp"

#include <algorithm>

namespace twinsky {
namespace {

// Counted by light that droplets scatter too.
bool is_particles(Quantity quantity) {
  return quantity >= Quantity::pm1 && quantity <= Quantity::n_below_10;
}

Reading* find_reading(Sample& sample, Quantity quantity, std::string_view channel) {
  for (Reading& reading : sample.readings) {
    if (reading.quantity == quantity && reading.channel == channel) return &reading;
  }
  return nullptr;
}

// What was said before stays where it is worse.
void judge(Reading& reading, Flag flag, std::string_view reason) {
  if (aggregate(reading.flag, flag) == reading.flag) return;
  reading.flag = flag;
  reading.reason = reason;
}

milliseconds memory_of(const CheckSettings& settings) {
  milliseconds longest = 3 * settings.step;
  if (settings.flat_line) {
    longest = std::max({longest, settings.flat_line->suspect.value_or(milliseconds(0)),
                        settings.flat_line->fail.value_or(milliseconds(0))});
  }
  if (settings.attenuated) longest = std::max(longest, settings.attenuated->period);
  return longest;
}

}  // namespace

StreamChecks::StreamChecks(std::vector<Checked> quantities, const QualitySettings& settings)
    : is_twin_(settings.twin),
      amends_(settings.amend),
      humid_above_percent_(settings.humid_above_percent) {
  for (Checked& each : quantities) {
    asks_humidity_ = asks_humidity_ || is_particles(each.quantity);
    has_spikes_ = has_spikes_ || each.settings.spike;
    memory_ = std::max(memory_, memory_of(each.settings));
    for (const Quantity source : each.made_of) derived_.emplace_back(each.quantity, source);
    series_.push_back({each.quantity, SeriesChecks(std::move(each.settings))});
  }
  std::ranges::copy_if(ordered_pairs(), std::back_inserter(pairs_),
                       [this](const OrderedPair& pair) {
                         return find(pair.smaller) != nullptr && find(pair.larger) != nullptr;
                       });
}

StreamChecks::Series* StreamChecks::find(Quantity quantity) {
  const auto found = std::ranges::find(series_, quantity, &Series::quantity);
  return found == series_.end() ? nullptr : &*found;
}

// A reading of the sample before is a spike after all; or it is none, and nothing else was asked.
bool StreamChecks::judge_before(Quantity quantity, Flag spike) {
  for (Reading& reading : before_.readings) {
    if (reading.quantity != quantity) continue;
    const Flag flag = reading.flag;
    judge(reading, spike, spike == Flag::pass ? std::string_view() : "spike");
    return reading.flag != flag;
  }
  return false;
}

const Sample* StreamChecks::check(Sample& sample, std::string_view channel,
                                  std::optional<double> humidity_percent) {
  bool is_before_changed = false;
  if (asks_humidity_) {
    const Reading* const own = find_reading(sample, Quantity::humidity, channel);
    if (own != nullptr && own->value) humidity_percent = own->value;
  }
  const bool is_humid = is_beyond_rating(humidity_percent, humid_above_percent_);
  for (Reading& reading : sample.readings) {
    if (reading.channel != channel) continue;
    Series* const series = find(reading.quantity);
    if (series == nullptr) continue;
    const auto verdict = series->checks.push({sample.time, reading.value});
    reading.flag = verdict.flag;
    reading.reason = verdict.reason;
    if (is_humid && reading.value && reading.reason.empty() && is_particles(reading.quantity)) {
      reading.reason = "humid";
    }
    if (!series->checks.has_spike()) continue;
    is_before_changed = judge_before(reading.quantity, verdict.spike_before) || is_before_changed;
  }
  check_together(sample, channel);
  if (!derived_.empty()) {
    judge_derived(sample, channel);
    if (is_before_changed) judge_derived(before_, channel);
  }
  if (!has_spikes_) return nullptr;
  if (is_before_changed) std::swap(changed_, before_);
  before_.time = sample.time;
  before_.readings.clear();
  std::ranges::copy_if(sample.readings, std::back_inserter(before_.readings),
                       [&](const Reading& reading) { return reading.channel == channel; });
  return is_before_changed && amends_ ? &changed_ : nullptr;
}

// What is computed with a reading is no better than that; with one that the device itself says has
// failed, it fails.
void StreamChecks::judge_derived(Sample& sample, std::string_view channel) const {
  for (const auto& [made, source] : derived_) {
    Reading* const reading = find_reading(sample, made, channel);
    if (reading == nullptr || !reading->value) continue;
    const Reading* const with = find_reading(sample, source, channel);
    if (with == nullptr) continue;
    const bool has_failed = with->fault == Fault::sensor_fault || with->fault == Fault::overrange;
    const Flag flag = has_failed ? Flag::fail : with->flag;
    if (flag != Flag::fail && flag != Flag::suspect) continue;
    judge(*reading, flag, "derived");
  }
}

void StreamChecks::check_together(Sample& sample, std::string_view channel) {
  for (const OrderedPair& pair : pairs_) {
    Reading* const smaller = find_reading(sample, pair.smaller, channel);
    if (smaller == nullptr || !smaller->value) continue;
    Reading* const larger = find_reading(sample, pair.larger, channel);
    if (larger == nullptr || !larger->value) continue;
    if (check_order(*smaller->value, *larger->value, pair.tolerance) == Flag::pass) continue;
    judge(*smaller, Flag::suspect, "inconsistent");
    judge(*larger, Flag::suspect, "inconsistent");
  }
  if (!is_twin_) return;
  for (Reading& reading : sample.readings) {
    if (reading.channel != channel || !is_particles(reading.quantity)) continue;
    for (const Reading& other : sample.readings) {
      if (other.quantity != reading.quantity || other.channel == channel) continue;
      if (check_twin(reading.value, other.value) == Flag::fail) judge(reading, Flag::fail, "twin");
    }
  }
}

void StreamChecks::recall(const Sample& stored) {
  for (const Reading& reading : stored.readings) {
    if (Series* const series = find(reading.quantity)) {
      series->checks.push({stored.time, reading.value});
    }
  }
  if (has_spikes_) before_ = stored;
}

}  // namespace twinsky
