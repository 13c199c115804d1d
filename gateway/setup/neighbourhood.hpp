// SPDX-License-Identifier: Apache-2.0
// What official stations are near a place, and what of its sensors can be compared with them.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/setup/proposal.hpp"

#include <set>
#include <string>
#include <vector>

namespace twinsky {

// Whose rules hold there, as `jurisdiction` has it: "hk", "cn-sh" or "other".
std::string jurisdiction_at(const Position& place);

// Sources with stations near the place, by their names.
std::vector<const FeedInfo*> feeds_near(const Position& place);

struct Neighbour {
  Json entry;              // as it stands in "feeds" or "compare"
  std::string about = {};  // for a comment
};
struct Neighbourhood {
  std::vector<Neighbour> feeds;
  std::vector<Neighbour> comparisons;
};

// `accepted`: those of the feeds with terms that somebody has agreed to; the others stay away.
Neighbourhood neighbourhood_of(const Position& place, const ProposedDevices& proposal,
                               const std::set<std::string>& accepted);

}  // namespace twinsky
