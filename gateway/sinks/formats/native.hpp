// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateway/sinks/format.hpp"

#include <memory>

namespace twinsky {

std::unique_ptr<Format> make_native_format(std::string gateway);

}  // namespace twinsky
