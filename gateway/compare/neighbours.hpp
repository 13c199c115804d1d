// SPDX-License-Identifier: Apache-2.0
// What all official stations around say of a sensor's newest hours, where the quantity is much the
// same over a city. Made of stored hours alone, so that it is the same after a restart.
#pragma once

#include "gateway/compare/comparison.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinsky {

// The streams, of those there are, of stations near enough to be asked.
std::vector<std::string> neighbours_of(const Comparison& comparison,
                                       std::span<const std::string> streams);

// Of the hours before `end`; nothing where the quantity is not regional, the sensor is indoors, its
// newest hour is not valid or fewer than three stations have theirs.
std::optional<NeighbourCheck> read_neighbours(StoreReader& store, const Comparison& comparison,
                                              const StoredPairs& pairs,
                                              std::span<const std::string> neighbours,
                                              HourStart end);

}  // namespace twinsky
