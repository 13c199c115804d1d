// SPDX-License-Identifier: Apache-2.0
// Sensirion SFA30: formaldehyde by an electrochemical cell, with humidity and temperature of its
// own board. I2C address 0x5D (fixed), at most 100 kHz, 5 V with signals of 3.3 V; SEL at ground.
//
//   03 27 … 01 A7 1E 14 6F F9 12 D9 BA
//   KKKKK   FFFFF CC RRRRR CC TTTTT CC
//
// K   command; after 5 ms a separate read
// F   formaldehyde in 0.2 ppb, R humidity in 0.01 %, T temperature in 0.005 degC: signed,
// big-endian C   CRC-8 of the word before it
//
// It measures every 0.5 s from 0006 to 0104. Its formaldehyde is 0 for some 10 s after that, and
// the offset of a new one falls for days.
//
// Data sheet: Sensirion SFA30, version 1.0, sections 5.2 and 5.3.
// Tested against Sensirion's own driver; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto layout = std::to_array<SensirionWord>({
    {formaldehyde_ppb, 5, true, false},
    {humidity, 100, true, false},
    {temperature, 200, true, false},
});

Measuring commands() {
  return {.start = 0x0006,
          .starting = 5ms,
          .stop = 0x0104,
          .stopping = 50ms,
          .read = 0x0327,
          .words = layout.size(),
          .time = 5ms,
          .decode = [](Bytes answer) { return decode_sensirion(answer, layout); }};
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_measuring(exchanges, commands());
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {formaldehyde_ppb, -20, 1000, 1},
    {humidity, 0, 100, 2, true},
    {temperature, -20, 60, 2, true},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x5d"});

}  // namespace

extern const DriverInfo sfa30_driver = {
    .name = "sfa30",
    .summary = "Formaldehyde, with temperature and humidity of its own board",
    .makers = "Sensirion SFA30",
    .datasheet = "Sensirion SFA30 data sheet, version 1.0, sections 5.2 and 5.3",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 10s,
    .addresses = addresses,
    .make = [](const Settings&) -> std::unique_ptr<Driver> { return make_measuring(commands()); },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
};

}  // namespace twinsky
