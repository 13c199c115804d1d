// SPDX-License-Identifier: Apache-2.0
// An overview in lines for a terminal: health first. `status` prints all of them, `top` as many as
// fit. Pure.
#pragma once

#include "gateway/model/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Lines that belong together; where there is little room some of them go.
struct OverviewPart {
  std::vector<std::string> lines;
  std::string_view further = {};  // what is left out then, for people: "stations"
};

struct OverviewText {
  std::string title;
  OverviewPart modes;     // a line for each warning mode that holds
  OverviewPart problems;  // a line each, and one with what to do about it
  OverviewPart sensors;
  OverviewPart indices;
  OverviewPart sinks;
  OverviewPart feeds;
  OverviewPart comparisons;
  OverviewPart stations;
  std::string store;
  std::string ledger;
};

// `all`: with the second forms of values too (counts of particles, factory output).
OverviewText overview_text(const Json& overview, bool all);
// Is any of its problems an error?
bool has_errors(const Json& overview);

// All of it, one after the other; stations where `all`.
std::vector<std::string> status_lines(const Json& overview, bool all);
// What fits: never more lines than `height`, none wider than `width`.
std::vector<std::string> top_lines(const Json& overview, std::size_t width, std::size_t height);

}  // namespace twinsky
