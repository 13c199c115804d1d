// SPDX-License-Identifier: Apache-2.0
// A sensor's comparisons as one page of HTML with drawings in it: no scripts, nothing fetched, so
// it can be mailed, printed and kept. Pure; any thread.
#pragma once

#include "gateway/compare/comparison.hpp"

#include <span>
#include <string>

namespace twinsky {

struct ReportedComparison {
  const Comparison& comparison;
  StoredPairs pairs;
  Window window;       // what is drawn and computed
  std::string record;  // as it was published last; empty: never
};

std::string report_page(const std::string& gateway, const std::string& sensor,
                        std::span<const ReportedComparison> comparisons, UtcTime now);

}  // namespace twinsky
