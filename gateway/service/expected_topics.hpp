// SPDX-License-Identifier: Apache-2.0
// What may be retained for a configuration; all else that a broker retains of ours belongs to what
// was removed. Pure.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/indices/index.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// All such topics begin with one of these. Indices are named by every edition of their rule, since
// an hour of the past is under the rule of its time.
std::vector<std::string> beginnings_of_topics(const Config& config,
                                              const IndexCatalogue& catalogue);

// Is it the topic of a station under an id that it had in an earlier version of the registry? Its
// feed will not name it so any more, whatever stations it has yet to name. Any thread.
std::function<bool(std::string_view topic)> former_topics(const Config& config);

}  // namespace twinsky
