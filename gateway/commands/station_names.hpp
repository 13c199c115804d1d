// SPDX-License-Identifier: Apache-2.0
// The names under which the stream of an official station stands in a store.
#pragma once

#include <string>
#include <vector>

namespace twinsky {

// All names under which the stream "ref/FEED/STATION" ever stood, the present one first; none where
// the registry knows of no other.
std::vector<std::string> names_of_station(const std::string& stream);

}  // namespace twinsky
