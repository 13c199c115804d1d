// SPDX-License-Identifier: Apache-2.0
// A time that somebody types.
#pragma once

#include "gateway/model/clock.hpp"

#include <optional>
#include <string>

namespace twinsky {

// nullopt where nothing was given. Without an offset it is local: the same eight hours in both
// cities. Wrong usage is told to the user as such.
std::optional<UtcTime> time_option(const std::string& option, const std::string& text);

}  // namespace twinsky
