// SPDX-License-Identifier: Apache-2.0
// Bosch BME680 and BME688: temperature, pressure, humidity and the raw resistance of a gas element.
// I2C address 0x76 or 0x77 (SDO high), up to 400 kHz. A register file (registers.hpp).
//
//   1D … 80 00 54 6F E0 79 47 80 54 15 00 00 00 00 00 96 34
//   AA   SS    PPPPPPPP TTTTTTTT HHHHH          LLLLL GGGGG
//
// A   first register
// S   bit 7: there is a new measurement
// P   raw pressure, T raw temperature: 20 bits, big-endian, left-justified in three bytes
// H   raw humidity: 16 bits, big-endian
// L G raw gas of a BME680, and of a BME688: 10 bits, big-endian, left-justified; of the second byte
//     bit 5 says that it is one, bit 4 that the heater was hot enough, bits 3 to 0 its range
//
// Raw numbers mean nothing without the chip's calibration: 8A..A0, E1..EE and 00..04. D0 is the
// kind of chip, 61; F0 tells a BME680 (0) from a BME688 (1), whose gas has another formula. A
// BME690 says 2 and has other formulas throughout: refused. Bosch's air quality index is made by a
// library that is closed, so what is published is the resistance: it falls with reducing gases and
// with humidity, drifts for days when new and for minutes after each start, and differs from chip
// to chip.
//
// Forced mode: one measurement on demand with the heater on for its time, asleep otherwise. The
// element must be hot (300 to 400 degC) for 30 to 150 ms.
//
// Data sheets: Bosch BST-BME680-DS001, revision 1.9, and BST-BME688-DS000, revision 1.3, sections
// 3.3 to 3.6 and 5.3. The BME688 was tested against Bosch's own code, the gas of a BME680 by its
// data sheet alone; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/registers.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t chip_id = 0xD0;
constexpr std::uint8_t bme68x = 0x61;
constexpr std::uint8_t variant_id = 0xF0;
constexpr std::uint8_t bme680 = 0, bme688 = 1;
constexpr std::uint8_t first_calibration = 0x8A, second_calibration = 0xE1, heater_calibration = 0;
constexpr std::size_t first_size = 23, second_size = 14, heater_size = 5;
constexpr std::uint8_t data = 0x1D;
constexpr std::size_t data_size = 17;
constexpr std::uint8_t is_new = 0x80;
constexpr double coldest = -40;  // table 1, operating range
constexpr double hottest = 85;

// Named as in tables 11 to 14.
struct Calibration {
  double t1 = 0, t2 = 0, t3 = 0;
  double p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0, p10 = 0;
  double h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0, h7 = 0;
  double g1 = 0, g2 = 0, g3 = 0;
  double heat_value = 0, heat_range = 0, switching_error = 0;
  bool is_bme688 = false;
};

double s8(Bytes bytes, std::size_t at) {
  return static_cast<std::int8_t>(u8(bytes, at));
}
double s16(Bytes bytes, std::size_t at) {
  return signed16(le16(bytes, at));
}

Result<Calibration> decode_calibration(const RegisterImage& image) {
  const Bytes chip = image.from(chip_id, 1);
  const Bytes variant = image.from(variant_id, 1);
  if (chip.empty()) return Unexpected{Fault::truncated};
  if (u8(chip, 0) != bme68x) return Unexpected{Fault::unsupported};
  const std::uint8_t kind = variant.empty() ? bme680 : u8(variant, 0);
  if (kind != bme680 && kind != bme688) return Unexpected{Fault::unsupported};
  const Bytes a = image.from(first_calibration, first_size);
  const Bytes b = image.from(second_calibration, second_size);
  const Bytes heater = image.from(heater_calibration, heater_size);
  if (a.empty() || b.empty() || heater.empty()) return Unexpected{Fault::truncated};
  const Calibration c{.t1 = double(le16(b, 8)),
                      .t2 = s16(a, 0),
                      .t3 = s8(a, 2),
                      .p1 = double(le16(a, 4)),
                      .p2 = s16(a, 6),
                      .p3 = s8(a, 8),
                      .p4 = s16(a, 10),
                      .p5 = s16(a, 12),
                      .p6 = s8(a, 15),
                      .p7 = s8(a, 14),
                      .p8 = s16(a, 18),
                      .p9 = s16(a, 20),
                      .p10 = double(u8(a, 22)),
                      .h1 = double(u8(b, 2) << 4 | (u8(b, 1) & 0x0F)),
                      .h2 = double(u8(b, 0) << 4 | u8(b, 1) >> 4),
                      .h3 = s8(b, 3),
                      .h4 = s8(b, 4),
                      .h5 = s8(b, 5),
                      .h6 = double(u8(b, 6)),
                      .h7 = s8(b, 7),
                      .g1 = s8(b, 12),
                      .g2 = s16(b, 10),
                      .g3 = s8(b, 13),
                      .heat_value = s8(heater, 0),
                      .heat_range = double(u8(heater, 2) >> 4 & 3),
                      .switching_error = std::floor(s8(heater, 4) / 16),
                      .is_bme688 = kind == bme688};
  if (c.t1 == 0 || c.p1 == 0) return Unexpected{Fault::sensor_fault};  // its memory is empty
  return c;
}

// Section 3.6.1, in double precision; the temperature in 1/5120 degC.
double fine_temperature(const Calibration& c, double raw) {
  const double x = raw / 16384 - c.t1 / 1024;
  return x * c.t2 + (x / 8) * (x / 8) * c.t3 * 16;
}

double pascals_of(const Calibration& c, double fine, double raw) {
  const double x = fine / 2 - 64000;
  const double offset = (x * x * c.p6 / 131072 + x * c.p5 * 2) / 4 + c.p4 * 65536;
  const double scale = (1 + (c.p3 * x * x / 16384 + c.p2 * x) / 524288 / 32768) * c.p1;
  const double linear = (1048576 - raw - offset / 4096) * 6250 / scale;
  const double cube = linear / 256 * (linear / 256) * (linear / 256) * c.p10 / 131072;
  return linear +
         (c.p9 * linear * linear / 2147483648 + linear * c.p8 / 32768 + cube + c.p7 * 128) / 16;
}

double percent_of(const Calibration& c, double degrees, double raw) {
  const double above = raw - (c.h1 * 16 + c.h3 / 2 * degrees);
  const double slope = c.h2 / 262144 * (1 + degrees * (c.h4 / 16384 + degrees * c.h5 / 1048576));
  const double linear = above * slope;
  return linear + (c.h6 / 16384 + c.h7 / 2097152 * degrees) * linear * linear;
}

// BME680, section 3.4.1: what its ranges differ by, in percent.
constexpr std::array<double, 16> range_offset{0, 0, 0,    0,    0, -1, 0, -0.8,
                                              0, 0, -0.2, -0.5, 0, -1, 0, 0};
constexpr std::array<double, 16> range_slope{0,    0, 0, 0, 0.1, 0.7, 0, -0.8,
                                             -0.1, 0, 0, 0, 0,   0,   0, 0};

double ohms_of(const Calibration& c, std::uint16_t word) {
  const std::size_t range = word & 0x0FU;
  const double raw = word >> 6;
  if (c.is_bme688) return 1e6 * double(262144U >> range) / (4096 + 3 * (raw - 512));
  const double scale = (1340 + 5 * c.switching_error) * (1 + range_offset[range] / 100);
  return 1 / ((1 + range_slope[range] / 100) * 0.000000125 * double(1U << range) *
              ((raw - 512) / scale + 1));
}

Result<Sample> decode_bme688(const Calibration& c, Bytes raw) {
  if ((u8(raw, 0) & is_new) == 0) return Unexpected{Fault::not_ready};
  const double fine = fine_temperature(c, be32(raw, 5) >> 12);
  const double degrees = fine / 5120;
  if (degrees < coldest || degrees > hottest) return Unexpected{Fault::sensor_fault};
  const std::uint16_t gas = be16(raw, c.is_bme688 ? 15 : 13);
  constexpr std::uint16_t is_valid_and_hot = 0x30;
  Sample sample;
  sample.readings = {
      reading(temperature, degrees),
      reading(pressure, pascals_of(c, fine, be32(raw, 2) >> 12) / 100),
      reading(humidity, std::clamp(percent_of(c, degrees, be16(raw, 8)), 0.0, 100.0)),
      (gas & is_valid_and_hot) == is_valid_and_hot ? reading(gas_resistance, ohms_of(c, gas))
                                                   : absent(gas_resistance, Fault::warming_up),
  };
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_image(exchanges, [](const RegisterImage& image) -> Result<Sample> {
    const auto calibration = decode_calibration(image);
    if (!calibration) return Unexpected{calibration.error()};
    const Bytes raw = image.from(data, data_size);
    if (raw.empty()) return Unexpected{Fault::truncated};
    return decode_bme688(*calibration, raw);
  });
}

// Section 3.3.5: what makes the element as hot as wanted in air of this temperature.
std::uint8_t heater_code(const Calibration& c, double wanted, double air) {
  const double linear = (c.g1 / 16 + 49) * (1 + (c.g2 / 32768 * 0.0005 + 0.00235) * wanted);
  const double resistance = linear + c.g3 / 1024 * air;
  const double code =
      3.4 * (resistance * (4 / (4 + c.heat_range)) / (1 + c.heat_value * 0.002) - 25);
  return static_cast<std::uint8_t>(std::clamp(code, 0.0, 255.0));
}

// Section 5.3.3.3: six bits of milliseconds, and how often they are quadrupled.
std::uint8_t duration_code(std::int64_t ms) {
  unsigned quadrupled = 0;
  while (ms > 0x3F) {
    ms /= 4;
    ++quadrupled;
  }
  return static_cast<std::uint8_t>(quadrupled << 6 | static_cast<unsigned>(ms));
}

class Bme688 final : public DriverOn<TransferLink> {
 public:
  explicit Bme688(const Settings& settings)
      : heater_degrees_(static_cast<double>(settings.integer("heater_c"))),
        heater_ms_(settings.integer("heater_ms")) {}

  void start(TransferLink& link) override {
    RegisterImage image;
    image.put(chip_id, registers<1>(link, chip_id));
    image.put(variant_id, registers<1>(link, variant_id));
    link.write(bytes_of(0xE0, 0xB6));  // soft reset
    link.pause(5ms);
    image.put(first_calibration, registers<first_size>(link, first_calibration));
    image.put(second_calibration, registers<second_size>(link, second_calibration));
    image.put(heater_calibration, registers<heater_size>(link, heater_calibration));
    const auto calibration = decode_calibration(image);
    if (!calibration) {
      throw LinkError(calibration.error(),
                      "bme688: it is another chip, or one whose calibration is empty");
    }
    calibration_ = *calibration;
    link.write(bytes_of(0x72, 0x01));  // humidity once
    link.write(bytes_of(0x64, duration_code(heater_ms_)));
    link.write(bytes_of(0x71, calibration_.is_bme688 ? 0x20 : 0x10));  // gas, with profile 0
  }

  Result<Sample> sample(TransferLink& link) override {
    link.write(bytes_of(0x5A, heater_code(calibration_, heater_degrees_, air_degrees_)));
    link.write(bytes_of(0x74, 0x25));  // temperature and pressure once, forced mode
    link.pause(milliseconds(heater_ms_) + converting);
    auto sample = decode_bme688(calibration_, registers<data_size>(link, data));
    if (sample) air_degrees_ = sample->readings.front().value.value_or(air_degrees_);
    return sample;
  }

 private:
  // Three conversions of 1.963 ms, and nine switches of 0.477 ms between them and the gas.
  static constexpr milliseconds converting = 12ms;

  double heater_degrees_;
  std::int64_t heater_ms_;
  double air_degrees_ = 25;
  Calibration calibration_;
};

// As a BME280 is.
constexpr auto ask_chip_id = bytes_of(chip_id);
constexpr auto ask_variant = bytes_of(variant_id);
constexpr std::array<Bytes, 2> questions{ask_chip_id, ask_variant};

std::optional<Found> probe(TransferLink& link) {
  std::array<std::byte, 1> answer{};
  link.exchange(ask_chip_id, answer);
  if (u8(answer, 0) != bme68x) return std::nullopt;
  link.exchange(ask_variant, answer);
  if (u8(answer, 0) == bme688) return Found{"Bosch BME688", "its chip id"};
  if (u8(answer, 0) == bme680) return Found{"Bosch BME680", "its chip id"};
  return std::nullopt;
}

constexpr auto compensated_by = std::to_array<Quantity>({temperature});
constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, coldest, hottest, 2},
    {.quantity = pressure, .lower = 300, .upper = 1100, .decimals = 2, .made_of = compensated_by},
    {.quantity = humidity, .lower = 0, .upper = 100, .decimals = 2, .made_of = compensated_by},
    {gas_resistance, 170, 103e6, 0},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x76", "0x77"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "heater_c",
     .kind = SettingKind::integer,
     .documentation = "How hot the gas element is made, in degC.",
     .fallback = "320",
     .lower = 200,
     .upper = 400},
    {.name = "heater_ms",
     .kind = SettingKind::integer,
     .documentation = "For how long, in milliseconds; the longer, the warmer the chip itself.",
     .fallback = "150",
     .lower = 30,
     .upper = 1000},
});

}  // namespace

extern const DriverInfo bme688_driver = {
    .name = "bme688",
    .summary = "Temperature, pressure, humidity and the raw resistance of a gas element",
    .makers = "Bosch BME680, BME688",
    .datasheet = "Bosch BST-BME688-DS000, revision 1.3, sections 3.3 to 3.6 and 5.3",
    .bus = &i2c_bus,
    .quantities = quantities,
    .shortest_period = 3s,  // the heater warms the chip
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Bme688>(chosen);
    },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
    .questions = questions,
};

}  // namespace twinsky
