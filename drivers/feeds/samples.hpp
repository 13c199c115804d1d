// SPDX-License-Identifier: Apache-2.0
// Gathers the readings of a document into samples: one per station and interval, in the order in
// which they first appear.
#pragma once

#include "gateway/model/sample.hpp"

#include <cstdint>
#include <map>
#include <set>
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

// What holds of two values for the same station, interval and quantity.
enum class Doubles : std::uint8_t {
  later_holds,  // the source corrects itself line by line
  contradict,  // neither: nobody knows which is right, so the value is absent and both are its text
};

class StationSamples {
 public:
  explicit StationSamples(UtcTime fetched, Doubles doubles = Doubles::later_holds)
      : fetched_(fetched), doubles_(doubles) {}

  // A quantity that a station and interval already has: something beats nothing, whichever comes
  // first; of two values `Doubles` says what holds.
  void add(const std::string& station, const TimeInterval& interval, Reading reading);
  // What holds for the sample as a whole; the sample is there already.
  Official& official(const std::string& station, const TimeInterval& interval);

  [[nodiscard]] bool is_empty() const { return samples_.empty(); }
  [[nodiscard]] std::vector<Sample> take() { return std::move(samples_); }
  // A sentence for each station and interval that had a quantity more than once, and not the same
  // (with `contradict` only).
  [[nodiscard]] std::vector<std::string> doubles() const;

 private:
  struct Double {
    Quantity quantity{};
    std::string texts;
  };

  Sample& at(const std::string& station, const TimeInterval& interval);

  const UtcTime fetched_;
  const Doubles doubles_;
  std::vector<Sample> samples_;
  using StationInterval = std::tuple<std::string, UtcTime, UtcTime>;
  std::map<StationInterval, std::size_t> places_;
  std::map<StationInterval, Double> told_;  // the first quantity that was there more than once
  std::set<std::pair<StationInterval, Quantity>> contradicted_;
};

}  // namespace twinsky
