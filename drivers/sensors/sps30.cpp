// SPDX-License-Identifier: Apache-2.0
// Sensirion SPS30 on I2C: particles by laser, their mass and number by size. I2C address 0x69
// (fixed), 100 kHz, 5 V with signals of 3.3 V; SEL at ground before it gets its supply, or it
// speaks serial.
//
//   03 00 … 40 A7 63 83 20 09 …      format float: two words a number
//   KKKKK   FFFFF CC FFFFF CC
//   03 00 … 00 05 74 00 09 09 …      format uint16: a word a number
//   KKKKK   UUUUU CC UUUUU CC
//
// K   command; after its time a separate read
// F   half of a number of 32 bits (IEEE 754), big-endian; U a whole number
// C   CRC-8 of the word before it
//
// Ten numbers: mass of PM1, PM2.5, PM4, PM10 in ug/m3; number of particles from 0.3 um to 0.5, 1,
// 2.5, 4, 10 um in 1/cm3; their typical size, in um as float, in nm as uint16.
//
// It measures every second from 0010 (with the format) to 0104; 0202 asks whether there is
// something new. The numbers are right after 8 to 30 s of the fan, the less dust the later. Once a
// week of work it cleans its fan for 10 s, while the values stand still.
//
// Data sheet: Sensirion SPS30, version 1.0, tables 1 and 4, sections 6.1 to 6.3.
// Tested against Sensirion's own driver; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint16_t as_float = 0x0300;
constexpr std::uint16_t as_uint16 = 0x0500;

constexpr auto measured = std::to_array<Quantity>(
    {pm1, pm2_5, pm4, pm10, n_below_0_5, n_below_1, n_below_2_5, n_below_4, n_below_10});
constexpr std::size_t numbers = measured.size() + 1;  // and the typical size

Sample sample_of(const std::array<double, numbers>& values, double size_um) {
  Sample sample;
  for (std::size_t at = 0; at < measured.size(); ++at) {
    sample.readings.push_back(reading(measured[at], values[at]));
  }
  sample.facts.push_back({"typical_size", size_um});
  return sample;
}

Result<Sample> decode_floats(Bytes answer) {
  const auto floats = sensirion_floats<numbers>(answer);
  if (!floats) return Unexpected{floats.error()};
  std::array<double, numbers> values{};
  std::ranges::copy(*floats, values.begin());
  // Like any other number that is none: its element failed.
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
    return Unexpected{Fault::sensor_fault};
  }
  return sample_of(values, values.back());
}

Result<Sample> decode_integers(Bytes answer) {
  const auto words = sensirion_words<numbers>(answer);
  if (!words) return Unexpected{words.error()};
  std::array<double, numbers> values{};
  std::ranges::copy(*words, values.begin());
  return sample_of(values, values.back() / 1000);
}

Measuring commands(const Settings& settings) {
  const bool is_float = settings.text("format") == "float";
  return {.start = 0x0010,
          .start_argument = is_float ? as_float : as_uint16,
          .starting = 20ms,
          .stop = 0x0104,
          .stopping = 20ms,
          .is_ready = 0x0202,
          .ready_bits = 0x00FF,
          .read = 0x0300,
          .words = is_float ? 2 * numbers : numbers,
          .time = 20ms,
          .decode = is_float ? decode_floats : decode_integers};
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  return decode_measuring(exchanges, commands(settings));
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {pm1, 0, 1000, 1},
    {pm2_5, 0, 1000, 1},
    {pm4, 0, 1000, 1},
    {pm10, 0, 1000, 1},
    {n_below_0_5, 0, 3000, 2},
    {n_below_1, 0, 3000, 2},
    {n_below_2_5, 0, 3000, 2},
    {n_below_4, 0, 3000, 2},
    {n_below_10, 0, 3000, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x69"});
constexpr auto formats = std::to_array<std::string_view>({"float", "uint16"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "format",
     .kind = SettingKind::choice,
     .documentation = "How it sends its numbers; whole ones need half of the bytes.",
     .fallback = "float",
     .choices = formats},
});

}  // namespace

extern const DriverInfo sps30_driver = {
    .name = "sps30",
    .summary = "Particles PM1 to PM10 and counts by laser",
    .makers = "Sensirion SPS30",
    .datasheet = "Sensirion SPS30 data sheet, version 1.0, tables 1 and 4, sections 6.1 to 6.3",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 30s,
    .can_sleep = true,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return make_measuring(commands(chosen));
    },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
};

}  // namespace twinsky
