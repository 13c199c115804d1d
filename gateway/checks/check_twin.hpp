// SPDX-License-Identifier: Apache-2.0
// Twin channels: do two lasers of one instrument agree about particles?
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

// After Barkjohn et al. 2021 (doi:10.5194/amt-14-4617-2021), for 24-h means there: apart by more
// than 5 ug/m3 and by more than 70 % of their mean. Where they do not agree nobody knows which of
// them is right, so both fail.
Flag check_twin(std::optional<double> a, std::optional<double> b) noexcept;

}  // namespace twinsky
