// SPDX-License-Identifier: Apache-2.0
// One printed value. Agencies print numbers, but also "-", "N/A", "M", "Calm", "Variable", "////",
// "***", "Trace", "<3" or nothing at all; only a number is a number. Whatever was printed is kept
// as text, so nobody has to guess why a value is absent.
#pragma once

#include "gateway/model/sample.hpp"

#include <optional>
#include <string_view>

namespace twinsky {

// The cell as a decimal number, full-width digits too; nullopt for everything else ("nan" and "inf"
// included).
std::optional<double> number_in(std::string_view cell);

// What stands for "no value" though it looks like a number (gateway/model/sentinel.hpp) is absent
// with the reason `sentinel`.
//
// The cell's number times `factor` (into the catalogue's unit), or absent; with the printed text.
Reading reading_of(Quantity quantity, std::string_view cell, double factor = 1);
// A reading whose value was worked out from the cell in another way.
Reading reading_of(Quantity quantity, std::string_view cell, std::optional<double> value);

// The other form of a gas (ppb or ppm beside ug/m3) at the reference state; nothing for what has
// none. The agency did not print it, so it has no text.
std::optional<Reading> share_beside(const Reading& mass, double reference_k);

// Compass words in English or Chinese, 8 or 16 points, and their letters ("NNE") in degrees;
// nullopt for everything else ("Calm", "Variable", "N/A").
std::optional<double> compass_degrees(std::string_view cell);

}  // namespace twinsky
