// SPDX-License-Identifier: Apache-2.0
// MQTT topic filters: `+` is any one level, a last `#` this level and all below.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

bool matches(std::string_view filter, std::string_view topic);

// What is wrong with a filter, in words for people; empty: nothing is.
std::string problem_of_filter(std::string_view filter);

}  // namespace twinsky
