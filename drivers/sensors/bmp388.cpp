// SPDX-License-Identifier: Apache-2.0
// Bosch BMP388 and BMP390: temperature and pressure. I2C address 0x76 or 0x77 (SDO high), up to
// 3.4 MHz. A register file (registers.hpp).
//
//   04 … 6B E4 63 3F 90 81
//   AA   PPPPPPPP TTTTTTTT
//
// A   first register
// P   raw pressure, T raw temperature: 24 bits, little-endian
//
// Raw numbers mean nothing without the chip's calibration (31..45), which this program scales by
// the powers of two of the data sheet. Register 03 says whether pressure (bit 5) and temperature
// (bit 6) have been converted; 00 is the kind of chip: 50 BMP388, 60 BMP390.
//
// Forced mode: one measurement on demand, asleep otherwise, so that it does not warm itself.
//
// Data sheets: Bosch BST-BMP388-DS001, revision 1.4, sections 3.9, 4.3 and 9.2; BST-BMP390-DS002,
// sections 3.9 and 8.4 to 8.6. Tested against Bosch's own code; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/registers.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t chip_id = 0x00;
constexpr std::uint8_t bmp388 = 0x50;
constexpr std::uint8_t bmp390 = 0x60;
constexpr std::uint8_t status = 0x03;
constexpr std::uint8_t has_both = 0x60;
constexpr std::uint8_t data = 0x04;
constexpr std::size_t data_size = 6;
constexpr std::uint8_t power_control = 0x1B;
constexpr std::uint8_t measure_both_once = 0x13;  // forced mode, temperature and pressure on
constexpr std::uint8_t oversampling = 0x1C;
constexpr std::uint8_t pressure_8_times = 0x03;  // and the temperature once: indoor navigation
constexpr std::uint8_t calibration_start = 0x31;
constexpr std::size_t calibration_size = 21;
constexpr std::uint8_t command = 0x7E;
constexpr std::uint8_t soft_reset = 0xB6;
constexpr double coldest = -40;  // table 2, operating range
constexpr double hottest = 85;

// Named as in section 9.1.
struct Calibration {
  double t1 = 0, t2 = 0, t3 = 0;
  double p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0, p10 = 0, p11 = 0;
};

Result<Calibration> decode_calibration(Bytes raw) {
  if (raw.size() < calibration_size) return Unexpected{Fault::truncated};
  const auto u16 = [raw](std::size_t at) { return double(le16(raw, at)); };
  const auto s16 = [raw](std::size_t at) { return double(signed16(le16(raw, at))); };
  const auto s8 = [raw](std::size_t at) { return double(static_cast<std::int8_t>(u8(raw, at))); };
  // An empty memory.
  if (u16(0) == 0 && u16(2) == 0) return Unexpected{Fault::sensor_fault};
  return Calibration{.t1 = u16(0) * 256,
                     .t2 = std::ldexp(u16(2), -30),
                     .t3 = std::ldexp(s8(4), -48),
                     .p1 = std::ldexp(s16(5) - 16384, -20),
                     .p2 = std::ldexp(s16(7) - 16384, -29),
                     .p3 = std::ldexp(s8(9), -32),
                     .p4 = std::ldexp(s8(10), -37),
                     .p5 = u16(11) * 8,
                     .p6 = std::ldexp(u16(13), -6),
                     .p7 = std::ldexp(s8(15), -8),
                     .p8 = std::ldexp(s8(16), -15),
                     .p9 = std::ldexp(s16(17), -48),
                     .p10 = std::ldexp(s8(19), -48),
                     .p11 = std::ldexp(s8(20), -65)};
}

std::uint32_t le24(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(u8(bytes, at + 2)) << 16 | le16(bytes, at);
}

// Sections 9.2 and 9.3.
double degrees_of(const Calibration& c, double raw) {
  const double above = raw - c.t1;
  return above * c.t2 + above * above * c.t3;
}
double pascals_of(const Calibration& c, double degrees, double raw) {
  const auto cubic = [degrees](double linear, double square, double cube) {
    return degrees * (linear + degrees * (square + degrees * cube));
  };
  const double offset = c.p5 + cubic(c.p6, c.p7, c.p8);
  const double slope = c.p1 + cubic(c.p2, c.p3, c.p4);
  return offset + raw * (slope + raw * (c.p9 + c.p10 * degrees + raw * c.p11));
}

Result<Sample> decode_bmp388(const Calibration& calibration, Bytes raw) {
  const double degrees = degrees_of(calibration, le24(raw, 3));
  // It compensates the pressure, so that nothing means anything beside a broken element.
  if (degrees < coldest || degrees > hottest) return Unexpected{Fault::sensor_fault};
  Sample sample;
  sample.readings = {reading(temperature, degrees),
                     reading(pressure, pascals_of(calibration, degrees, le24(raw, 0)) / 100)};
  return sample;
}

bool is_known(std::uint8_t chip) {
  return chip == bmp388 || chip == bmp390;
}

Result<Sample> decode_registers(const RegisterImage& image) {
  const Bytes chip = image.from(chip_id, 1);
  if (chip.empty()) return Unexpected{Fault::truncated};
  if (!is_known(u8(chip, 0))) return Unexpected{Fault::unsupported};
  const Bytes state = image.from(status, 1);
  if (!state.empty() && (u8(state, 0) & has_both) != has_both) {
    return Unexpected{Fault::not_ready};
  }
  const Bytes raw = image.from(data, data_size);
  const auto calibration = decode_calibration(image.from(calibration_start, calibration_size));
  if (!calibration) return Unexpected{calibration.error()};
  if (raw.empty()) return Unexpected{Fault::truncated};
  return decode_bmp388(*calibration, raw);
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_image(exchanges, decode_registers);
}

class Bmp388 final : public DriverOn<TransferLink> {
 public:
  void start(TransferLink& link) override {
    const std::uint8_t chip = u8(registers<1>(link, chip_id), 0);
    if (!is_known(chip)) {
      throw LinkError(Fault::unsupported,
                      "bmp388: the chip is another one, its id is 0x" + to_hex(bytes_of(chip)));
    }
    link.write(bytes_of(command, soft_reset));
    link.pause(2ms);  // section 3.2
    const auto calibration =
        decode_calibration(registers<calibration_size>(link, calibration_start));
    if (!calibration) throw LinkError(calibration.error(), "bmp388: its calibration is empty");
    calibration_ = *calibration;
    link.write(bytes_of(oversampling, pressure_8_times));
  }

  Result<Sample> sample(TransferLink& link) override {
    link.write(bytes_of(power_control, measure_both_once));
    // Section 3.9.2, maximum: 234 us, and 392 us + 8 * 2020 us for the pressure, 163 us + 2020 us
    // for the temperature; some parts are up to a quarter slower.
    link.pause(24ms);
    const auto state = registers<1>(link, status);
    if ((u8(state, 0) & has_both) != has_both) return Unexpected{Fault::not_ready};
    return decode_bmp388(calibration_, registers<data_size>(link, data));
  }

 private:
  Calibration calibration_;
};

// The chip id of its own register; a BME280 and a BME68x only move their pointer. A multiplexer
// TCA9548A takes it for its channels: one that stands at 76 or 77 belongs to the kernel (i2c-mux),
// and is not asked then.
constexpr auto ask_chip_id = bytes_of(chip_id);
constexpr std::array<Bytes, 1> questions{ask_chip_id};

std::optional<Found> probe(TransferLink& link) {
  std::array<std::byte, 1> chip{};
  link.exchange(ask_chip_id, chip);
  if (u8(chip, 0) == bmp388) return Found{"Bosch BMP388", "its chip id"};
  if (u8(chip, 0) == bmp390) return Found{"Bosch BMP390", "its chip id"};
  return std::nullopt;
}

constexpr auto compensated_by = std::to_array<Quantity>({temperature});
constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, coldest, hottest, 2},
    {.quantity = pressure, .lower = 300, .upper = 1250, .decimals = 2, .made_of = compensated_by},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x76", "0x77"});

}  // namespace

extern const DriverInfo bmp388_driver = {
    .name = "bmp388",
    .summary = "Temperature and pressure",
    .makers = "Bosch BMP384, BMP388, BMP390",
    .datasheet = "Bosch BST-BMP388-DS001, revision 1.4, sections 3.9, 4.3 and 9",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .make = [](const Settings&) -> std::unique_ptr<Driver> { return std::make_unique<Bmp388>(); },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
    .questions = questions,
};

}  // namespace twinsky
