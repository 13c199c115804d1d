// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/samples.hpp"

#include "gateway/model/setting.hpp"

#include <algorithm>

namespace twinsky {

void StationSamples::add(const std::string& station, const TimeInterval& interval,
                         Reading reading) {
  Sample& sample = at(station, interval);
  const auto found = std::ranges::find(sample.readings, reading.quantity, &Reading::quantity);
  if (found == sample.readings.end()) {
    sample.readings.push_back(std::move(reading));
    return;
  }
  if (found->value == reading.value) return;
  const StationInterval place{station, interval.start, interval.end};
  const bool is_told = doubles_ == Doubles::contradict;
  if (is_told) {
    told_.try_emplace(place, Double{reading.quantity,
                                    in_quotes(found->text) + " and " + in_quotes(reading.text)});
  }
  if (!reading.value || contradicted_.contains({place, reading.quantity})) return;
  if (is_told && found->value) {
    contradicted_.insert({place, reading.quantity});
    std::string both = std::move(found->text);
    if (!both.empty()) both.append("; ").append(reading.text);
    *found = {.quantity = reading.quantity, .flag = Flag::missing, .text = std::move(both)};
    return;
  }
  *found = std::move(reading);
}

std::vector<std::string> StationSamples::doubles() const {
  std::vector<std::string> sentences;
  for (const auto& [place, twice] : told_) {
    const auto& [station, start, end] = place;
    sentences.push_back(in_quotes(station) + " has the interval to " + iso8601(end) +
                        " more than once, with " + std::string(name_of(twice.quantity)) + " " +
                        twice.texts);
  }
  return sentences;
}

Official& StationSamples::official(const std::string& station, const TimeInterval& interval) {
  return *at(station, interval).official;
}

Sample& StationSamples::at(const std::string& station, const TimeInterval& interval) {
  const auto [place, is_new] =
      places_.try_emplace({station, interval.start, interval.end}, samples_.size());
  if (is_new) {
    Official official;
    official.station = station;
    official.start = interval.start;
    official.end = interval.end;
    official.fetched = fetched_;
    samples_.push_back(
        {.time = interval.end, .readings = {}, .facts = {}, .official = std::move(official)});
  }
  return samples_[place->second];
}

}  // namespace twinsky
