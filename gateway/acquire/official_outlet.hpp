// SPDX-License-Identifier: Apache-2.0
// Where a follower's findings go in the running gateway: samples into the intake and on to the
// indices that are made of them, warnings onto their retained topic.
#pragma once

#include "gateway/acquire/follower.hpp"
#include "gateway/acquire/official_indices.hpp"

namespace twinsky {

// All outlive the follower. The store remembers what must be known after a restart.
FollowerOutlet outlet_to(Intake& intake, OfficialIndices& indices, Bulletin& bulletin,
                         Store& store);

}  // namespace twinsky
