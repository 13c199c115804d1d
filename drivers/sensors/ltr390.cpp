// SPDX-License-Identifier: Apache-2.0
// Lite-On LTR390-UV: illuminance and UV index. I2C address 0x53 (fixed), up to 400 kHz. A register
// file (registers.hpp).
//
//   0D … 7A 26 00      10 … 66 3A 00
//   AA   NNNNNNNN      AA   UUUUUUUU
//
// A   first register: 0D ambient light, 10 ultraviolet
// N U counts: up to 20 bits, little-endian
//
//   lx = 0.6 * N / (gain * time) * window factor, the time in units of 100 ms
//   UV index = U / (2300 * gain / 18 * time / 400 ms) * window factor
//
// It measures one of the two at a time (register 00: 02 light, 0A ultraviolet). Bit 3 of register
// 07 says that there is a new measurement. 2300 counts a UV index is the maker's typical figure; a
// device may differ from it by a fifth. There is no check.
//
// Data sheet: Lite-On LTR-390UV-01, revision 1.4, sections 6 and 7.
// Tested on computed counts against a second implementation; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/light.hpp"
#include "drivers/registers.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t control = 0x00;
constexpr std::uint8_t measure_light = 0x02;
constexpr std::uint8_t measure_ultraviolet = 0x0A;
constexpr std::uint8_t rate = 0x04;
constexpr std::uint8_t gain_register = 0x05;
constexpr std::uint8_t part_id = 0x06;
constexpr std::uint8_t part = 0xB;  // its upper half; the lower is the revision
constexpr std::uint8_t status = 0x07;
constexpr std::uint8_t is_new = 0x08;
constexpr std::uint8_t light = 0x0D;
constexpr std::uint8_t ultraviolet = 0x10;
constexpr double counts_per_index = 2300;  // at gain 18 and 400 ms

struct Resolution {
  std::int64_t bits;
  double hundred_ms;
  std::uint8_t code;  // of register 04: resolution, and how often it measures
};
constexpr auto resolutions = std::to_array<Resolution>({
    {20, 4, 0x04},
    {19, 2, 0x13},
    {18, 1, 0x22},
    {17, 0.5, 0x31},
    {16, 0.25, 0x40},
    {13, 0.125, 0x50},
});
constexpr auto gains = std::to_array<std::string_view>({"1", "3", "6", "9", "18"});
constexpr auto resolution_names =
    std::to_array<std::string_view>({"20", "19", "18", "17", "16", "13"});

struct Chosen {
  explicit Chosen(const Settings& settings)
      : gain_code(static_cast<std::uint8_t>(std::ranges::find(gains, settings.text("gain")) -
                                            gains.begin())),
        resolution(resolutions.at(static_cast<std::size_t>(
            std::ranges::find(resolution_names, settings.text("resolution_bits")) -
            resolution_names.begin()))),
        window_factor(settings.number("window_factor")) {}

  [[nodiscard]] double gain() const {
    constexpr std::array<double, 5> numbers{1, 3, 6, 9, 18};
    return numbers.at(gain_code);
  }

  std::uint8_t gain_code;
  Resolution resolution;
  double window_factor;
};

// All counts at their highest: the light is stronger than gain and time can bear.
Reading reading_of(Quantity quantity, Bytes raw, const Chosen& chosen) {
  const std::uint32_t counts =
      (static_cast<std::uint32_t>(u8(raw, 2)) << 16 | le16(raw, 0)) & 0xFFFFF;
  if (counts == (1U << chosen.resolution.bits) - 1) return absent(quantity, Fault::overrange);
  const double time = chosen.resolution.hundred_ms;
  const double value = quantity == illuminance
                           ? 0.6 * counts / (chosen.gain() * time)
                           : counts / (counts_per_index * chosen.gain() / 18 * time / 4);
  return reading(quantity, to_thousandths(value * chosen.window_factor));
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  return decode_image(exchanges, [&settings](const RegisterImage& image) -> Result<Sample> {
    const Bytes state = image.from(status, 1);
    if (!state.empty() && (u8(state, 0) & is_new) == 0) return Unexpected{Fault::not_ready};
    const Chosen chosen(settings);
    Sample sample;
    for (const auto& [quantity, first] : {std::pair(illuminance, light), {uv_index, ultraviolet}}) {
      const Bytes raw = image.from(first, 3);
      if (!raw.empty()) sample.readings.push_back(reading_of(quantity, raw, chosen));
    }
    if (sample.readings.empty()) return Unexpected{Fault::truncated};
    return sample;
  });
}

class Ltr390 final : public DriverOn<TransferLink> {
 public:
  explicit Ltr390(const Settings& settings) : chosen_(settings) {}

  void start(TransferLink& link) override {
    if (u8(registers<1>(link, part_id), 0) >> 4 != part) {
      throw LinkError(Fault::unsupported, "ltr390: the device is another one");
    }
    link.write(bytes_of(rate, chosen_.resolution.code));
    link.write(bytes_of(gain_register, chosen_.gain_code));
  }

  Result<Sample> sample(TransferLink& link) override {
    Sample sample;
    for (const auto& [quantity, mode, first] : {std::tuple(illuminance, measure_light, light),
                                                {uv_index, measure_ultraviolet, ultraviolet}}) {
      link.write(bytes_of(control, mode));
      // One integration, and 10 ms to wake or to change.
      link.pause(milliseconds(static_cast<int>(chosen_.resolution.hundred_ms * 110)) + 12ms);
      if ((u8(registers<1>(link, status), 0) & is_new) == 0) return Unexpected{Fault::not_ready};
      sample.readings.push_back(reading_of(quantity, registers<3>(link, first), chosen_));
    }
    return sample;
  }

  void stop(TransferLink& link) override { link.write(bytes_of(control, 0)); }

 private:
  Chosen chosen_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({
    {illuminance, 0, 157286, 1},
    {uv_index, 0, 25, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x53"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "gain",
     .kind = SettingKind::choice,
     .documentation = "Gain; 1 for the sun, 18 for the UV index of a dull day.",
     .fallback = "3",
     .choices = gains},
    {.name = "resolution_bits",
     .kind = SettingKind::choice,
     .documentation = "Resolution; 20 bits take 400 ms, 18 bits 100 ms for each of the two.",
     .fallback = "18",
     .choices = resolution_names},
    window_factor_setting,
});

}  // namespace

extern const DriverInfo ltr390_driver = {
    .name = "ltr390",
    .summary = "Illuminance and UV index",
    .makers = "Lite-On LTR390-UV",
    .datasheet = "Lite-On LTR-390UV-01 data sheet, revision 1.4, sections 6 and 7",
    .bus = &i2c_bus,
    .quantities = quantities,
    .shortest_period = 2s,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Ltr390>(chosen);
    },
    .decode = decode,
    .unrecognisable = "memories (EEPROM) have its address, and nobody is asked there",
};

}  // namespace twinsky
