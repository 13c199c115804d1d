// SPDX-License-Identifier: Apache-2.0
// The kinds of devices there are, one line each.
#include "device.hpp"
#include "i2c_devices.hpp"
#include "serial_devices.hpp"
#include "strangers.hpp"
#include "troubles.hpp"

#include <algorithm>

namespace world {

namespace {

struct Kind {
  std::string_view name;
  std::vector<std::string> quantities;
  int baud;     // 0: an I2C device
  int address;  // I2C address or Modbus unit
  std::unique_ptr<SerialDevice> (*make_serial)(const DeviceSpec&, Instant);
  std::unique_ptr<I2cDevice> (*make_i2c)(const DeviceSpec&, Instant);
};

using Names = std::vector<std::string>;

Names with(Names names, const Names& others) {
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

const std::vector<Kind>& all_kinds() {
  static const Names sen{"pm1", "pm2_5", "pm4", "pm10", "temperature", "humidity"};
  static const std::vector<Kind> kinds{
      {"pms5003", {"pm1", "pm2_5", "pm10"}, 9600, 0, make_pms5003, nullptr},
      {"sds011", {"pm2_5", "pm10"}, 9600, 0, make_sds011, nullptr},
      {"renke",
       {"wind_speed", "wind_dir", "humidity", "temperature", "noise", "pm2_5", "pm10", "pressure",
        "illuminance", "rain_rate"},
       4800,
       1,
       make_renke,
       nullptr},
      {"sht4x", {"temperature", "humidity"}, 0, 0x44, nullptr, make_sht4x},
      {"bme280", {"temperature", "humidity", "pressure"}, 0, 0x76, nullptr, make_bme280},
      {"scd4x", {"co2", "temperature", "humidity", "pressure"}, 0, 0x62, nullptr, make_scd4x},
      {"bmp280", {"temperature", "pressure"}, 0, 0x76, nullptr, make_bmp280},
      {"pmsa003i", {"pm1", "pm2_5", "pm10"}, 0, 0x12, nullptr, make_pmsa003i},
      {"eeprom", {}, 0, 0x50, nullptr, make_eeprom},
      {"registers", {}, 0, 0x48, nullptr, make_registers},
      {"sht3x", {"temperature", "humidity"}, 0, 0x44, nullptr, make_sht3x},
      {"si7021", {"temperature", "humidity"}, 0, 0x40, nullptr, make_si7021},
      {"aht20", {"temperature", "humidity"}, 0, 0x38, nullptr, make_aht20},
      {"sen5x", with(sen, {"voc_index", "nox_index"}), 0, 0x69, nullptr, make_sen},
      {"sen62", sen, 0, 0x6B, nullptr, make_sen},
      {"sen63c", with(sen, {"co2", "pressure"}), 0, 0x6B, nullptr, make_sen},
      {"sen65", with(sen, {"voc_index", "nox_index"}), 0, 0x6B, nullptr, make_sen},
      {"sen66", with(sen, {"voc_index", "nox_index", "co2", "pressure"}), 0, 0x6B, nullptr,
       make_sen},
      {"sen68", with(sen, {"voc_index", "nox_index", "formaldehyde_ppb"}), 0, 0x6B, nullptr,
       make_sen},
      {"sen69c", with(sen, {"voc_index", "nox_index", "formaldehyde_ppb", "co2", "pressure"}), 0,
       0x6B, nullptr, make_sen},
      {"sps30",
       {"pm1", "pm2_5", "pm4", "pm10", "n_below_0_5", "n_below_1", "n_below_2_5", "n_below_4",
        "n_below_10"},
       0,
       0x69,
       nullptr,
       make_sps30},
      {"scd30", {"co2", "temperature", "humidity", "pressure"}, 0, 0x61, nullptr, make_scd30},
      {"sfa30", {"formaldehyde_ppb", "temperature", "humidity"}, 0, 0x5D, nullptr, make_sfa30},
      {"bmp388", {"temperature", "pressure"}, 0, 0x77, nullptr, make_bmp388},
      {"bme688",
       {"temperature", "humidity", "pressure", "gas_resistance"},
       0,
       0x77,
       nullptr,
       make_bme688},
      {"sgp41", {"sraw_voc", "sraw_nox"}, 0, 0x59, nullptr, make_sgp41},
      {"bh1750", {"illuminance"}, 0, 0x23, nullptr, make_bh1750},
      {"veml7700", {"illuminance"}, 0, 0x10, nullptr, make_veml7700},
      {"ltr390", {"illuminance", "uv_index"}, 0, 0x53, nullptr, make_ltr390},
      {"tsl2591", {"illuminance"}, 0, 0x29, nullptr, make_tsl2591},
      {"gps", {}, 9600, 0, make_gps, nullptr},
      {"noise", {}, 9600, 0, make_noise, nullptr},
      {"nobody", {}, 9600, 0, make_nobody, nullptr},
      {"meter", {}, 9600, 1, make_meter, nullptr},
  };
  return kinds;
}

const Kind* kind_named(std::string_view name) {
  const auto& kinds = all_kinds();
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& quantities_of_kind(std::string_view kind) {
  static const std::vector<std::string> none;
  const auto* known = kind_named(kind);
  return known == nullptr ? none : known->quantities;
}

std::string kind_names() {
  std::string names;
  for (const Kind& kind : all_kinds()) {
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  return names;
}

bool is_kind(std::string_view kind) {
  return kind_named(kind) != nullptr;
}
bool is_serial_kind(std::string_view kind) {
  return kind_named(kind)->baud != 0;
}
int baud_of_kind(std::string_view kind) {
  return kind_named(kind)->baud;
}
int address_of_kind(std::string_view kind) {
  return kind_named(kind)->address;
}

std::unique_ptr<SerialDevice> make_serial_device(const DeviceSpec& spec, Instant now) {
  return troubled(kind_named(spec.kind)->make_serial(spec, now), spec.troubles);
}

std::unique_ptr<I2cDevice> make_i2c_device(const DeviceSpec& spec, Instant now) {
  return troubled(kind_named(spec.kind)->make_i2c(spec, now), spec.troubles);
}

}  // namespace world
