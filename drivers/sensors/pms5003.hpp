// SPDX-License-Identifier: Apache-2.0
// Plantower's frame, which arrives over UART (pms5003.cpp) and over I2C (pmsa003i.cpp). Pure.
#pragma once

#include "drivers/driver.hpp"

#include <array>

namespace twinsky {

// The PMS5003T alone cannot be told by its frame: it is as long as a PMS5003's.
enum class PlantowerFrame : bool { particles, with_temperature };

// What is wrong with a whole frame of any length.
std::optional<Fault> check_plantower(Bytes frame);

// A good frame: readings of a measurement, nothing of an acknowledgement.
// Zeros throughout are `warming_up`; of a device that is warm they are clean air.
Result<Sample> decode_plantower(Bytes frame, PlantowerFrame kind, bool is_warm);

// What every member with a frame of 32 bytes measures.
inline constexpr auto plantower_quantities = std::to_array<DriverQuantity>({
    {Quantity::pm1, 0, 1000},
    {Quantity::pm2_5, 0, 1000},
    {Quantity::pm10, 0, 1000},
    {Quantity::pm1_cf1, 0, 1000},
    {Quantity::pm2_5_cf1, 0, 1000},
    {Quantity::pm10_cf1, 0, 1000},
    {Quantity::n_above_0_3, 0, 655.35, 2},
    {Quantity::n_above_0_5, 0, 655.35, 2},
    {Quantity::n_above_1, 0, 655.35, 2},
    {Quantity::n_above_2_5, 0, 655.35, 2},
    {Quantity::n_above_5, 0, 655.35, 2},
    {Quantity::n_above_10, 0, 655.35, 2},
});

}  // namespace twinsky
