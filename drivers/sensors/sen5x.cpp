// SPDX-License-Identifier: Apache-2.0
// Sensirion SEN50, SEN54, SEN55: particles by laser, and (SEN54, SEN55) humidity, temperature and
// the VOC index, (SEN55) the NOx index. I2C address 0x69 (fixed), 100 kHz, 5 V with signals of
// 3.3 V.
//
//   03 C4 … 0049 34 0062 58 006E 25 0072 1B 18C6 39 1407 FB 03F2 4C 000A 5A
//   KKKKK   AAAA CC BBBB CC DDDD CC EEEE CC RRRR CC TTTT CC VVVV CC NNNN CC
//
// K   command, big-endian; after its time a separate read
// A B D E  PM1, PM2.5, PM4, PM10 in 0.1 ug/m3, without sign
// R   humidity in 0.01 %, T temperature in 0.005 degC, V VOC index and N NOx index in 0.1: signed
// C   CRC-8 of the word before it
//
// It measures every second from 0021 to 0104; 0202 asks whether there is something new. FFFF
// without and 7FFF with sign is what it does not know: the indices for some seconds, whatever a
// SEN50 and a SEN54 have no element for always. The particles are right after 8 to 30 s of the fan,
// the less dust the later. SEL is connected to ground before it gets its supply.
//
// Data sheet: Sensirion SEN5x, version 2, sections 1.1 (start-up) and 6.1 (commands).
// Tested against Sensirion's own driver; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto layout = std::to_array<SensirionWord>({
    {pm1, 10},
    {pm2_5, 10},
    {pm4, 10},
    {pm10, 10},
    {humidity, 100, true},
    {temperature, 200, true},
    {voc_index, 10, true},
    {nox_index, 10, true},
});

Result<Sample> decode_sen5x(Bytes answer) {
  return decode_sensirion(answer, layout);
}

Measuring commands() {
  return {.start = 0x0021,
          .starting = 50ms,
          .stop = 0x0104,
          .stopping = 200ms,
          .is_ready = 0x0202,
          .ready_bits = 0x00FF,
          .read = 0x03C4,
          .words = layout.size(),
          .time = 20ms,
          .decode = decode_sen5x};
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_measuring(exchanges, commands());
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {pm1, 0, 1000, 1},
    {pm2_5, 0, 1000, 1},
    {pm4, 0, 1000, 1},
    {pm10, 0, 1000, 1},
    {humidity, 0, 100, 2},
    {temperature, -10, 50, 2},
    {voc_index, 1, 500, 0},
    {nox_index, 1, 500, 0},
});

// Each has the first so many of them.
std::vector<DriverQuantity> quantities_of(const Settings& settings) {
  const std::string& variant = settings.text("variant");
  const std::ptrdiff_t count = variant == "sen50" ? 4 : variant == "sen54" ? 7 : 8;
  return {quantities.begin(), quantities.begin() + count};
}

constexpr auto addresses = std::to_array<std::string_view>({"0x69"});
constexpr auto variants = std::to_array<std::string_view>({"sen50", "sen54", "sen55"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "variant",
     .kind = SettingKind::choice,
     .documentation = "Which of the three it is, which decides what it measures.",
     .fallback = "sen55",
     .choices = variants},
});

}  // namespace

extern const DriverInfo sen5x_driver = {
    .name = "sen5x",
    .summary = "Particles PM1 to PM10 by laser, humidity, temperature, VOC and NOx index",
    .makers = "Sensirion SEN50, SEN54, SEN55",
    .datasheet = "Sensirion SEN5x data sheet, version 2, sections 1.1 and 6.1",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 30s,
    .can_sleep = true,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      Measuring device = commands();
      device.decode = [count = quantities_of(chosen).size()](Bytes answer) {
        auto sample = decode_sen5x(answer);
        if (sample) sample->readings.resize(count);
        return sample;
      };
      return make_measuring(std::move(device));
    },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
    .quantities_of = quantities_of,
};

}  // namespace twinsky
