// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/gas.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using enum Quantity;

// ug/m3 per ppb as the standards' tables print it, to their four decimals.
TEST(gas, weighs_what_the_tables_of_the_standards_say) {
  const struct {
    Quantity gas;
    double hong_kong;  // 293.15 K
    double mainland;   // 298.15 K
    double old_china;  // 273.15 K
  } table[] = {
      {no2, 1.9125, 1.8804, 2.0525}, {so2, 2.6633, 2.6186, 2.8583}, {o3, 1.9953, 1.9619, 2.1414},
      {co, 1.1644, 1.1449, 1.2497},  {no, 1.2474, 1.2265, 1.3387},
  };
  for (const auto& [gas, hong_kong, mainland, old_china] : table) {
    const double mass = gas_forms(gas)->molar_mass_g;
    EXPECT_NEAR(micrograms_per_ppb(mass, 293.15), hong_kong, 6e-5) << name_of(gas);
    EXPECT_NEAR(micrograms_per_ppb(mass, 298.15), mainland, 6e-5) << name_of(gas);
    EXPECT_NEAR(micrograms_per_ppb(mass, 273.15), old_china, 6e-5) << name_of(gas);
  }
}

TEST(gas, comes_back_from_its_other_form) {
  for (const Quantity mass : {no2, o3, so2, no, co, formaldehyde}) {
    const Quantity share = gas_forms(mass)->share;
    const double there = *share_of_mass(mass, 36.7, 293.15);
    EXPECT_NEAR(*mass_of_share(share, there, 293.15), 36.7, 1e-12) << name_of(mass);
  }
  EXPECT_NEAR(*share_of_mass(co, 1164.4, 293.15), 1.0, 1e-4) << "ppm";
  EXPECT_LT(*share_of_mass(no2, -2, 293.15), 0) << "noise below zero is not clamped";
}

TEST(gas, has_no_other_form_where_there_is_none) {
  EXPECT_EQ(gas_forms(pm2_5), nullptr);
  EXPECT_EQ(share_of_mass(nox, 1, 293.15), std::nullopt);
  EXPECT_EQ(share_of_mass(no2_ppb, 1, 293.15), std::nullopt) << "it is the other form already";
  EXPECT_EQ(mass_of_share(no2, 1, 293.15), std::nullopt);
}

}  // namespace
}  // namespace twinsky
