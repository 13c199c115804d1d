// SPDX-License-Identifier: Apache-2.0
// One configuration file on top of another: conf.d adds to the main file and overrides it.
#pragma once

#include "gateway/config/document.hpp"

namespace twinsky {

// Objects merge by key; lists whose entries have ids merge by id, other lists are appended; any
// other value replaces the earlier one. What is moved keeps its origin.
void merge(Node& into, const Node& from);

}  // namespace twinsky
