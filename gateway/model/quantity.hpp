// SPDX-License-Identifier: Apache-2.0
// The closed catalogue of measured properties. A quantity implies its unit, which never changes:
// another unit is another quantity. Wire, SQL, configuration and documentation use these names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace twinsky {

// In the order of the catalogue (quantity.cpp).
enum class Quantity : std::uint8_t {
  pm1,
  pm2_5,
  pm4,
  pm10,
  pm1_cf1,
  pm2_5_cf1,
  pm10_cf1,
  n_above_0_3,
  n_above_0_5,
  n_above_1,
  n_above_2_5,
  n_above_5,
  n_above_10,
  n_below_0_5,
  n_below_1,
  n_below_2_5,
  n_below_4,
  n_below_10,
  no2_ppb,
  o3_ppb,
  so2_ppb,
  no_ppb,
  nh3_ppb,
  h2s_ppb,
  formaldehyde_ppb,
  co_ppm,
  co2,
  formaldehyde,
  voc_index,
  nox_index,
  gas_resistance,
  no2,
  o3,
  so2,
  co,
  no,
  nox,
  temperature,
  dew_point,
  wet_bulb,
  humidity,
  pressure,
  pressure_sea_level,
  wind_speed,
  wind_gust,
  wind_dir,
  rain,
  rain_total,
  rain_1h,
  rain_rate,
  illuminance,
  solar_radiation,
  uv_index,
  noise,
  internal_temperature,
  internal_humidity,
  battery_voltage,
  supply_voltage,
  aqhi,
  aqi,
  pm2_5_24h,
  pm10_24h,
  no2_24h,
  o3_8h,
  o3_24h,
  so2_24h,
  co_24h,
  o3_8h_24h,
};

// How an hour is made of readings.
enum class Averaging : std::uint8_t {
  none,  // official means and indices: taken as they are
  mean,
  maximum,  // gusts
  vector,   // directions
  sum,      // increments
  last,     // running totals
  energy,   // decibels: mean of the energy
};

struct QuantityInfo {
  Quantity quantity;
  std::string_view name;
  std::string_view title;         // for people, in English
  std::string_view ucum;          // case-sensitive UCUM code
  std::string_view display_unit;  // for people; micro is U+00B5
  int decimals;                   // digits after the point, unless a driver resolves otherwise
  double lower;  // plausible range; beyond it a reading fails the gross range check
  double upper;
  // Home Assistant's device class: one whose versions since early 2025 all take the display unit,
  // since newer ones refuse what has another. Empty: none fits.
  std::string_view home_assistant_class;
  std::string_view cf_name;  // CF standard name; empty: none fits
  Averaging averaging;
};

std::span<const QuantityInfo> quantity_catalogue() noexcept;
const QuantityInfo& info_of(Quantity quantity) noexcept;
std::string_view name_of(Quantity quantity) noexcept;
std::optional<Quantity> quantity_named(std::string_view name) noexcept;

}  // namespace twinsky
