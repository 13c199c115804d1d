// SPDX-License-Identifier: Apache-2.0
// A quantity of a sensor over a period, in no more points than a picture needs. Wide points are
// made of kept hours, fine ones of samples, which are found through the hours that they are in: so
// no index on the samples is needed, and what it costs is bounded whatever the store holds.
#pragma once

#include "gateway/hours/hour.hpp"
#include "gateway/store/store.hpp"

#include <string>

namespace twinsky {

struct SeriesRequest {
  std::string stream;  // of the gateway's own sensors: "sensor/roof-pm"
  Quantity quantity{};
  UtcTime from{};
  UtcTime to{};
  std::size_t most = 500;    // points
  bool use_suspect = false;  // as the sensor's hours do
};

struct SeriesPoint {
  UtcTime start{};
  // As the quantity's averaging says; nullopt: nothing came that could be used.
  std::optional<double> value;
  std::optional<double> minimum;
  std::optional<double> maximum;
  HourCounts counts;      // samples, by flag
  std::int64_t used = 0;  // samples that the value is made of
};

struct TimeSeries {
  milliseconds width{0};            // of each point
  std::vector<SeriesPoint> points;  // oldest first; none where no sample came
};

inline constexpr std::size_t most_series_points = 2000;

// Points that begin at whole multiples of their width, and lie in from <= time < to at least in
// part: as long as the width is the same they are the same, wherever the period begins. What is
// finer than an hour needs the samples; where too many rows would have to be read, the points are
// hours. Throws what the reader throws, and std::invalid_argument unless from < to and
// 2 <= most <= most_series_points.
TimeSeries read_series(StoreReader& reader, const SeriesRequest& request);

}  // namespace twinsky
