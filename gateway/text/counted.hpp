// SPDX-License-Identifier: Apache-2.0
// "1 sink", "2 sinks": for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace twinsky {

// `many` is `one` with an s, unless it is given: counted(1, "sample is", "samples are").
std::string counted(std::uint64_t count, std::string_view one, std::string_view many = {});

}  // namespace twinsky
