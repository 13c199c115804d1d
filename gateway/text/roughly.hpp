// SPDX-License-Identifier: Apache-2.0
// How long something took, as people say it.
#pragma once

#include "gateway/model/clock.hpp"

#include <string>

namespace twinsky {

// "28 s", "5 min", "3 h", "2 days"; less than nothing is nothing.
std::string roughly(milliseconds length);

}  // namespace twinsky
