// SPDX-License-Identifier: Apache-2.0
// Bosch BMP388 (data sheet BST-BMP388-DS001, section 9) and BME688 (BST-BME688-DS000, section
// 3.6): files of registers with the calibration words of real devices. What
// stands in the data registers is found backwards: the raw number whose compensated value comes
// nearest to the truth.
#include "i2c_devices.hpp"

#include <array>
#include <functional>

namespace world {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// The raw number in [0, limit] whose value is nearest to `wanted`; `rising` says which way it goes.
unsigned nearest_raw(const std::function<double(unsigned)>& value_of, double wanted, unsigned limit,
                     bool rising) {
  unsigned low = 0;
  for (unsigned high = limit; low < high;) {
    const unsigned middle = (low + high) / 2;
    if ((value_of(middle) < wanted) == rising) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const bool earlier =
      low > 0 && std::abs(value_of(low - 1) - wanted) < std::abs(value_of(low) - wanted);
  return earlier ? low - 1 : low;
}

class Registers : public I2cDevice {
 public:
  bool write(ByteSpan bytes, Instant now) final {
    advance(now);
    if (bytes.empty()) return true;
    pointer_ = bytes[0];
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) set(bytes[at], bytes[at + 1], now);
    return true;
  }
  std::optional<Frame> read(Instant now) final {
    advance(now);
    Frame frame{{registers_.begin() + pointer_, registers_.end()}, has_new_ && pointer_ == data_};
    if (frame.measurement) has_new_ = false;
    return frame;
  }
  void power_up(Instant) final { reset(); }

 protected:
  explicit Registers(std::uint8_t data) : data_(data) {}
  virtual void reset() = 0;
  virtual void set(std::uint8_t address, std::uint8_t value, Instant now) = 0;
  virtual void measure() = 0;

  void convert(Instant done) { done_at_ = done; }
  void clear() {
    registers_.fill(0);
    done_at_.reset();
    has_new_ = false;
  }
  std::uint8_t& at(std::size_t address) { return registers_.at(address); }
  void put(std::size_t address, std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) registers_.at(address++) = low_byte(byte);
  }
  [[nodiscard]] unsigned byte(std::size_t address) const { return registers_.at(address); }
  [[nodiscard]] int word(std::size_t low, std::size_t high) const {
    return static_cast<std::int16_t>(byte(low) | byte(high) << 8);
  }
  [[nodiscard]] int small(std::size_t address) const {
    return static_cast<std::int8_t>(byte(address));
  }

 private:
  void advance(Instant now) {
    if (!done_at_ || now < *done_at_) return;
    done_at_.reset();
    has_new_ = true;
    measure();
  }

  std::uint8_t data_;
  std::array<std::uint8_t, 256> registers_{};
  std::uint8_t pointer_ = 0;
  std::optional<Instant> done_at_;
  bool has_new_ = false;
};

class Bmp388 : public Registers {
 public:
  explicit Bmp388(const DeviceSpec& spec) : Registers(0x04), view_(spec.view) { reset(); }

 protected:
  void reset() override {
    clear();
    put(0x00, {0x50});
    put(0x31, {0x1B, 0x6C, 0xB6, 0x4A, 0xF9, 0xFF, 0xFB, 0x2A, 0xF2, 0x22, 0x00,
               0x86, 0x62, 0x2A, 0x76, 0xFC, 0xFA, 0x98, 0x3C, 0x0C, 0xC4});
    put(0x03, {0x10});
  }
  void set(std::uint8_t address, std::uint8_t value, Instant now) override {
    if (address == 0x7E && value == 0xB6) return reset();
    if (address != 0x1B && address != 0x1C) return;
    at(address) = value;
    if (address != 0x1B || (value & 0x33) != 0x13) return;
    at(0x03) = 0x10;
    // Section 3.9.2.
    const int times = 1 << (byte(0x1C) & 7);
    convert(now +
            microseconds{234 + 392 + times * 2020 + 163 + (1 << (byte(0x1C) >> 3 & 7)) * 2020});
  }
  void measure() override {
    const unsigned temperature = nearest_raw([this](unsigned raw) { return degrees(raw); },
                                             view_.now("temperature"), 0xFFFFFF, true);
    const double t = degrees(temperature);
    const unsigned pressure = nearest_raw([this, t](unsigned raw) { return pascals(raw, t); },
                                          view_.now("pressure") * 100, 0xFFFFFF, false);
    put(0x04, {pressure, pressure >> 8, pressure >> 16, temperature, temperature >> 8,
               temperature >> 16});
    put(0x03, {0x70});
  }

 private:
  // Each calibration word over its own power of two (table 18 and section 9.1).
  [[nodiscard]] double degrees(unsigned raw) const {
    const double t1 = (byte(0x31) | byte(0x32) << 8) * 256.0;
    const double t2 = (byte(0x33) | byte(0x34) << 8) / 1073741824.0;
    const double t3 = small(0x35) / 281474976710656.0;
    const double first = raw - t1;
    return first * t2 + first * first * t3;
  }
  [[nodiscard]] double pascals(unsigned raw, double t) const {
    const double p1 = (word(0x36, 0x37) - 16384) / 1048576.0;
    const double p2 = (word(0x38, 0x39) - 16384) / 536870912.0;
    const double p3 = small(0x3A) / 4294967296.0;
    const double p4 = small(0x3B) / 137438953472.0;
    const double p5 = (byte(0x3C) | byte(0x3D) << 8) * 8.0;
    const double p6 = (byte(0x3E) | byte(0x3F) << 8) / 64.0;
    const double p7 = small(0x40) / 256.0;
    const double p8 = small(0x41) / 32768.0;
    const double p9 = word(0x42, 0x43) / 281474976710656.0;
    const double p10 = small(0x44) / 281474976710656.0;
    const double p11 = small(0x45) / 36893488147419103232.0;
    const double first = p5 + p6 * t + p7 * t * t + p8 * t * t * t;
    const double second = raw * (p1 + p2 * t + p3 * t * t + p4 * t * t * t);
    const double square = double(raw) * raw;
    return first + second + square * (p9 + p10 * t) + square * raw * p11;
  }

  View view_;
};

class Bme688 : public Registers {
 public:
  explicit Bme688(const DeviceSpec& spec) : Registers(0x1D), view_(spec.view) { reset(); }

 protected:
  void reset() override {
    clear();
    put(0x00, {0x28, 0x00, 0x10, 0x00, 0x00});
    put(0x8A, {0x8F, 0x67, 0x03, 0x00, 0x91, 0x8D, 0x3F, 0xD7, 0x58, 0x00, 0x3D, 0x1C,
               0xA0, 0xFF, 0x2A, 0x1E, 0x00, 0x00, 0x80, 0xF2, 0x00, 0xF6, 0x1E});
    put(0xE1, {0x3F, 0x86, 0x2D, 0x00, 0x2D, 0x14, 0x78, 0x9C, 0x5B, 0x66, 0xAF, 0xE8, 0xE2, 0x12});
    put(0xD0, {0x61});
    put(0xF0, {0x01});
  }
  void set(std::uint8_t address, std::uint8_t value, Instant now) override {
    if (address == 0xE0 && value == 0xB6) return reset();
    if (address < 0x50 || address > 0x75) return;
    at(address) = value;
    if (address != 0x74 || (value & 3) != 1) return;
    at(0x1D) = 0;
    const int heating = int(byte(0x64) & 0x3F) << (2 * (byte(0x64) >> 6));
    convert(now + milliseconds{heating + 11});
  }
  void measure() override {
    const unsigned temperature = nearest_raw([this](unsigned raw) { return fine(raw) / 5120.0; },
                                             view_.now("temperature"), 0xFFFFF, true);
    const double f = fine(temperature);
    const unsigned pressure = nearest_raw([this, f](unsigned raw) { return pascals(raw, f); },
                                          view_.now("pressure") * 100, 0xFFFFF, false);
    const unsigned humidity =
        nearest_raw([this, f](unsigned raw) { return percent(raw, f / 5120); },
                    view_.now("humidity"), 0xFFFF, true);
    put(0x1F, {pressure >> 12, pressure >> 4, pressure << 4, temperature >> 12, temperature >> 4,
               temperature << 4, humidity >> 8, humidity});
    const unsigned gas = gas_word(view_.now("gas_resistance"));
    // The heater was wanted, and got a current.
    const bool is_hot = (byte(0x71) & 0x20) != 0 && byte(0x5A) > 40;
    put(0x2C, {gas >> 8, (gas & 0xC0) | (is_hot ? 0x30 : 0) | (gas & 0x0F)});
    put(0x1D, {0x80});
  }

 private:
  [[nodiscard]] double fine(double raw) const {
    const double t1 = byte(0xE9) | byte(0xEA) << 8;
    const double t2 = word(0x8A, 0x8B);
    const double first = (raw / 16384 - t1 / 1024) * t2;
    const double part = raw / 131072 - t1 / 8192;
    return first + part * part * small(0x8C) * 16;
  }
  [[nodiscard]] double pascals(double raw, double f) const {
    double a = f / 2 - 64000;
    double b = a * a * (small(0x99) / 131072.0);
    b = b + a * word(0x96, 0x97) * 2;
    b = b / 4 + word(0x94, 0x95) * 65536.0;
    a = (small(0x92) * a * a / 16384 + word(0x90, 0x91) * a) / 524288;
    a = (1 + a / 32768) * (byte(0x8E) | byte(0x8F) << 8);
    double pressure = (1048576 - raw - b / 4096) * 6250 / a;
    const double first = word(0x9E, 0x9F) * pressure * pressure / 2147483648.0;
    const double second = pressure * (word(0x9C, 0x9D) / 32768.0);
    const double third = pressure / 256 * (pressure / 256) * (pressure / 256) * byte(0xA0) / 131072;
    pressure += (first + second + third + small(0x98) * 128.0) / 16;
    return pressure;
  }
  [[nodiscard]] double percent(double raw, double t) const {
    const double h1 = byte(0xE3) << 4 | (byte(0xE2) & 0xF);
    const double h2 = byte(0xE1) << 4 | byte(0xE2) >> 4;
    const double first = raw - (h1 * 16 + small(0xE4) / 2.0 * t);
    const double second =
        first * (h2 / 262144 * (1 + small(0xE5) / 16384.0 * t + small(0xE6) / 1048576.0 * t * t));
    return second + (byte(0xE7) / 16384.0 + small(0xE8) / 2097152.0 * t) * second * second;
  }
  // Ten bits and the range in which they resolve most.
  static unsigned gas_word(double ohms) {
    unsigned range = 0;
    const auto raw_in = [ohms](unsigned in) {
      return (1e6 * (262144 >> in) / ohms - 4096) / 3 + 512;
    };
    while (range < 15 && raw_in(range) > 1023) ++range;
    return rounded_word(raw_in(range), 1023) << 6 | range;
  }

  View view_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_bmp388(const DeviceSpec& spec, Instant) {
  return std::make_unique<Bmp388>(spec);
}
std::unique_ptr<I2cDevice> make_bme688(const DeviceSpec& spec, Instant) {
  return std::make_unique<Bme688>(spec);
}

}  // namespace world
