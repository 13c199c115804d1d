// SPDX-License-Identifier: Apache-2.0
// Sensirion SEN62, SEN63C, SEN65, SEN66, SEN68, SEN69C: particles by laser with humidity and
// temperature, and by type CO2, VOC and NOx index, formaldehyde. I2C address 0x6B (fixed), 100 kHz,
// 3.3 V.
//
//   03 00 … 0049 34 0062 58 006E 25 0072 1B 18C6 39 1407 FB 03F2 4C 000A 5A 0264 27
//   KKKKK   AAAA CC BBBB CC DDDD CC EEEE CC RRRR CC TTTT CC VVVV CC NNNN CC GGGG CC
//
// K   command, another one for each type; after its time a separate read
// A B D E  PM1, PM2.5, PM4, PM10 in 0.1 ug/m3, without sign
// R   humidity in 0.01 %, T temperature in 0.005 degC: signed
// then, as far as the type has them, in this order:
// V N      VOC and NOx index in 0.1: signed
// F        formaldehyde in 0.1 ppb, without sign (SEN68, SEN69C)
// G        CO2 in ppm: without sign in a SEN66, signed in a SEN63C and a SEN69C
// C   CRC-8 of the word before it
//
// It measures every second from 0021 to 0104 (after which it needs 1.4 s); 0202 asks whether there
// is something new. FFFF without and 7FFF with sign is what it does not know yet: CO2 for 5 to 6 s,
// NOx for 10 s, formaldehyde for 60 s. CO2 falls with the pressure of the air, so that of a
// neighbouring barometer is passed on (6720), which it takes while it measures.
//
// Data sheet: Sensirion SEN6x, version 0.92, section 4.8; commands and layouts of the types but the
// SEN66 as ESPHome's component sen6x has them. The SEN66 was tested against Sensirion's own driver,
// the others on computed words alone; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

struct Type {
  std::string_view name;
  std::uint16_t read;
  bool has_indices;
  bool has_formaldehyde;
  bool has_co2;
  bool is_co2_signed;
};
constexpr auto types = std::to_array<Type>({
    {"sen62", 0x04A3, false, false, false, false},
    {"sen63c", 0x0471, false, false, true, true},
    {"sen65", 0x0446, true, false, false, false},
    {"sen66", 0x0300, true, false, true, false},
    {"sen68", 0x0467, true, true, false, false},
    {"sen69c", 0x04B5, true, true, true, true},
});

std::vector<SensirionWord> layout_of(const Type& type) {
  std::vector<SensirionWord> layout{{pm1, 10},  {pm2_5, 10},           {pm4, 10},
                                    {pm10, 10}, {humidity, 100, true}, {temperature, 200, true}};
  if (type.has_indices) {
    layout.push_back({voc_index, 10, true});
    layout.push_back({nox_index, 10, true});
  }
  if (type.has_formaldehyde) layout.push_back({formaldehyde_ppb, 10});
  if (type.has_co2) layout.push_back({co2, 1, type.is_co2_signed});
  return layout;
}

Measuring commands(const Type& type) {
  const std::vector<SensirionWord> layout = layout_of(type);
  return {.start = 0x0021,
          .starting = 50ms,
          .stop = 0x0104,
          .stopping = 1400ms,
          .is_ready = 0x0202,
          .ready_bits = 0x00FF,
          .read = type.read,
          .words = layout.size(),
          .time = 20ms,
          .set_pressure = type.has_co2 ? std::uint16_t{0x6720} : std::uint16_t{0},
          .decode = [layout](Bytes answer) { return decode_sensirion(answer, layout); }};
}

const Type& type_named(std::string_view name) {
  return *std::ranges::find(types, name, &Type::name);
}

// The command says which type it is.
Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  for (const Exchange& exchange : exchanges) {
    if (exchange.written.size() != 2) continue;
    const auto found = std::ranges::find(types, be16(exchange.written, 0), &Type::read);
    if (found != types.end()) return decode_measuring(exchanges, commands(*found));
  }
  return decode_measuring(exchanges, commands(type_named(settings.text("variant"))));
}

constexpr auto all_quantities = std::to_array<DriverQuantity>({
    {pm1, 0, 1000, 1},
    {pm2_5, 0, 1000, 1},
    {pm4, 0, 1000, 1},
    {pm10, 0, 1000, 1},
    {humidity, 0, 100, 2},
    {temperature, -10, 50, 2},
    {voc_index, 1, 500, 0},
    {nox_index, 1, 500, 0},
    {formaldehyde_ppb, 0, 1000, 1},
    {co2, 0, 40000, 0},
});

std::vector<DriverQuantity> quantities_of(const Settings& settings) {
  std::vector<DriverQuantity> those;
  for (const SensirionWord& word : layout_of(type_named(settings.text("variant")))) {
    those.push_back(*std::ranges::find(all_quantities, word.quantity, &DriverQuantity::quantity));
  }
  return those;
}

constexpr auto addresses = std::to_array<std::string_view>({"0x6b"});
constexpr auto variants =
    std::to_array<std::string_view>({"sen62", "sen63c", "sen65", "sen66", "sen68", "sen69c"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "variant",
     .kind = SettingKind::choice,
     .documentation = "Which of the family it is, which decides what it measures.",
     .fallback = "sen66",
     .choices = variants},
});

}  // namespace

extern const DriverInfo sen66_driver = {
    .name = "sen66",
    .summary =
        "Particles PM1 to PM10 by laser, humidity, temperature; by type CO2, VOC and NOx "
        "index, formaldehyde",
    .makers = "Sensirion SEN62, SEN63C, SEN65, SEN66, SEN68, SEN69C",
    .datasheet = "Sensirion SEN6x data sheet, version 0.92, section 4.8",
    .bus = &i2c_bus,
    .quantities = all_quantities,
    .warm_up = 30s,
    .can_sleep = true,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return make_measuring(commands(type_named(chosen.text("variant"))));
    },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
    .quantities_of = quantities_of,
};

}  // namespace twinsky
