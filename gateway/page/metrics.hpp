// SPDX-License-Identifier: Apache-2.0
// What the gateway knows of itself for those who collect figures, in Prometheus' text format
// (version 0.0.4), and whether it is well. Pure; any thread.
#pragma once

#include "gateway/sinks/snapshot.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
std::string metrics_text(const Snapshot& snapshot);

// "twinsky_pm2_5_micrograms_per_cubic_metre"
std::string metric_of(Quantity quantity);

// What keeps the gateway from doing its whole work, one sentence each; none: it is ready.
std::vector<std::string> why_not_ready(const Snapshot& snapshot, const Config& config);

}  // namespace twinsky
