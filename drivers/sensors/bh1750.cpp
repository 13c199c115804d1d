// SPDX-License-Identifier: Apache-2.0
// ROHM BH1750FVI: illuminance. I2C address 0x23, or 0x5C (ADDR high), up to 400 kHz.
//
//   10 … 01 F4
//   KK   NNNNN
//
// K   command: 10 or 20 high resolution, 11 or 21 the same with half steps, 13 or 23 low
// resolution;
//     1x goes on measuring, 2x measures once and sleeps; after its time a separate read
// N   counts, big-endian: lx = counts / 1.2 * 69 / MTreg, and half of that in half steps
//
// MTreg (31 to 254, 69 as delivered) is how long it measures; it is written in two commands of
// three and five bits. FFFF is the end of its range: with the shortest time some 121 klx in the
// sun. There is no check.
//
// Data sheet: ROHM BH1750FVI, 11046EDT01, pages 5, 7 and 11. Tested on computed counts against a
// second implementation; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/framing.hpp"
#include "drivers/light.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto power_on = bytes_of(0x01);
constexpr double counts_per_lux = 1.2;
constexpr std::int64_t usual_mtreg = 69;

struct Mode {
  std::string_view name;
  std::uint8_t once;
  double steps;       // of a count
  milliseconds time;  // at most, with the usual MTreg
};
constexpr auto modes = std::to_array<Mode>({
    {"H", 0x20, 1, 180ms},
    {"H2", 0x21, 2, 180ms},
    {"L", 0x23, 1, 24ms},
});

const Mode& mode_named(std::string_view name) {
  return *std::ranges::find(modes, name, &Mode::name);
}

Result<Sample> decode_bh1750(Bytes answer, const Settings& settings) {
  if (answer.size() < 2) return Unexpected{Fault::truncated};
  if (answer.size() > 2) return Unexpected{Fault::framing};
  const double mtreg = double(settings.integer("mtreg"));
  const double steps = mode_named(settings.text("mode")).steps;
  const double counts = be16(answer, 0);
  const double lux = counts / counts_per_lux * (double(usual_mtreg) / mtreg) / steps;
  Sample sample;
  sample.readings = {reading(illuminance, to_thousandths(lux * settings.number("window_factor")))};
  return sample;
}

// Going on or once: the same counts.
bool measures(Bytes command) {
  if (command.size() != 1) return false;
  const std::uint8_t code = u8(command, 0);
  const unsigned resolution = code & 0x0FU;
  return (code >> 4 == 1 || code >> 4 == 2) && resolution <= 3 && resolution != 2;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (measures(exchange.written)) {
      append(decoded, decode_bh1750(exchange.answered, settings));
    }
  }
  return decoded;
}

class Bh1750 final : public DriverOn<TransferLink> {
 public:
  explicit Bh1750(const Settings& settings)
      : settings_(settings), mode_(mode_named(settings.text("mode"))) {}

  void start(TransferLink& link) override {
    const auto mtreg = static_cast<unsigned>(settings_.integer("mtreg"));
    link.write(power_on);
    link.write(bytes_of(0x40 | mtreg >> 5));
    link.write(bytes_of(0x60 | (mtreg & 0x1F)));
  }

  Result<Sample> sample(TransferLink& link) override {
    std::array<std::byte, 2> answer{};
    link.write(bytes_of(mode_.once));
    link.pause(mode_.time * settings_.integer("mtreg") / usual_mtreg + 1ms);
    link.read(answer);
    return decode_bh1750(answer, settings_);
  }

 private:
  Settings settings_;
  Mode mode_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({{illuminance, 0, 121557, 1}});
constexpr auto addresses = std::to_array<std::string_view>({"0x23", "0x5c"});
constexpr auto mode_names = std::to_array<std::string_view>({"H", "H2", "L"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "mode",
     .kind = SettingKind::choice,
     .documentation = "Resolution: H 1 lx, H2 0.5 lx, L 4 lx in a tenth of the time.",
     .fallback = "H",
     .choices = mode_names},
    {.name = "mtreg",
     .kind = SettingKind::integer,
     .documentation = "How long it measures; 31 for the sun (to 121 klx), 254 for the night.",
     .fallback = "69",
     .lower = 31,
     .upper = 254},
    window_factor_setting,
});

}  // namespace

extern const DriverInfo bh1750_driver = {
    .name = "bh1750",
    .summary = "Illuminance",
    .makers = "ROHM BH1750FVI; boards GY-30, GY-302",
    .datasheet = "ROHM BH1750FVI data sheet, 11046EDT01, pages 5, 7 and 11",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Bh1750>(chosen);
    },
    .decode = decode,
    .unrecognisable = "it has no id, and its answers have no check",
};

}  // namespace twinsky
