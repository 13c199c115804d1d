// SPDX-License-Identifier: Apache-2.0
// Gathers the readings of a document into samples: one per station and interval, in the order in
// which they first appear.
#pragma once

#include "gateway/model/sample.hpp"

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace twinsky {

struct TimeInterval {
  UtcTime start{};
  UtcTime end{};
};
inline TimeInterval ending_at(UtcTime end, milliseconds length) {
  return {end - length, end};
}

class StationSamples {
 public:
  explicit StationSamples(UtcTime fetched) : fetched_(fetched) {}

  // A quantity that a station and interval already has is replaced: the later line holds.
  void add(const std::string& station, const TimeInterval& interval, Reading reading);
  // What holds for the sample as a whole; the sample is there already.
  Official& official(const std::string& station, const TimeInterval& interval);

  [[nodiscard]] std::vector<Sample> take() { return std::move(samples_); }

 private:
  Sample& at(const std::string& station, const TimeInterval& interval);

  const UtcTime fetched_;
  std::vector<Sample> samples_;
  std::map<std::tuple<std::string, UtcTime, UtcTime>, std::size_t> places_;
};

}  // namespace twinsky
