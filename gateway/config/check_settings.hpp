// SPDX-License-Identifier: Apache-2.0
// The checks of a quantity: what the configuration says, where it says nothing what
// config/checks.json has for the quantity, and the ranges of catalogue and data sheet.
#pragma once

#include "gateway/checks/quality_settings.hpp"
#include "gateway/checks/series_checks.hpp"

namespace twinsky {

// `rated`: the range of the instrument's data sheet, where it says one. Throws std::runtime_error
// when the program's own file is wrong.
CheckSettings checks_of(Quantity quantity, const QualitySettings& configured,
                        std::optional<Interval> rated, milliseconds period);

// What no single setting can say.
struct CheckProblem {
  std::string setting;  // empty: none
  std::string message;
};
CheckProblem problem_of_checks(const Settings& given);

}  // namespace twinsky
