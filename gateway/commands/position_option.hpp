// SPDX-License-Identifier: Apache-2.0
// A position that somebody gives as an option.
#pragma once

#include "gateway/model/station.hpp"

#include <string>
#include <string_view>

namespace twinsky {

// "22.32,114.17"; throws WrongUsage.
Position position_in(const std::string& option, std::string_view text);

}  // namespace twinsky
