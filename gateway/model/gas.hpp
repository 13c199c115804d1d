// SPDX-License-Identifier: Apache-2.0
// Gases as mass per volume and as share of the molecules. The two are tied by the reference state
// that the source or the target index names (293.15 K Hong Kong, 298.15 K mainland and US; always
// 1013.25 hPa), never by the temperature of the air. No other conversion exists in the program.
#pragma once

#include "gateway/model/quantity.hpp"

#include <optional>

namespace twinsky {

struct GasForms {
  Quantity mass;        // ug/m3 at the stated reference state
  Quantity share;       // ppb or ppm
  double molar_mass_g;  // g/mol
  double ppb_per_unit;  // of `share`: 1 for ppb, 1000 for ppm
};

// The two forms of a gas, asked by either; null for what is no gas or has one form only.
const GasForms* gas_forms(Quantity either) noexcept;

// ug/m3 that one ppb of the gas weighs: M P / (R T).
double micrograms_per_ppb(double molar_mass_g, double reference_k) noexcept;

// The other form's value at the reference state; nullopt where the gas has no other form.
std::optional<double> share_of_mass(Quantity mass, double micrograms, double reference_k) noexcept;
std::optional<double> mass_of_share(Quantity share, double value, double reference_k) noexcept;

}  // namespace twinsky
