// SPDX-License-Identifier: Apache-2.0
// Bosch BME280 and BMP280: temperature and pressure, the BME280 humidity too.
// I2C address 0x76 or 0x77 (SDO high), up to 3.4 MHz. A register file: the number of the first
// register is written, then read after a repeated start.
//
//   F7 … 65 5A C0 7E ED 00 75 30
//   AA   PPPPPPPP TTTTTTTT HHHHH
//
// A   first register
// P   raw pressure, T raw temperature: 20 bits, big-endian, left-justified in three bytes
// H   raw humidity: 16 bits, big-endian; not in a BMP280
//
// 0x80000 and 0x8000 are what stands there after a reset, and in a channel whose oversampling (F2,
// F4) is 0. They are measurements like any other while another channel says something else and the
// channel is switched on. Raw numbers mean nothing without the chip's calibration: 88..A1 and,
// BME280, E1..E7 (table 16; H4 and H5 are 12 bits each and share E5); without that of the humidity
// (cheap boards: a chip that says it is a BME280 and has no such element) there is no humidity. The
// temperature compensates the other two: outside -40..85 degC it is a broken element, and nothing
// else of the sample means anything. D0 is the kind of chip: 60 BME280, 58 BMP280; 61 is a BME68x,
// which needs another driver.
//
// Forced mode: one measurement on demand, asleep otherwise, so that it does not warm itself. What
// is written to F2 (humidity oversampling) holds only once F4 is written after it.
//
// Data sheets: Bosch BST-BME280-DS002-15, revision 1.6, sections 4.2, 5.4, 8.1, 9.1;
// BST-BMP280-DS001, section 3.12 (the worked example). Tested on that example and
// against Bosch's own code; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/registers.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint8_t chip_id = 0xD0;
constexpr std::uint8_t bme280 = 0x60;
constexpr std::uint8_t bmp280 = 0x58;
constexpr std::uint8_t calibration_start = 0x88;
constexpr std::size_t calibration_size = 24;
constexpr std::uint8_t h1_register = 0xA1;
constexpr std::uint8_t humidity_calibration_start = 0xE1;
constexpr std::size_t humidity_calibration_size = 7;
constexpr std::uint8_t reset = 0xE0;
constexpr std::uint8_t humidity_control = 0xF2;
constexpr std::uint8_t status = 0xF3;
constexpr std::uint8_t is_measuring = 0x08;
constexpr std::uint8_t is_copying_calibration = 0x01;
constexpr std::uint8_t measurement_control = 0xF4;
constexpr std::uint8_t forced_mode = 0x01;
constexpr std::uint8_t measurement_start = 0xF7;
constexpr std::size_t bme280_measurement_size = 8;
constexpr std::size_t bmp280_measurement_size = 6;
constexpr std::uint32_t after_reset = 0x80000;
constexpr std::uint16_t humidity_after_reset = 0x8000;
constexpr double coldest = -40;  // table 1, operating range
constexpr double hottest = 85;

// Named as in table 16.
struct Calibration {
  double t1 = 0, t2 = 0, t3 = 0;
  double p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0;
  bool has_humidity = false;              // the chip says so
  bool has_humidity_calibration = false;  // and has what it takes
  double h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0;
};

Result<Calibration> decode_calibration(const RegisterImage& image, bool has_humidity) {
  const Bytes common = image.from(calibration_start, calibration_size);
  if (common.empty()) return Unexpected{Fault::truncated};
  const auto u16 = [common](std::size_t at) { return double(le16(common, at)); };
  const auto s16 = [common](std::size_t at) { return double(signed16(le16(common, at))); };
  Calibration c{.t1 = u16(0),
                .t2 = s16(2),
                .t3 = s16(4),
                .p1 = u16(6),
                .p2 = s16(8),
                .p3 = s16(10),
                .p4 = s16(12),
                .p5 = s16(14),
                .p6 = s16(16),
                .p7 = s16(18),
                .p8 = s16(20),
                .p9 = s16(22)};
  if (c.t1 == 0 || c.p1 == 0) return Unexpected{Fault::sensor_fault};  // its memory is empty
  if (!has_humidity) return c;

  const Bytes h1 = image.from(h1_register, 1);
  const Bytes others = image.from(humidity_calibration_start, humidity_calibration_size);
  if (h1.empty() || others.empty()) return Unexpected{Fault::truncated};
  const auto s8 = [others](std::size_t at) { return static_cast<std::int8_t>(u8(others, at)); };
  const std::uint8_t shared = u8(others, 4);
  c.has_humidity = true;
  c.h1 = u8(h1, 0);
  c.h2 = signed16(le16(others, 0));
  c.h3 = u8(others, 2);
  c.h4 = s8(3) * 16 + (shared & 0x0F);
  c.h5 = s8(5) * 16 + (shared >> 4);
  c.h6 = s8(6);
  // An empty memory holds 00 or FF throughout; with a slope (H2) of 0 every reading would be 0 %.
  const bool is_erased =
      std::ranges::all_of(others, [](std::byte each) { return each == std::byte{0xFF}; });
  c.has_humidity_calibration = c.h2 != 0 && !is_erased;
  return c;
}

// Which channels measure, by F2 and F4.
struct Channels {
  bool temperature = true;
  bool pressure = true;
  bool humidity = true;
};

// Sections 4.2.3 and 8.1, in double precision. `fine` is the temperature in 1/5120 degC.
double fine_temperature(const Calibration& c, double raw) {
  const double x = raw / 16384 - c.t1 / 1024;
  return x * c.t2 + (x / 8) * (x / 8) * c.t3;
}

Reading pressure_of(const Calibration& c, double fine, double raw) {
  const double x = fine / 2 - 64000;
  const double offset = (x * x * c.p6 / 32768 + 2 * x * c.p5) / 4 + c.p4 * 65536;
  const double scale = (1 + (c.p3 * x * x / 524288 + c.p2 * x) / 524288 / 32768) * c.p1;
  if (scale == 0) return absent(pressure, Fault::sensor_fault);
  const double linear = (1048576 - raw - offset / 4096) * 6250 / scale;
  const double pa =
      linear + (c.p9 * linear * linear / 2147483648 + linear * c.p8 / 32768 + c.p7) / 16;
  return reading(pressure, pa / 100);
}

Reading humidity_of(const Calibration& c, double fine, double raw) {
  const double x = fine - 76800;
  const double slope = c.h2 / 65536 * (1 + c.h6 / 67108864 * x * (1 + c.h3 / 67108864 * x));
  const double linear = (raw - (c.h4 * 64 + c.h5 / 16384 * x)) * slope;
  return reading(humidity, std::clamp(linear * (1 - c.h1 * linear / 524288), 0.0, 100.0));
}

// `raw`: the registers from F7 on, as many as the chip has.
Result<Sample> decode_bme280(const Calibration& calibration, Bytes raw, Channels is_on = {}) {
  const std::uint32_t raw_pressure = be32(raw, 0) >> 12;
  const std::uint32_t raw_temperature =
      static_cast<std::uint32_t>(be16(raw, 3)) << 4 | u8(raw, 5) >> 4;
  const std::uint16_t raw_humidity = calibration.has_humidity ? be16(raw, 6) : humidity_after_reset;
  const bool is_reset = raw_temperature == after_reset && raw_pressure == after_reset &&
                        raw_humidity == humidity_after_reset;
  if (is_reset || !is_on.temperature) return Unexpected{Fault::not_ready};

  const double fine = fine_temperature(calibration, raw_temperature);
  const double degrees = fine / 5120;
  if (degrees < coldest || degrees > hottest) return Unexpected{Fault::sensor_fault};
  Sample sample;
  sample.readings.push_back(reading(temperature, degrees));
  sample.readings.push_back(is_on.pressure ? pressure_of(calibration, fine, raw_pressure)
                                           : absent(pressure, Fault::not_ready));
  if (!calibration.has_humidity) return sample;
  if (!calibration.has_humidity_calibration) {
    sample.readings.push_back(absent(humidity, Fault::unsupported));
  } else {
    sample.readings.push_back(is_on.humidity ? humidity_of(calibration, fine, raw_humidity)
                                             : absent(humidity, Fault::not_ready));
  }
  return sample;
}

// What is not known was not switched off: this program measures all there is.
Channels channels_of(const RegisterImage& image) {
  Channels is_on;
  if (const Bytes control = image.from(measurement_control, 1); !control.empty()) {
    is_on.temperature = u8(control, 0) >> 5 != 0;
    is_on.pressure = (u8(control, 0) >> 2 & 7) != 0;
  }
  if (const Bytes control = image.from(humidity_control, 1); !control.empty()) {
    is_on.humidity = (u8(control, 0) & 7) != 0;
  }
  return is_on;
}

Result<Sample> decode_registers(const RegisterImage& image) {
  const Bytes chip = image.from(chip_id, 1);
  if (chip.empty()) return Unexpected{Fault::truncated};
  const bool has_humidity = u8(chip, 0) == bme280;
  if (!has_humidity && u8(chip, 0) != bmp280) return Unexpected{Fault::unsupported};

  const Bytes state = image.from(status, 1);
  if (!state.empty() && (u8(state, 0) & (is_measuring | is_copying_calibration)) != 0) {
    return Unexpected{Fault::not_ready};
  }
  const Bytes raw = image.from(measurement_start,
                               has_humidity ? bme280_measurement_size : bmp280_measurement_size);
  if (raw.empty()) return Unexpected{Fault::truncated};
  const auto calibration = decode_calibration(image, has_humidity);
  if (!calibration) return Unexpected{calibration.error()};
  return decode_bme280(*calibration, raw, channels_of(image));
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_image(exchanges, decode_registers);
}

// Oversampling 1, 2, 4, 8, 16 is written as 1, 2, 3, 4, 5 (tables 20, 23, 24).
constexpr auto oversamplings = std::to_array<std::string_view>({"1", "2", "4", "8", "16"});

class Bme280 final : public DriverOn<TransferLink> {
 public:
  explicit Bme280(const Settings& settings) {
    const auto found = std::ranges::find(oversamplings, settings.text("oversampling"));
    oversampling_ = static_cast<std::uint8_t>(found - oversamplings.begin() + 1);
  }

  void start(TransferLink& link) override {
    const std::uint8_t chip = u8(registers<1>(link, chip_id), 0);
    if (chip != bme280 && chip != bmp280) {
      throw LinkError(Fault::unsupported,
                      "bme280: the chip is another one, its id is 0x" + to_hex(bytes_of(chip)));
    }
    link.write(bytes_of(reset, 0xB6));
    link.pause(3ms);  // table 1: 2 ms
    if (!wait_until_clear(link, is_copying_calibration)) {
      throw LinkError(Fault::not_ready, "bme280: still copies its calibration after a reset");
    }
    RegisterImage image;
    image.put(calibration_start, registers<calibration_size>(link, calibration_start));
    if (chip == bme280) {
      image.put(h1_register, registers<1>(link, h1_register));
      image.put(humidity_calibration_start,
                registers<humidity_calibration_size>(link, humidity_calibration_start));
    }
    const auto calibration = decode_calibration(image, chip == bme280);
    if (!calibration) throw LinkError(calibration.error(), "bme280: its calibration is empty");
    calibration_ = *calibration;
  }

  Result<Sample> sample(TransferLink& link) override {
    const std::uint8_t rate = oversampling_;
    if (calibration_.has_humidity) link.write(bytes_of(humidity_control, rate));
    link.write(bytes_of(measurement_control, rate << 5 | rate << 2 | forced_mode));
    link.pause(measurement_time());
    if (!wait_until_clear(link, is_measuring)) return Unexpected{Fault::not_ready};
    if (!calibration_.has_humidity) {
      return decode_bme280(calibration_,
                           registers<bmp280_measurement_size>(link, measurement_start));
    }
    return decode_bme280(calibration_, registers<bme280_measurement_size>(link, measurement_start));
  }

 private:
  // Section 9.1, maximum: 1.25 ms, 2.3 ms a channel and oversampling, 0.575 ms for each of the
  // channels but temperature.
  [[nodiscard]] milliseconds measurement_time() const {
    const double samples = 1U << (oversampling_ - 1U);
    return milliseconds(static_cast<int>(std::ceil(1.25 + 3 * 2.3 * samples + 2 * 0.575)));
  }

  static bool wait_until_clear(TransferLink& link, std::uint8_t busy) {
    for (int tries = 0; tries < 5; ++tries) {
      if ((u8(registers<1>(link, status), 0) & busy) == 0) return true;
      link.pause(2ms);
    }
    return false;
  }

  std::uint8_t oversampling_ = 1;
  Calibration calibration_;
};

// What has other registers than this only moves its pointer. An MS5611 and a display driver HT16K33
// know no command D0. A multiplexer TCA9548A takes it for its channels: one that stands at 76 or 77
// belongs to the kernel (i2c-mux), and is not asked then.
constexpr auto ask_chip_id = bytes_of(chip_id);
constexpr std::array<Bytes, 1> questions{ask_chip_id};

std::optional<Found> probe(TransferLink& link) {
  std::array<std::byte, 1> chip{};
  link.exchange(ask_chip_id, chip);
  if (u8(chip, 0) == bme280) return Found{"Bosch BME280", "its chip id"};
  if (u8(chip, 0) != bmp280) return std::nullopt;
  return Found{
      .model = "Bosch BMP280", .evidence = "its chip id", .settings = {{"variant", "bmp280"}}};
}

// Section 4.2.3: the raw numbers of the other two are compensated by the temperature.
constexpr auto compensated_by = std::to_array<Quantity>({temperature});
constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, coldest, hottest, 2},
    {.quantity = pressure, .lower = 300, .upper = 1100, .decimals = 2, .made_of = compensated_by},
    {.quantity = humidity, .lower = 0, .upper = 100, .decimals = 2, .made_of = compensated_by},
});

std::vector<DriverQuantity> quantities_of(const Settings& settings) {
  std::vector<DriverQuantity> those(quantities.begin(), quantities.end());
  if (settings.text("variant") == "bmp280") those.pop_back();
  return those;
}

constexpr auto addresses = std::to_array<std::string_view>({"0x76", "0x77"});
constexpr auto variants = std::to_array<std::string_view>({"bme280", "bmp280"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "variant",
     .kind = SettingKind::choice,
     .documentation = "Which of the two it is: a bmp280 announces no humidity.",
     .fallback = "bme280",
     .choices = variants},
    {.name = "oversampling",
     .kind = SettingKind::choice,
     .documentation = "How many conversions are averaged inside; 1 suits weather (section 3.5).",
     .fallback = "1",
     .choices = oversamplings},
});

}  // namespace

extern const DriverInfo bme280_driver = {
    .name = "bme280",
    .summary = "Temperature, pressure and (BME280) humidity",
    .makers = "Bosch BME280, BMP280",
    .datasheet = "Bosch BST-BME280-DS002-15, revision 1.6, sections 4.2, 5.4, 8.1, 9.1",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Bme280>(chosen);
    },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
    .questions = questions,
    .quantities_of = quantities_of,
};

}  // namespace twinsky
