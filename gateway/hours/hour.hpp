// SPDX-License-Identifier: Apache-2.0
// What an hour of samples amounts to, and what hours amount to. Pure: the same samples in any order
// give the same bits.
#pragma once

#include "gateway/hours/exact_sum.hpp"
#include "gateway/model/hour.hpp"
#include "gateway/model/sample.hpp"

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

// Collects the samples of one stream and hour.
class HourBuilder {
 public:
  struct Policy {
    // Suspect readings are counted, and left out of the numbers unless this is set.
    bool use_suspect = false;
  };
  HourBuilder() = default;
  explicit HourBuilder(Policy policy) : policy_(policy) {}

  // Readings of other channels have been left out.
  void add(UtcTime time, std::span<const Reading> readings);

  struct Part {
    Quantity quantity{};
    Hour hour;
  };
  // In the order of the catalogue; quantities without hourly means (official ones) are not there.
  [[nodiscard]] std::vector<Part> finish(std::int64_t expected) const;

 private:
  struct Collected {
    Quantity quantity{};
    HourCounts counts;
    ExactSum sum;    // of values, or of energies
    ExactSum sines;  // of directions
    ExactSum cosines;
    ExactSum from_east;  // of directions with speeds
    ExactSum from_north;
    std::optional<double> minimum;
    std::optional<double> maximum;
    UtcTime last_time{};
    double last = 0;
  };
  Collected& of(Quantity quantity);
  void add_value(Collected& collected, UtcTime time, double value, std::optional<double> speed);
  [[nodiscard]] bool is_used(const Reading& reading) const;
  [[nodiscard]] static Hour finished(const Collected& collected, std::int64_t expected);

  Policy policy_;
  std::vector<Collected> collected_;
};

// ---- several hours, oldest first; nullopt: no valid hour ----------------------------------------

using Hours = std::span<const std::optional<double>>;

std::optional<double> mean_of(Hours hours, std::size_t fewest);

// The mean of eight hours up to and with each hour: at least six of them (GB 3095-2012; 75 % as
// Hong Kong and US EPA have it). As many as there are hours.
std::vector<std::optional<double>> rolling_8h(Hours hours);

// The mainland's daily maximum of 8-h means of ozone (HJ 633, HJ 663): of the 24 hours of a local
// day, the largest of the means that end at 08:00 to 24:00, when at least 14 of the 17 are there;
// with fewer it counts only where it exceeds the limit in force anyway. Of a day of 23 or 25 hours
// (summer time begins or ends) likewise the means whose eight hours lie in it.
std::optional<double> daily_maximum_8h(Hours day, std::optional<double> limit = {});

// Hours that a day needs: GB 3095-2012 asks for 20, US EPA and Hong Kong for 75 %.
inline constexpr std::size_t hours_of_a_day_gb = 20;
inline constexpr std::size_t hours_of_a_day_epa = 18;

}  // namespace twinsky
