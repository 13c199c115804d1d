// SPDX-License-Identifier: Apache-2.0
// The summary of weather warnings in force ("warnsum") of the Hong Kong Observatory.
#pragma once

#include "drivers/driver.hpp"
#include "drivers/feeds/json.hpp"

#include <optional>
#include <vector>

namespace twinsky {

// The warnings in force, word for word, in the order printed; none in good weather. Nothing when
// `report` is no such summary. Pure.
std::optional<std::vector<Warning>> warnings_in(const JsonValue& report);

}  // namespace twinsky
