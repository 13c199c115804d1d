// SPDX-License-Identifier: Apache-2.0
// The index that a rule makes of our own hours: sub-indices of what was measured, the index itself
// only of all that the rule asks for. Pure.
#pragma once

#include "gateway/hours/hour.hpp"
#include "gateway/indices/index.hpp"
#include "gateway/indices/index_report.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// One sensor's hourly means of one quantity.
struct OwnSeries {
  std::string sensor;
  Quantity quantity{};  // as it measures it: ug/m3 of particles, ppb or ppm of gases
  std::vector<std::optional<double>> newest_first;  // valid hours
};

// How many hours a rule looks at.
std::size_t hours_looked_at(const IndexEdition& edition);
// The form in which a sensor of ours measures an input of a rule.
Quantity own_quantity_of(std::string_view input);

// Of the hour that begins at `start`. Each input is taken from the first series that has hours
// enough for it, and from that alone.
IndexReport own_index(const IndexEdition& edition, std::span<const OwnSeries> series,
                      UtcTime start);

}  // namespace twinsky
