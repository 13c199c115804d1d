// SPDX-License-Identifier: Apache-2.0
// A time that somebody types.
#pragma once

#include "gateway/model/zone.hpp"

#include <optional>
#include <string>

namespace twinsky {

// nullopt where nothing was given. Without an offset it is local, without a date it is of today.
// Wrong usage is told to the user as such.
std::optional<UtcTime> time_option(const std::string& option, const std::string& text,
                                   const Zone& zone);

}  // namespace twinsky
