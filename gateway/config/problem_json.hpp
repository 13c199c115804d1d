// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/model/json.hpp"

#include <span>

namespace twinsky {

// [{"file","line","column","pointer","message","suggestion"},…]
Json json_of(std::span<const Problem> problems);

}  // namespace twinsky
