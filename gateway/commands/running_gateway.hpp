// SPDX-License-Identifier: Apache-2.0
// What the daemon that keeps a store says of itself, asked over its local socket.
#pragma once

#include "gateway/model/json.hpp"
#include "gateway/model/result.hpp"

#include <string>

namespace twinsky {

// As overview_json() has it. Fails with a sentence: it does not run, does not let us ask, hangs.
Result<Json, std::string> ask_running_gateway(const std::string& store_path);

}  // namespace twinsky
