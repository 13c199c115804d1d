// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/samples.hpp"

#include <algorithm>

namespace twinsky {

void StationSamples::add(const std::string& station, const TimeInterval& interval,
                         Reading reading) {
  Sample& sample = at(station, interval);
  const auto found = std::ranges::find(sample.readings, reading.quantity, &Reading::quantity);
  if (found == sample.readings.end()) {
    sample.readings.push_back(std::move(reading));
  } else {
    *found = std::move(reading);
  }
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
