// SPDX-License-Identifier: Apache-2.0
// ams TSL2591: illuminance. I2C address 0x29 (fixed), up to 400 kHz.
//
//   B4 … 30 07 A4 01
//   KK   FFFFF IIIII
//
// K   command: A0 and the first register (14), read after a repeated start
// F   counts of all light, I of the infrared alone: little-endian
//
//   lx = (F - I) * (1 - I / F) / (time * gain / 408)
//
// The maker gives no formula; this one is the community's (Adafruit, ESPHome), with its factor 408.
// At 100 ms the counters end at 36863, at longer times at 65535: whoever is there is dazzled, and a
// smaller gain is wanted. There is no check.
//
// Data sheet: ams TSL2591, version 1-05, pages 13 to 21. Tested on computed counts against a second
// implementation; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/light.hpp"
#include "drivers/registers.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t command = 0xA0;
constexpr std::uint8_t enable = command | 0x00;
constexpr std::uint8_t off = 0x00;
constexpr std::uint8_t on = 0x03;  // power, and conversion of light
constexpr std::uint8_t control = command | 0x01;
constexpr std::uint8_t device_id = command | 0x12;
constexpr std::uint8_t tsl2591 = 0x50;
constexpr std::uint8_t status = command | 0x13;
constexpr std::uint8_t is_valid = 0x01;
constexpr std::uint8_t data = command | 0x14;
constexpr std::uint16_t most_counts_at_100_ms = 36863;
constexpr std::uint16_t most_counts = 65535;
constexpr double device_factor = 408;

// The gains as the data sheet has them, and as the community rounds them.
constexpr auto gains = std::to_array<std::string_view>({"1", "25", "400", "428", "9500", "9876"});
constexpr std::array<double, 6> gain_values{1, 25, 400, 428, 9500, 9876};
constexpr std::array<std::uint8_t, 6> gain_codes{0x00, 0x10, 0x20, 0x20, 0x30, 0x30};
constexpr auto times = std::to_array<std::string_view>({"100", "200", "300", "400", "500", "600"});

std::size_t place_in(std::span<const std::string_view> names, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

Result<Sample> decode_tsl2591(Bytes answer, const Settings& settings) {
  if (answer.size() < 4) return Unexpected{Fault::truncated};
  const double all = le16(answer, 0);
  const double infrared = le16(answer, 2);
  const double time_ms = 100.0 * double(place_in(times, settings.text("atime_ms")) + 1);
  const double most = time_ms == 100 ? most_counts_at_100_ms : most_counts;
  if (all >= most || infrared >= most) return Unexpected{Fault::overrange};
  const double gain = gain_values.at(place_in(gains, settings.text("again")));
  const double counts_per_lux = time_ms * gain / device_factor;
  const double lux = all == 0 ? 0 : (all - infrared) * (1 - infrared / all) / counts_per_lux;
  Sample sample;
  sample.readings = {reading(illuminance, to_thousandths(lux * settings.number("window_factor")))};
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  return decode_image(exchanges, [&settings](const RegisterImage& image) {
    return decode_tsl2591(image.from(data, 4), settings);
  });
}

class Tsl2591 final : public DriverOn<TransferLink> {
 public:
  explicit Tsl2591(const Settings& settings)
      : settings_(settings), time_code_(place_in(times, settings.text("atime_ms"))) {}

  void start(TransferLink& link) override {
    if (u8(registers<1>(link, device_id), 0) != tsl2591) {
      throw LinkError(Fault::unsupported, "tsl2591: the device is another one");
    }
    const std::uint8_t gain_code = gain_codes.at(place_in(gains, settings_.text("again")));
    link.write(bytes_of(enable, off));
    link.write(bytes_of(control, gain_code | time_code_));
  }

  Result<Sample> sample(TransferLink& link) override {
    link.write(bytes_of(enable, on));
    // 108 ms of an integration at most.
    link.pause(milliseconds(110 * static_cast<int>(time_code_ + 1)) + 10ms);
    const bool is_there = (u8(registers<1>(link, status), 0) & is_valid) != 0;
    const auto counts = registers<4>(link, data);
    link.write(bytes_of(enable, off));
    if (!is_there) return Unexpected{Fault::not_ready};
    return decode_tsl2591(counts, settings_);
  }

 private:
  Settings settings_;
  std::size_t time_code_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({{illuminance, 0, 88000, 2}});
constexpr auto addresses = std::to_array<std::string_view>({"0x29"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "again",
     .kind = SettingKind::choice,
     .documentation =
         "Gain: 1 for the sun, 25 for a room, 400 (428) and 9500 (9876) for the night; "
         "the same gain under two names counts as it is written.",
     .fallback = "25",
     .choices = gains},
    {.name = "atime_ms",
     .kind = SettingKind::choice,
     .documentation = "How long it integrates, in milliseconds.",
     .fallback = "100",
     .choices = times},
    window_factor_setting,
});

}  // namespace

extern const DriverInfo tsl2591_driver = {
    .name = "tsl2591",
    .summary = "Illuminance",
    .makers = "ams TSL2591",
    .datasheet = "ams TSL2591 data sheet, version 1-05, pages 13 to 21",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Tsl2591>(chosen);
    },
    .decode = decode,
    .unrecognisable = "range finders have its address, and its question has another meaning there",
};

}  // namespace twinsky
