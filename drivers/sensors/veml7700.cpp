// SPDX-License-Identifier: Apache-2.0
// Vishay VEML7700 and VEML6030: illuminance. I2C address 0x10, VEML6030 0x48 too, up to 400 kHz.
//
//   04 … E8 1C
//   AA   NNNNN
//
// A   register of 16 bits, little-endian, read after a repeated start: 00 configuration, 03 power
//     saving, 04 ambient light
// N   counts: lx = counts * resolution * (2 / gain) * (800 ms / integration time), where the
//     resolution is that at gain 2 and 800 ms: 0.0042 in the present data sheet, 0.0036 in older
//     ones and in ESPHome
//
// FFFF is the end of its range: a smaller gain or a shorter time is wanted. Above some 1000 lx its
// counts fall behind; the maker's polynomial of the fourth degree corrects that for its smallest
// gains and diverges above some 20 klx, so that it is off unless it is asked for. There is no
// check.
//
// Data sheet: Vishay VEML7700, 84286, revision of 2024, pages 4 to 10; application note 84323.
// Tested on computed counts against a second implementation; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/light.hpp"
#include "drivers/registers.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t configuration = 0x00;
constexpr std::uint8_t power_saving = 0x03;
constexpr std::uint8_t light = 0x04;
constexpr std::uint16_t shut_down = 0x0001;
constexpr std::uint16_t most_counts = 0xFFFF;
constexpr double corrected_above_lx = 1000;

// As the data sheet's table 1 codes them.
struct Choice {
  std::string_view name;
  double value;
  std::uint16_t bits;
};
constexpr auto gains = std::to_array<Choice>({
    {"2", 2, 1U << 11},
    {"1", 1, 0},
    {"0.25", 0.25, 3U << 11},
    {"0.125", 0.125, 2U << 11},
});
constexpr auto times = std::to_array<Choice>({
    {"25", 25, 0xCU << 6},
    {"50", 50, 0x8U << 6},
    {"100", 100, 0},
    {"200", 200, 1U << 6},
    {"400", 400, 2U << 6},
    {"800", 800, 3U << 6},
});

const Choice& chosen_of(std::span<const Choice> choices, const std::string& name) {
  return *std::ranges::find(choices, name, &Choice::name);
}

double corrected(double lux) {
  return lux * (1.0023 + lux * (8.1488e-5 + lux * (-9.3924e-9 + lux * 6.0135e-13)));
}

Result<Sample> decode_veml7700(Bytes answer, const Settings& settings) {
  if (answer.size() < 2) return Unexpected{Fault::truncated};
  const std::uint16_t counts = le16(answer, 0);
  if (counts == most_counts) return Unexpected{Fault::overrange};
  const double gain = chosen_of(gains, settings.text("gain")).value;
  const double time = chosen_of(times, settings.text("integration_ms")).value;
  double lux = counts * settings.number("resolution_lx_at_gain2_800ms") * (2 / gain) * (800 / time);
  if (settings.boolean("correction_polynomial") && lux > corrected_above_lx) lux = corrected(lux);
  Sample sample;
  sample.readings = {reading(illuminance, to_thousandths(lux * settings.number("window_factor")))};
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  return decode_image(exchanges, [&settings](const RegisterImage& image) {
    return decode_veml7700(image.from(light, 2), settings);
  });
}

class Veml7700 final : public DriverOn<TransferLink> {
 public:
  explicit Veml7700(const Settings& settings)
      : settings_(settings),
        gain_(chosen_of(gains, settings.text("gain"))),
        time_(chosen_of(times, settings.text("integration_ms"))) {}

  void start(TransferLink& link) override {
    const unsigned chosen = gain_.bits | time_.bits;
    write(link, configuration, chosen | shut_down);
    write(link, power_saving, 0);
    write(link, configuration, chosen);
    // It takes 2.5 ms to wake, then a whole integration.
    link.pause(milliseconds(static_cast<int>(time_.value * 1.1)) + 4ms);
  }

  Result<Sample> sample(TransferLink& link) override {
    return decode_veml7700(registers<2>(link, light), settings_);
  }

 private:
  static void write(TransferLink& link, std::uint8_t address, unsigned word) {
    link.write(bytes_of(address, word & 0xFF, word >> 8));
  }

  Settings settings_;
  Choice gain_;
  Choice time_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({{illuminance, 0, 167772, 1}});
constexpr auto addresses = std::to_array<std::string_view>({"0x10", "0x48"});
constexpr auto gain_names = std::to_array<std::string_view>({"2", "1", "0.25", "0.125"});
constexpr auto time_names =
    std::to_array<std::string_view>({"25", "50", "100", "200", "400", "800"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "gain",
     .kind = SettingKind::choice,
     .documentation = "Gain; 0.125 for the sun.",
     .fallback = "0.125",
     .choices = gain_names},
    {.name = "integration_ms",
     .kind = SettingKind::choice,
     .documentation = "How long it integrates, in milliseconds; 25 for the sun.",
     .fallback = "25",
     .choices = time_names},
    {.name = "resolution_lx_at_gain2_800ms",
     .kind = SettingKind::number,
     .documentation = "Lux of a count at gain 2 and 800 ms; 0.0036 in older data sheets.",
     .fallback = "0.0042",
     .lower = 0.001,
     .upper = 0.01},
    {.name = "correction_polynomial",
     .kind = SettingKind::boolean,
     .documentation = "Whether the maker's polynomial is applied above 1000 lx; it diverges above "
                      "some 20000 lx.",
     .fallback = "false"},
    window_factor_setting,
});

}  // namespace

extern const DriverInfo veml7700_driver = {
    .name = "veml7700",
    .summary = "Illuminance",
    .makers = "Vishay VEML7700, VEML6030",
    .datasheet = "Vishay VEML7700 data sheet 84286, pages 4 to 10; application note 84323",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Veml7700>(chosen);
    },
    .decode = decode,
    .unrecognisable = "older ones have no id, and its answers have no check",
};

}  // namespace twinsky
