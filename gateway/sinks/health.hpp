// SPDX-License-Identifier: Apache-2.0
// The document `health`: how the gateway is, for who watches many of them.
#pragma once

#include "gateway/sinks/snapshot.hpp"

#include <string>

namespace twinsky {

std::string health_document(const Snapshot& snapshot);

}  // namespace twinsky
