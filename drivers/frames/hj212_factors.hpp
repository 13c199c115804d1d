// SPDX-License-Identifier: Apache-2.0
// Which quantity goes under which code of HJ 212, in which unit and with how many decimals: no
// frame says its units, so both ends must have agreed on them. The table is in the source file,
// with where each line comes from; what is written as "noise=LA" or "pm2_5=a34004 mg/m3" goes
// before it.
#pragma once

#include "drivers/registry.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// `own`: texts as above; those that cannot be read are left out (problem_of_hj212_factor()).
std::vector<FrameFactor> hj212_factors(std::span<const std::string> own = {});

// What is wrong with "pm2_5=a34004 mg/m3"; empty: nothing.
std::string problem_of_hj212_factor(std::string_view text);

// "a34004-Avg=9.4": `field` is "Rtd", "Avg", "Min" or "Max".
void append_hj212_value(std::string& group, const FrameFactor& factor, std::string_view field,
                        double value);

// Groups with ';' between them, cut so that each part has so many bytes at most: what does not fit
// into one frame goes in several, each whole by itself.
std::vector<std::string> parts_of_hj212(std::string_view groups, std::size_t most);

}  // namespace twinsky
