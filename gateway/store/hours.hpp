// SPDX-License-Identifier: Apache-2.0
// Hourly means as they are kept.
#pragma once

#include "gateway/model/hour.hpp"
#include "gateway/store/store.hpp"

#include <string>
#include <vector>

namespace twinsky {

struct HourRow {
  StreamId stream{};
  UtcTime start{};
  Quantity quantity{};
  std::int64_t revision = 1;
  Hour hour;
  // Where its samples stand, among others.
  RowId first_row = 0;
  RowId last_row = 0;
};

// All quantities of one stream and hour, and the record that goes out.
struct HoursOfStream {
  std::vector<HourRow> rows;
  StreamId record_stream{};  // "sensor/roof-pm/hour"
  UtcTime record_time{};
  std::string record_body;
};

}  // namespace twinsky
