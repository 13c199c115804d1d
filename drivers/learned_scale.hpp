// SPDX-License-Identifier: Apache-2.0
// Which of the ways that a map knows for a model is most likely that of the device at hand, by what
// it says at commissioning. A proposal: nothing is ever taken over by itself.
#pragma once

#include "drivers/register_map.hpp"

#include <span>
#include <string>
#include <vector>

namespace twinsky {

// A sentence for each entry of the map that has alternatives.
std::vector<std::string> learned_scales(const RegisterMap& map, std::span<const Sample> samples);

// Of the Beaufort scale, from a wind speed in m/s (WMO-No. 8, part I, 5.1.2).
int beaufort_of(double metres_per_second) noexcept;

}  // namespace twinsky
