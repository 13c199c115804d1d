// SPDX-License-Identifier: Apache-2.0
// Sensirion SCD30: CO2 by NDIR, with temperature and humidity of its own board.
// I2C address 0x61 (fixed), at most 100 kHz, 50 kHz or less on a Raspberry Pi.
//
//   03 00 … 43 DB CB 8C 2E 8F 41 D9 70 E7 FF F5 42 43 BF 3A 1F B0
//   KKKKK   GGGGG CC GGGGG CC TTTTT CC TTTTT CC RRRRR CC RRRRR CC
//
// K   command; no repeated start, and after 4 ms a separate read
// G   CO2 in ppm, T temperature in degC, R humidity in %: 32 bits (IEEE 754), big-endian, in two
//     words; 0 ppm is what it says before it has measured
// C   CRC-8 of the word before it
//
// It measures every 2 s by itself, also after a power cut; 0202 asks whether there is something
// new. What is set is kept in its memory and is written only when it differs. Its automatic
// self-calibration takes the lowest CO2 of a week for that of fresh air: wrong in rooms that are
// never aired. CO2 falls with the pressure of the air: that of a neighbouring barometer is passed
// on by its start command, which it takes while it measures.
//
// It holds the clock for up to 30 ms, once a day for 150 ms. The adapter of a Raspberry Pi before
// the Pi 5 mishandles that at its usual speed: set 10 kHz (dtparam=i2c_arm_baudrate=10000), or use
// the overlay i2c-gpio.
//
// Interface description: Sensirion SCD30, version 1.0, sections 1.1 to 1.4.
// Tested against Sensirion's own driver; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint16_t interval = 0x4600;
constexpr std::uint16_t self_calibration = 0x5306;
constexpr std::uint16_t altitude = 0x5102;
constexpr std::uint16_t two_seconds = 2;
constexpr auto answering = 4ms;

Result<Sample> decode_scd30(Bytes answer) {
  const auto floats = sensirion_floats<3>(answer);
  if (!floats) return Unexpected{floats.error()};
  const auto [ppm, degrees, percent] = *floats;
  Sample sample;
  sample.readings = {
      ppm == 0 ? absent(co2, Fault::not_ready) : reading(co2, ppm),
      reading(temperature, degrees),
      reading(humidity, percent),
  };
  return sample;
}

Measuring commands() {
  return {.start = 0x0010,
          .start_argument = 0,  // no pressure known
          .starting = answering,
          .is_ready = 0x0202,
          .ready_bits = 0x00FF,
          .read = 0x0300,
          .words = 6,
          .time = answering,
          .set_pressure = 0x0010,
          .decode = decode_scd30};
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_measuring(exchanges, commands());
}

void set(TransferLink& link, std::uint16_t command, std::uint16_t wanted) {
  if (sensirion_setting(link, command, answering) == wanted) return;
  link.write(sensirion_command(command, wanted));
  link.pause(answering);
}

std::vector<Fact> prepare(TransferLink& link, const Settings& settings) {
  set(link, interval, two_seconds);
  if (settings.has("altitude_m")) {
    set(link, altitude, static_cast<std::uint16_t>(settings.integer("altitude_m")));
  }
  if (settings.has("automatic_self_calibration")) {
    const bool wanted = settings.boolean("automatic_self_calibration");
    set(link, self_calibration, wanted ? 1 : 0);
    return {{"automatic_self_calibration", wanted}};
  }
  const bool is_on = sensirion_setting(link, self_calibration, answering) != 0;
  return {{"automatic_self_calibration", is_on}};
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {co2, 0, 40000, 1},
    {temperature, -40, 70, 2, true},
    {humidity, 0, 100, 2, true},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x61"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "automatic_self_calibration",
     .kind = SettingKind::boolean,
     .documentation = "Whether it takes the lowest CO2 of a week for fresh air; off for rooms that "
                      "are never aired; left as it is without this setting."},
    {.name = "altitude_m",
     .kind = SettingKind::integer,
     .documentation = "Height above the sea in metres, for places without a barometer nearby.",
     .lower = 0,
     .upper = 3000},
});

}  // namespace

extern const DriverInfo scd30_driver = {
    .name = "scd30",
    .summary = "CO2, with temperature and humidity of its own board",
    .makers = "Sensirion SCD30",
    .datasheet = "Sensirion SCD30 interface description, version 1.0, sections 1.1 to 1.4",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 4s,  // two of its measurements
    .shortest_period = 2s,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return make_measuring(commands(),
                            [chosen](TransferLink& link) { return prepare(link, chosen); });
    },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
};

}  // namespace twinsky
