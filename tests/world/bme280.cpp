// SPDX-License-Identifier: Apache-2.0
// Bosch BME280 (data sheet BST-BME280-DS002, sections 4 and 5.4): a register file with a real
// device's calibration words. What stands in the data registers is found backwards: the raw number
// whose compensated value comes nearest to the truth. Humidity oversampling counts only once F4 is
// written.
#include "i2c_devices.hpp"
#include "troubles.hpp"

#include <array>
#include <functional>

namespace world {

namespace {

using std::chrono::microseconds;

// T1 T2 T3 and P1 … P9 are the worked example of the BMP280 data sheet, section 3.12.
constexpr double t1 = 27504, t2 = 26435, t3 = -1000;
constexpr double p1 = 36477, p2 = -10685, p3 = 3024, p4 = 2855, p5 = 140, p6 = -7, p7 = 15500,
                 p8 = -14600, p9 = 6000;
constexpr double h1 = 75, h2 = 362, h3 = 0, h4 = 325, h5 = 50, h6 = 30;

constexpr unsigned bme280_id = 0x60;
constexpr unsigned bmp280_id = 0x58;

// Section 4.2.3 and appendix A, floating point.
double fine_temperature(double raw) {
  const double first = (raw / 16384 - t1 / 1024) * t2;
  const double second = (raw / 131072 - t1 / 8192) * (raw / 131072 - t1 / 8192) * t3;
  return first + second;
}

double pascals(double raw, double fine) {
  double a = fine / 2 - 64000;
  double b = a * a * p6 / 32768 + a * p5 * 2;
  b = b / 4 + p4 * 65536;
  a = (p3 * a * a / 524288 + p2 * a) / 524288;
  a = (1 + a / 32768) * p1;
  const double pressure = (1048576 - raw - b / 4096) * 6250 / a;
  return pressure + (p9 * pressure * pressure / 2147483648.0 + pressure * p8 / 32768 + p7) / 16;
}

double relative_humidity(double raw, double fine) {
  double value = fine - 76800;
  value = (raw - (h4 * 64 + h5 / 16384 * value)) *
          (h2 / 65536 * (1 + h6 / 67108864 * value * (1 + h3 / 67108864 * value)));
  return value * (1 - h1 * value / 524288);
}

// The raw number in [0, limit] whose value is nearest to `wanted`; `rising` says which way it goes.
unsigned raw_for(const std::function<double(double)>& value_of, double wanted, unsigned limit,
                 bool rising) {
  unsigned low = 0;
  unsigned high = limit;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    const bool below = value_of(middle) < wanted;
    if (below == rising) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const bool earlier_is_nearer =
      low > 0 && std::abs(value_of(low - 1) - wanted) < std::abs(value_of(low) - wanted);
  return earlier_is_nearer ? low - 1 : low;
}

class Bme280 : public I2cDevice {
 public:
  Bme280(const DeviceSpec& spec, unsigned chip_id)
      : view_(spec.view),
        troubles_(spec.troubles),
        chip_id_(chip_id),
        has_humidity_(spec.humidity_element && chip_id == bme280_id) {
    reset();
  }

  bool write(ByteSpan bytes, Instant now) override {
    advance(now);
    if (bytes.empty()) return true;
    pointer_ = bytes[0];
    // Several registers go in pairs of address and value (section 6.2.1).
    for (std::size_t index = 0; index + 1 < bytes.size(); index += 2) {
      set_register(bytes[index], bytes[index + 1], now);
    }
    return true;
  }

  std::optional<Frame> read(Instant now) override {
    advance(now);
    Frame frame{{}, pointer_ == 0xF7 && converted_};
    for (std::size_t index = pointer_; index < registers_.size(); ++index) {
      frame.bytes.push_back(registers_.at(index));
    }
    return frame;
  }

  void power_up(Instant) override { reset(); }

 private:
  void reset() {
    registers_.fill(0);
    put_calibration();
    registers_[0xD0] = low_byte(chip_id_);
    registers_[0xF7] = registers_[0xFA] = registers_[0xFD] = 0x80;
    humidity_steps_ = 0;
    done_at_.reset();
    converted_ = false;
  }

  void put_little(std::size_t at, double word) {
    const auto value = static_cast<unsigned>(static_cast<int>(word)) & 0xFFFF;
    registers_.at(at) = low_byte(value);
    registers_.at(at + 1) = high_byte(value);
  }

  void put_calibration() {
    std::size_t at = 0x88;
    for (const double word : {t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9}) {
      put_little(at, word);
      at += 2;
    }
    if (!has_humidity_) return;
    registers_[0xA1] = static_cast<std::uint8_t>(h1);
    put_little(0xE1, h2);
    registers_[0xE3] = static_cast<std::uint8_t>(h3);
    // H4 and H5 are 12 bits each and share E5.
    const auto fourth = static_cast<unsigned>(h4);
    const auto fifth = static_cast<unsigned>(h5);
    registers_[0xE4] = low_byte(fourth >> 4);
    registers_[0xE5] = low_byte((fourth & 0xF) | (fifth & 0xF) << 4);
    registers_[0xE6] = low_byte(fifth >> 4);
    registers_[0xE7] = static_cast<std::uint8_t>(h6);
  }

  void set_register(unsigned address, std::uint8_t value, Instant now) {
    if (address == 0xE0 && value == 0xB6) return reset();
    if (address != 0xF2 && address != 0xF4 && address != 0xF5) return;
    registers_.at(address) = value;
    if (address != 0xF4) return;
    humidity_steps_ = registers_[0xF2] & 7;
    done_at_.reset();
    if (mode() != 0) done_at_ = now + conversion_time();
    set_measuring(mode() != 0);
  }

  [[nodiscard]] unsigned mode() const { return registers_[0xF4] & 3; }
  [[nodiscard]] unsigned temperature_steps() const { return registers_[0xF4] >> 5; }
  [[nodiscard]] unsigned pressure_steps() const { return registers_[0xF4] >> 2 & 7; }

  void set_measuring(bool on) {
    const unsigned status = registers_[0xF3];
    registers_[0xF3] = low_byte(on ? status | 0x08 : status & ~0x08u);
  }

  // Appendix B: the longest that a conversion takes.
  [[nodiscard]] microseconds conversion_time() const {
    const auto times = [](unsigned steps) { return steps == 0 ? 0 : 1 << std::min(steps - 1, 4u); };
    long time = 1250 + 2300 * times(temperature_steps());
    if (pressure_steps() != 0) time += 2300 * times(pressure_steps()) + 575;
    if (humidity_steps_ != 0) time += 2300 * times(humidity_steps_) + 575;
    return microseconds{time};
  }

  // In normal mode it converts again after each standby time.
  [[nodiscard]] microseconds standby_time() const {
    constexpr std::array<long, 8> times{500,     62'500,    125'000, 250'000,
                                        500'000, 1'000'000, 10'000,  20'000};
    return microseconds{times.at(registers_[0xF5] >> 5)};
  }

  void advance(Instant now) {
    if (!done_at_ || *done_at_ > now) return;
    measure();
    if (mode() == 3) {
      const auto cycle = conversion_time() + standby_time();
      done_at_ = *done_at_ + cycle * ((now - *done_at_) / cycle + 1);
      return;
    }
    registers_[0xF4] = low_byte(registers_[0xF4] & ~3u);  // forced: back to sleep
    done_at_.reset();
    set_measuring(false);
  }

  void measure() {
    const double temperature = view_.now("temperature");
    const unsigned raw_temperature = raw_for(
        [](double raw) { return fine_temperature(raw) / 5120; }, temperature, 0xFFFFF, true);
    const double fine = fine_temperature(raw_temperature);
    const unsigned raw_pressure = raw_for([fine](double raw) { return pascals(raw, fine); },
                                          view_.now("pressure") * 100, 0xFFFFF, false);
    const unsigned raw_humidity =
        !has_humidity_ ? 0x8000
                       : raw_for([fine](double raw) { return relative_humidity(raw, fine); },
                                 view_.now("humidity"), 0xFFFF, true);
    put_data(0xF7, pressure_steps() == 0 ? 0x80000 : resolved(raw_pressure, pressure_steps()));
    const unsigned shown_temperature = is_now(troubles_, "temperature_failed")
                                           ? 0
                                           : resolved(raw_temperature, temperature_steps());
    put_data(0xFA, temperature_steps() == 0 ? 0x80000 : shown_temperature);
    const unsigned humidity = humidity_steps_ == 0 ? 0x8000 : raw_humidity;
    registers_[0xFD] = high_byte(humidity);
    registers_[0xFE] = low_byte(humidity);
    if (!has_humidity_) registers_[0xFD] = 0x80, registers_[0xFE] = 0;
    converted_ = true;
  }

  // 16 bits at one-fold oversampling, one more with each step; all 20 with the filter on (3.4.1).
  [[nodiscard]] unsigned resolved(unsigned raw, unsigned steps) const {
    const bool filtered = (registers_[0xF5] >> 2 & 7) != 0;
    if (filtered || steps >= 5) return raw;
    const unsigned unit = 1u << (5 - steps);
    return (raw + unit / 2) / unit * unit;
  }

  void put_data(std::size_t at, unsigned raw) {
    registers_.at(at) = low_byte(raw >> 12);
    registers_.at(at + 1) = low_byte(raw >> 4);
    registers_.at(at + 2) = low_byte(raw << 4 & 0xF0);
  }

  View view_;
  std::vector<Trouble> troubles_;
  unsigned chip_id_;
  bool has_humidity_;
  std::array<std::uint8_t, 256> registers_{};
  std::size_t pointer_ = 0;
  unsigned humidity_steps_ = 0;
  bool converted_ = false;
  std::optional<Instant> done_at_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_bme280(const DeviceSpec& spec, Instant) {
  return std::make_unique<Bme280>(spec, bme280_id);
}
std::unique_ptr<I2cDevice> make_bmp280(const DeviceSpec& spec, Instant) {
  return std::make_unique<Bme280>(spec, bmp280_id);
}

}  // namespace world
