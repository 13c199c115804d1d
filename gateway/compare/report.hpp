// SPDX-License-Identifier: Apache-2.0
// A sensor's comparisons as one page of HTML with drawings in it: no scripts, nothing fetched, so
// it can be mailed, printed and kept. Pure; any thread.
#pragma once

#include "gateway/compare/comparison.hpp"

#include <span>
#include <string>
#include <vector>

namespace twinsky {

struct ReportedComparison {
  const Comparison& comparison;
  StoredPairs pairs;
  Window window;       // what is drawn and computed
  std::string record;  // as it was published last; empty: never
};

struct ReportedSensor {
  std::string gateway;
  std::string sensor;
  std::string driver;
  std::string placement;      // empty: not said
  std::string serial_number;  // empty: not known
  Zone zone;
  std::vector<Note> notes;  // of this sensor
};

// In one of the page's languages; throws std::invalid_argument where there is no such language.
std::string report_page(const ReportedSensor& sensor,
                        std::span<const ReportedComparison> comparisons,
                        const std::string& language, UtcTime now);

}  // namespace twinsky
