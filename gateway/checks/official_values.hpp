// SPDX-License-Identifier: Apache-2.0
// What an official value must pass before anything is made of it: an index, an hour, a pair. A
// value that cannot be keeps its number and its text and is flagged, so that nobody has to guess
// what the agency printed; it is never reckoned with. Pure; any thread.
#pragma once

#include "gateway/model/sample.hpp"

#include <optional>
#include <string>

namespace twinsky {

// Can the quantity have this value? Neither beyond the catalogue's range nor an agency's mark for
// "no value" (sentinel.hpp).
bool is_plausible(Quantity quantity, double value) noexcept;

// May it be reckoned with: a value that neither its source nor we doubt.
bool is_usable(const std::optional<double>& value, Flag flag) noexcept;

// Flags the readings that cannot be. What was worked out from a reading in doubt (the other form of
// a gas, which nobody printed) is in the same doubt.
void check_official_values(Sample& sample);

// Why the sample's interval cannot be, a sentence; empty: it can. `now` where it is known. What
// agencies publish late or revise is a week old at most; what they publish is not to come, but for
// what our own clock may be wrong.
std::string problem_of_interval(const Sample& sample, std::optional<UtcTime> now);

}  // namespace twinsky
