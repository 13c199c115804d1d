// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/quantity.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using enum Quantity;

// Ranges are what the air of the two cities and the instruments can plausibly show, not alarm
// limits. Negative noise is inside. Of particles down to -10 µg/m³: so far two networks that pass
// on hourly values of official monitors take what is below zero for noise, and what is
// lower for none (MazamaScience/air-monitor-algorithms, QC_negativeValues; SJVAir,
// PM25_FEM_Cleaner). Of gases -50 is wide enough for the electrochemical cells that measure the
// same quantities. British Columbia draws it closer for official monitors: -3.5 µg/m³ of PM2.5, -5
// ppb (bcgov/rcaaqs, clean_neg).
// clang-format off
constexpr auto catalogue = std::to_array<QuantityInfo>({
  {pm1, "pm1", "PM1", "ug/m3", "µg/m³", 1, -10, 2000, "pm1", "mass_concentration_of_pm1_ambient_aerosol_particles_in_air", Averaging::mean},
  {pm2_5, "pm2_5", "PM2.5", "ug/m3", "µg/m³", 1, -10, 2000, "pm25", "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air", Averaging::mean},
  {pm4, "pm4", "PM4", "ug/m3", "µg/m³", 1, -10, 2000, "", "", Averaging::mean},
  {pm10, "pm10", "PM10", "ug/m3", "µg/m³", 1, -10, 2000, "pm10", "mass_concentration_of_pm10_ambient_aerosol_particles_in_air", Averaging::mean},
  {pm1_cf1, "pm1_cf1", "PM1 (factory output)", "ug/m3", "µg/m³", 1, 0, 2000, "", "", Averaging::mean},
  {pm2_5_cf1, "pm2_5_cf1", "PM2.5 (factory output)", "ug/m3", "µg/m³", 1, 0, 2000, "", "", Averaging::mean},
  {pm10_cf1, "pm10_cf1", "PM10 (factory output)", "ug/m3", "µg/m³", 1, 0, 2000, "", "", Averaging::mean},
  {n_above_0_3, "n_above_0_3", "Particles above 0.3 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_above_0_5, "n_above_0_5", "Particles above 0.5 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_above_1, "n_above_1", "Particles above 1 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_above_2_5, "n_above_2_5", "Particles above 2.5 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_above_5, "n_above_5", "Particles above 5 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_above_10, "n_above_10", "Particles above 10 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_below_0_5, "n_below_0_5", "Particles below 0.5 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_below_1, "n_below_1", "Particles below 1 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_below_2_5, "n_below_2_5", "Particles below 2.5 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_below_4, "n_below_4", "Particles below 4 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {n_below_10, "n_below_10", "Particles below 10 µm", "/cm3", "1/cm³", 2, 0, 100000, "", "", Averaging::mean},
  {no2_ppb, "no2_ppb", "NO₂", "[ppb]", "ppb", 1, -50, 5000, "", "mole_fraction_of_nitrogen_dioxide_in_air", Averaging::mean},
  {o3_ppb, "o3_ppb", "O₃", "[ppb]", "ppb", 1, -50, 5000, "", "mole_fraction_of_ozone_in_air", Averaging::mean},
  {so2_ppb, "so2_ppb", "SO₂", "[ppb]", "ppb", 1, -50, 5000, "", "mole_fraction_of_sulfur_dioxide_in_air", Averaging::mean},
  {no_ppb, "no_ppb", "NO", "[ppb]", "ppb", 1, -50, 5000, "", "mole_fraction_of_nitrogen_monoxide_in_air", Averaging::mean},
  {nh3_ppb, "nh3_ppb", "NH₃", "[ppb]", "ppb", 1, -100, 100000, "", "mole_fraction_of_ammonia_in_air", Averaging::mean},
  {h2s_ppb, "h2s_ppb", "H₂S", "[ppb]", "ppb", 1, -50, 100000, "", "mole_fraction_of_hydrogen_sulfide_in_air", Averaging::mean},
  {formaldehyde_ppb, "formaldehyde_ppb", "Formaldehyde", "[ppb]", "ppb", 1, -20, 5000, "", "mole_fraction_of_formaldehyde_in_air", Averaging::mean},
  {co_ppm, "co_ppm", "CO", "[ppm]", "ppm", 3, -5, 1000, "carbon_monoxide", "mole_fraction_of_carbon_monoxide_in_air", Averaging::mean},
  {co2, "co2", "CO₂", "[ppm]", "ppm", 0, 0, 40000, "carbon_dioxide", "mole_fraction_of_carbon_dioxide_in_air", Averaging::mean},
  {formaldehyde, "formaldehyde", "Formaldehyde", "ug/m3", "µg/m³", 1, -20, 5000, "", "mass_concentration_of_formaldehyde_in_air", Averaging::mean},
  {voc_index, "voc_index", "VOC index", "{voc_index}", "", 0, 0, 500, "", "", Averaging::mean},
  {nox_index, "nox_index", "NOx index", "{nox_index}", "", 0, 0, 500, "", "", Averaging::mean},
  {gas_resistance, "gas_resistance", "Gas resistance", "Ohm", "Ω", 0, 0, 1e+09, "", "", Averaging::mean},
  {no2, "no2", "NO₂", "ug/m3", "µg/m³", 1, -50, 10000, "nitrogen_dioxide", "mass_concentration_of_nitrogen_dioxide_in_air", Averaging::mean},
  {o3, "o3", "O₃", "ug/m3", "µg/m³", 1, -50, 10000, "ozone", "mass_concentration_of_ozone_in_air", Averaging::mean},
  {so2, "so2", "SO₂", "ug/m3", "µg/m³", 1, -50, 10000, "sulphur_dioxide", "mass_concentration_of_sulfur_dioxide_in_air", Averaging::mean},
  {co, "co", "CO", "ug/m3", "µg/m³", 1, -500, 1e+06, "", "mass_concentration_of_carbon_monoxide_in_air", Averaging::mean},
  {no, "no", "NO", "ug/m3", "µg/m³", 1, -50, 10000, "nitrogen_monoxide", "mass_concentration_of_nitrogen_monoxide_in_air", Averaging::mean},
  {nox, "nox", "NOx", "ug/m3", "µg/m³", 1, -50, 10000, "", "", Averaging::mean},
  {temperature, "temperature", "Temperature", "Cel", "°C", 2, -90, 70, "temperature", "air_temperature", Averaging::mean},
  {dew_point, "dew_point", "Dew point", "Cel", "°C", 2, -100, 60, "temperature", "dew_point_temperature", Averaging::mean},
  {wet_bulb, "wet_bulb", "Wet bulb", "Cel", "°C", 2, -90, 60, "temperature", "wet_bulb_temperature", Averaging::mean},
  {humidity, "humidity", "Humidity", "%", "%", 2, 0, 100, "humidity", "relative_humidity", Averaging::mean},
  {pressure, "pressure", "Pressure", "hPa", "hPa", 2, 300, 1150, "atmospheric_pressure", "surface_air_pressure", Averaging::mean},
  {pressure_sea_level, "pressure_sea_level", "Pressure at sea level", "hPa", "hPa", 1, 850, 1100, "atmospheric_pressure", "air_pressure_at_mean_sea_level", Averaging::mean},
  {wind_speed, "wind_speed", "Wind", "m/s", "m/s", 2, 0, 100, "wind_speed", "wind_speed", Averaging::mean},
  {wind_gust, "wind_gust", "Gusts", "m/s", "m/s", 2, 0, 130, "wind_speed", "wind_speed_of_gust", Averaging::maximum},
  {wind_dir, "wind_dir", "Wind from", "deg", "°", 1, 0, 360, "wind_direction", "wind_from_direction", Averaging::vector},
  {rain, "rain", "Rain", "mm", "mm", 2, 0, 100, "precipitation", "thickness_of_rainfall_amount", Averaging::sum},
  {rain_total, "rain_total", "Rain in total", "mm", "mm", 1, 0, 1e+07, "precipitation", "", Averaging::last},
  {rain_1h, "rain_1h", "Rain in an hour", "mm", "mm", 1, 0, 400, "precipitation", "", Averaging::last},
  {rain_rate, "rain_rate", "Rain rate", "mm/h", "mm/h", 1, 0, 2000, "precipitation_intensity", "rainfall_rate", Averaging::mean},
  {illuminance, "illuminance", "Light", "lx", "lx", 1, 0, 200000, "illuminance", "", Averaging::mean},
  {solar_radiation, "solar_radiation", "Sunshine", "W/m2", "W/m²", 1, -10, 1600, "irradiance", "surface_downwelling_shortwave_flux_in_air", Averaging::mean},
  {uv_index, "uv_index", "UV index", "{uv_index}", "", 1, 0, 25, "", "ultraviolet_index", Averaging::mean},
  {noise, "noise", "Noise", "dB[SPL]", "dBA", 1, 0, 160, "sound_pressure", "sound_pressure_level_in_air", Averaging::energy},
  {internal_temperature, "internal_temperature", "Temperature inside the device", "Cel", "°C", 2, -90, 120, "temperature", "", Averaging::mean},
  {internal_humidity, "internal_humidity", "Humidity inside the device", "%", "%", 2, 0, 100, "humidity", "", Averaging::mean},
  {battery_voltage, "battery_voltage", "Battery", "V", "V", 3, 0, 60, "voltage", "", Averaging::mean},
  {supply_voltage, "supply_voltage", "Supply", "V", "V", 3, 0, 60, "voltage", "", Averaging::mean},
  {aqhi, "aqhi", "AQHI", "{aqhi}", "", 0, 1, 11, "aqi", "", Averaging::none},
  {aqi, "aqi", "AQI", "{aqi}", "", 0, 0, 1000, "aqi", "", Averaging::none},
  {pm2_5_24h, "pm2_5_24h", "PM2.5, 24 h", "ug/m3", "µg/m³", 1, -10, 2000, "pm25", "", Averaging::none},
  {pm10_24h, "pm10_24h", "PM10, 24 h", "ug/m3", "µg/m³", 1, -10, 2000, "pm10", "", Averaging::none},
  {no2_24h, "no2_24h", "NO₂, 24 h", "ug/m3", "µg/m³", 1, -50, 10000, "nitrogen_dioxide", "", Averaging::none},
  {o3_8h, "o3_8h", "O₃, 8 h", "ug/m3", "µg/m³", 1, -50, 10000, "ozone", "", Averaging::none},
  {o3_24h, "o3_24h", "O₃, 24 h", "ug/m3", "µg/m³", 1, -50, 10000, "ozone", "", Averaging::none},
  {so2_24h, "so2_24h", "SO₂, 24 h", "ug/m3", "µg/m³", 1, -50, 10000, "sulphur_dioxide", "", Averaging::none},
  {co_24h, "co_24h", "CO, 24 h", "ug/m3", "µg/m³", 1, -500, 1e+06, "", "", Averaging::none},
  {o3_8h_24h, "o3_8h_24h", "O₃, highest 8 h of a day", "ug/m3", "µg/m³", 1, -50, 10000, "ozone", "", Averaging::none},
});
// clang-format on

static_assert(
    [] {
      for (std::size_t at = 0; at < catalogue.size(); ++at) {
        if (static_cast<std::size_t>(catalogue[at].quantity) != at) return false;
      }
      return true;
    }(),
    "the catalogue stands in the order of the enumeration");

}  // namespace

std::span<const QuantityInfo> quantity_catalogue() noexcept {
  return catalogue;
}

const QuantityInfo& info_of(Quantity quantity) noexcept {
  return catalogue[static_cast<std::size_t>(quantity)];
}

std::string_view name_of(Quantity quantity) noexcept {
  return info_of(quantity).name;
}

std::optional<Quantity> quantity_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(catalogue, name, &QuantityInfo::name);
  if (found == catalogue.end()) return std::nullopt;
  return found->quantity;
}

}  // namespace twinsky
