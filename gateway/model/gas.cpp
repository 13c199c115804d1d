// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/gas.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr double gas_constant = 8.314462618;      // J/(mol K), exact since 2019
constexpr double reference_pressure_pa = 101325;  // 1013.25 hPa in every standard that we read

// Molar masses from the standard atomic weights. NOx has no share of its own here: agencies report
// it as if it were all NO2.
constexpr auto gases = std::to_array<GasForms>({
    {Quantity::no2, Quantity::no2_ppb, 46.006, 1},
    {Quantity::o3, Quantity::o3_ppb, 47.998, 1},
    {Quantity::so2, Quantity::so2_ppb, 64.066, 1},
    {Quantity::no, Quantity::no_ppb, 30.006, 1},
    {Quantity::co, Quantity::co_ppm, 28.010, 1000},
    {Quantity::formaldehyde, Quantity::formaldehyde_ppb, 30.026, 1},
});

}  // namespace

const GasForms* gas_forms(Quantity either) noexcept {
  const auto* found = std::ranges::find_if(
      gases, [either](const GasForms& gas) { return gas.mass == either || gas.share == either; });
  return found == gases.end() ? nullptr : found;
}

double micrograms_per_ppb(double molar_mass_g, double reference_k) noexcept {
  // 1e-9 of a cubic metre's moles, times 1e6 ug in a gram
  return molar_mass_g * reference_pressure_pa / (gas_constant * reference_k) * 1e-3;
}

std::optional<double> share_of_mass(Quantity mass, double micrograms, double reference_k) noexcept {
  const GasForms* gas = gas_forms(mass);
  if (gas == nullptr || gas->mass != mass) return std::nullopt;
  return micrograms / micrograms_per_ppb(gas->molar_mass_g, reference_k) / gas->ppb_per_unit;
}

std::optional<double> mass_of_share(Quantity share, double value, double reference_k) noexcept {
  const GasForms* gas = gas_forms(share);
  if (gas == nullptr || gas->share != share) return std::nullopt;
  return value * gas->ppb_per_unit * micrograms_per_ppb(gas->molar_mass_g, reference_k);
}

}  // namespace twinsky
