// SPDX-License-Identifier: Apache-2.0
// Spike: does a value stand out from those before and after it? Its flag is known one sample later.
#pragma once

#include "gateway/checks/check.hpp"

namespace twinsky {

enum class SpikeMethod : std::uint8_t {
  average,       // distance from the middle of the neighbours; they are flagged along with a spike
  differential,  // the smaller of two steps, when one goes up and the other down: the spike alone
};

struct SpikeLimits {
  Limits limits;
  SpikeMethod method = SpikeMethod::differential;
  bool operator==(const SpikeLimits&) const = default;
};

// Not evaluated where a neighbour is missing, as at both ends of a series.
Flag check_spike(std::optional<double> before, std::optional<double> value,
                 std::optional<double> after, const SpikeLimits& limits) noexcept;

}  // namespace twinsky
