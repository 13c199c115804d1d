// SPDX-License-Identifier: Apache-2.0
// Internal consistency: quantities of one sample of which one can never exceed the other.
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/model/quantity.hpp"

namespace twinsky {

struct OrderedPair {
  Quantity smaller{};
  Quantity larger{};
  double tolerance = 0;  // what rounding and noise may do
};
std::span<const OrderedPair> ordered_pairs() noexcept;

// What a quantity is computed with, whoever computes it.
std::span<const Quantity> sources_of(Quantity quantity) noexcept;

// Suspect, of both: which of the two is wrong cannot be told.
Flag check_order(double smaller, double larger, double tolerance) noexcept;

}  // namespace twinsky
