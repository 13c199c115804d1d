// SPDX-License-Identifier: Apache-2.0
// Sensirion SHT30, SHT31, SHT35 and Texas Instruments HDC3020, HDC3021, HDC3022: temperature and
// humidity. Both makers' devices take the same commands and answer with the same words.
// I2C address 0x44 or 0x45 (ADDR high); HDC302x 0x46 and 0x47 too; up to 1 MHz.
//
//   24 00 … 66 66 93 80 00 A2
//   KKKKK   TTTTT CC RRRRR CC
//
// K   command: one measurement, high repeatability, the clock is not stretched; after its time a
//     separate read
// T   temperature = -45 + 175 * T / 65535 degC
// R   humidity = 100 * R / 65535 %
// C   CRC-8 of the word before it
//
// Until it has measured it does not acknowledge a read. The command that stretches the clock (2C06)
// is not used: a Raspberry Pi's adapter mishandles that.
//
// Data sheets: Sensirion SHT3x-DIS, version 6, sections 4.3 and 4.13; Texas Instruments HDC3020,
// SNAS778, trigger-on demand mode. Tested against Sensirion's own driver on computed words; the
// HDC302x by its data sheet alone. Never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint16_t soft_reset = 0x30A2;

// Repeatability with the time that a measurement takes at most, rounded up. The HDC302x calls them
// low-power modes 0 to 2 and is faster.
struct Repeatability {
  std::string_view name;
  std::uint16_t command;
  milliseconds time;
};
constexpr auto repeatabilities = std::to_array<Repeatability>({
    {"high", 0x2400, 16ms},
    {"medium", 0x240B, 7ms},
    {"low", 0x2416, 5ms},
});

Result<Sample> decode_sht3x(Bytes answer) {
  const auto words = sensirion_words<2>(answer);
  if (!words) return Unexpected{words.error()};
  const auto [t, rh] = *words;
  Sample sample;
  sample.readings = {
      reading(temperature, -45 + 175.0 * t / 65535),
      reading(humidity, 100.0 * rh / 65535),
  };
  return sample;
}

bool measures(Bytes command) {
  if (command.size() != 2) return false;
  // The commands that stretch the clock begin with 2C and give the same words.
  const std::uint16_t code = be16(command, 0);
  return code >> 8 == 0x2C ||
         std::ranges::find(repeatabilities, code, &Repeatability::command) != repeatabilities.end();
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (measures(exchange.written)) {
      append(decoded, decode_sht3x(exchange.answered));
    }
  }
  return decoded;
}

class Sht3x final : public DriverOn<TransferLink> {
 public:
  explicit Sht3x(const Settings& settings)
      : chosen_(*std::ranges::find(repeatabilities, settings.text("repeatability"),
                                   &Repeatability::name)) {}

  void start(TransferLink& link) override {
    link.write(sensirion_command(soft_reset));
    link.pause(3ms);  // HDC302x; an SHT3x takes 1.5 ms
  }

  Result<Sample> sample(TransferLink& link) override {
    return decode_sht3x(ask_sensirion(link, chosen_.command, chosen_.time, 2));
  }

 private:
  Repeatability chosen_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, -40, 125, 2},
    {humidity, 0, 100, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x44", "0x45", "0x46", "0x47"});
constexpr auto variants = std::to_array<std::string_view>({"sht3x", "hdc302x"});
constexpr auto names = std::to_array<std::string_view>({"high", "medium", "low"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "variant",
     .kind = SettingKind::choice,
     .documentation = "Which maker's device it is; both are talked with in the same way.",
     .fallback = "sht3x",
     .choices = variants},
    {.name = "repeatability",
     .kind = SettingKind::choice,
     .documentation = "Repeatability of a measurement; high takes 16 ms, low 5 ms.",
     .fallback = "high",
     .choices = names},
});

}  // namespace

extern const DriverInfo sht3x_driver = {
    .name = "sht3x",
    .summary = "Temperature and humidity",
    .makers = "Sensirion SHT30, SHT31, SHT35; Texas Instruments HDC3020, HDC3021, HDC3022",
    .datasheet = "Sensirion SHT3x-DIS data sheet, version 6, sections 4.3 and 4.13",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Sht3x>(chosen);
    },
    .decode = decode,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
};

}  // namespace twinsky
