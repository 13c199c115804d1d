// SPDX-License-Identifier: Apache-2.0
// The mean of a period's frames of one device, each kind of quantity by its own arithmetic: degrees
// by their directions, decibels by their energy, increments by their sum.
#pragma once

#include "gateway/model/sample.hpp"

#include <span>

namespace twinsky {

// nullopt: directions that cancel out have none. `values` are not empty.
std::optional<double> mean_of(Quantity quantity, std::span<const double> values);

// Each quantity over those frames that have it. `frames` are not empty.
Sample mean_of(std::span<const Sample> frames);

}  // namespace twinsky
