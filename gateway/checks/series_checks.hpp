// SPDX-License-Identifier: Apache-2.0
// The configured checks of one quantity of one stream, sample by sample. Their state can be kept as
// a line of text and taken up again between any two samples.
#pragma once

#include "gateway/checks/check_attenuated.hpp"
#include "gateway/checks/check_climatology.hpp"
#include "gateway/checks/check_flat_line.hpp"
#include "gateway/checks/check_range.hpp"
#include "gateway/checks/check_rate.hpp"
#include "gateway/checks/check_spike.hpp"
#include "gateway/model/zone.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct CheckSettings {
  std::optional<RangeLimits> range;
  std::vector<ClimatologyMember> climatology;  // in local time, see zone
  std::optional<SpikeLimits> spike;
  std::optional<Limits> rate_per_second;
  std::optional<FlatLineLimits> flat_line;
  std::optional<AttenuationLimits> attenuated;
  milliseconds step{0};                      // the pace of the series
  std::optional<Zone> zone = {};             // nullopt: UTC
  std::optional<milliseconds> longest_step;  // further apart, samples are no neighbours
  bool operator==(const CheckSettings&) const = default;
};

class SeriesChecks {
 public:
  explicit SeriesChecks(CheckSettings settings);

  struct Verdict {
    Flag flag = Flag::not_evaluated;  // of this sample, but for the spike test
    std::string_view reason;          // the test that decided; empty: none had anything to say
    Flag spike_before = Flag::not_evaluated;  // of the sample before, which is final now
  };
  Verdict push(const Point& point);

  [[nodiscard]] bool has_spike() const { return settings_.spike.has_value(); }

  [[nodiscard]] std::string state() const;
  void restore(std::string_view state);

 private:
  CheckSettings settings_;
  std::optional<Point> before_;
  std::optional<Point> before_that_;
  std::optional<FlatLine> flat_line_;
  std::optional<Attenuated> attenuated_;
};

}  // namespace twinsky
