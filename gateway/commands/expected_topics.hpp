// SPDX-License-Identifier: Apache-2.0
// What may be retained for a configuration; all else that a broker retains of ours belongs to what
// was removed. Pure.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/quality/index.hpp"

#include <string>
#include <vector>

namespace twinsky {

// All such topics begin with one of these. Indices are named by every edition of their rule, since
// an hour of the past is under the rule of its time.
std::vector<std::string> beginnings_of_topics(const Config& config,
                                              const IndexCatalogue& catalogue);

}  // namespace twinsky
