// SPDX-License-Identifier: Apache-2.0
// Takes quantities out of a document of ours, byte for byte the same otherwise: decimals are fixed,
// so that a JSON library must not write the numbers anew. Pure.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

// Without every member, on whatever level, that is named after a quantity (or after what was made
// of it: `<quantity>_corrected`) and not in `allowed`.
std::string without_quantities(std::string_view document,
                               const std::set<std::string, std::less<>>& allowed);

}  // namespace twinsky
