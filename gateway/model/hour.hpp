// SPDX-License-Identifier: Apache-2.0
// An hourly mean with its completeness.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <optional>

namespace twinsky {

constexpr UtcTime hour_of(UtcTime time) {
  return std::chrono::floor<std::chrono::hours>(time);
}

struct HourCounts {
  std::int64_t pass = 0;
  std::int64_t not_evaluated = 0;
  std::int64_t suspect = 0;
  std::int64_t fail = 0;
  std::int64_t missing = 0;  // a sample came, without this quantity
  bool operator==(const HourCounts&) const = default;
};

// How many samples an hour has at this pace: from what is configured, never from the data, so that
// an outage cannot hide.
std::int64_t expected_count(milliseconds interval) noexcept;
// At least 75 % of what is expected.
bool is_valid_hour(std::int64_t used, std::int64_t expected) noexcept;

// One quantity of one hour.
struct Hour {
  std::int64_t expected = 0;
  HourCounts counts;
  std::int64_t used = 0;  // samples that the numbers are made of
  // As the quantity's averaging says: the mean (of energies, of vectors), the sum of increments,
  // the largest, the last. nullopt when no sample could be used.
  std::optional<double> value;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> deviation;  // standard deviation of the sample; of directions Yamartino's
  std::optional<double> u;          // wind direction with speeds: the mean vector, towards east
  std::optional<double> v;          // and north
  [[nodiscard]] bool is_valid() const { return value && is_valid_hour(used, expected); }
  bool operator==(const Hour&) const = default;
};

}  // namespace twinsky
