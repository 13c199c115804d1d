// SPDX-License-Identifier: Apache-2.0
// Four light meters: ROHM BH1750 (data sheet 11046EDT01), Vishay VEML7700 (84286), Lite-On LTR390
// (revision 1.4) and ams TSL2591 (version 1-05). Each counts the truth with the gain and the time
// that it was set to, and stops at the end of its counter.
#include "i2c_devices.hpp"

#include <array>
#include <map>

namespace world {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Bh1750 : public I2cDevice {
 public:
  explicit Bh1750(const DeviceSpec& spec) : view_(spec.view) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (bytes.empty()) return true;
    const unsigned code = bytes[0];
    if (code == 0x00 || code == 0x01) {
      is_on_ = code == 1;
    } else if (code >> 3 == 0x08) {
      register_ = (register_ & 0x1F) | (code & 7) << 5;
    } else if (code >> 5 == 0x03) {
      register_ = (register_ & 0xE0) | (code & 0x1F);
    } else if (code >> 4 == 1 || code >> 4 == 2) {
      steps_ = (code & 3) == 1 ? 2 : 1;
      const double longest = (code & 3) == 3 ? 24 : 180;
      ready_at_ = now + microseconds{long(longest * 1000 * register_ / 69)};
      is_on_ = true;
    } else {
      return false;
    }
    return true;
  }
  std::optional<Frame> read(Instant now) override {
    // Before that it tells the result before.
    if (is_on_ && now >= ready_at_) {
      counts_ = rounded_word(view_.now("illuminance") * 1.2 * register_ / 69 * steps_);
    }
    Frame frame{{}, is_on_};
    put_word(frame.bytes, counts_);
    return frame;
  }
  void power_up(Instant) override {
    is_on_ = false;
    register_ = 69;
    counts_ = 0;
  }

 private:
  View view_;
  bool is_on_ = false;
  unsigned register_ = 69;
  int steps_ = 1;
  unsigned counts_ = 0;
  Instant ready_at_{};
};

class Veml7700 : public I2cDevice {
 public:
  explicit Veml7700(const DeviceSpec& spec) : view_(spec.view) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (bytes.empty()) return true;
    pointer_ = bytes[0];
    if (bytes.size() < 3) return pointer_ < 8;
    if (pointer_ != 0) return pointer_ < 4;
    configuration_ = bytes[1] | static_cast<unsigned>(bytes[2]) << 8;
    begun_ = now;
    return true;
  }
  std::optional<Frame> read(Instant now) override {
    unsigned word = pointer_ == 0 ? configuration_ : 0;
    if (pointer_ == 4) word = counts(now);
    return Frame{{low_byte(word), high_byte(word)}, pointer_ == 4};
  }
  void power_up(Instant) override { configuration_ = 1; }

 private:
  // Lux of a count at each gain and time (tables of application note 84323), as far as they double.
  [[nodiscard]] unsigned counts(Instant now) {
    static const std::map<unsigned, double> times{{0xC, 25}, {8, 50},  {0, 100},
                                                  {1, 200},  {2, 400}, {3, 800}};
    static const std::array<double, 4> gains{1, 2, 0.125, 0.25};
    const double time = times.at(configuration_ >> 6 & 0xF);
    const double per_count = 0.0042 * 2 / gains.at(configuration_ >> 11 & 3) * 800 / time;
    const bool is_over = (configuration_ & 1) == 0 && now - begun_ >= milliseconds{long(time)};
    return is_over ? rounded_word(view_.now("illuminance") / per_count) : 0;
  }

  View view_;
  unsigned pointer_ = 0;
  unsigned configuration_ = 1;
  Instant begun_{};
};

class Ltr390 : public I2cDevice {
 public:
  explicit Ltr390(const DeviceSpec& spec) : view_(spec.view) { power_up({}); }

  bool write(ByteSpan bytes, Instant now) override {
    if (bytes.empty()) return true;
    pointer_ = bytes[0];
    if (bytes.size() < 2) return true;
    if (pointer_ != 0 && pointer_ != 4 && pointer_ != 5) return false;
    registers_.at(pointer_) = bytes[1];
    if (pointer_ == 0 && (bytes[1] & 2) != 0) done_at_ = now + milliseconds{long(time_ms()) + 10};
    return true;
  }
  std::optional<Frame> read(Instant now) override {
    if (done_at_ && now >= *done_at_) measure();
    Frame frame{{registers_.begin() + pointer_, registers_.end()}, pointer_ == 0x0D};
    if (pointer_ == 7) registers_[7] &= 0xF7;
    return frame;
  }
  void power_up(Instant) override {
    registers_.fill(0);
    registers_[4] = 0x22;
    registers_[5] = 0x01;
    registers_[6] = 0xB2;
    done_at_.reset();
  }

 private:
  [[nodiscard]] double time_ms() const {
    return 400 / std::array<double, 6>{1, 2, 4, 8, 16, 32}.at(registers_[4] >> 4 & 7);
  }
  void measure() {
    done_at_.reset();
    const double gain = std::array<double, 5>{1, 3, 6, 9, 18}.at(registers_[5] & 7);
    const bool is_ultraviolet = (registers_[0] & 8) != 0;
    const double value = is_ultraviolet ? view_.now("uv_index") * 2300 * gain / 18 * time_ms() / 400
                                        : view_.now("illuminance") * gain * time_ms() / 60;
    const unsigned limit =
        (1u << std::array<unsigned, 6>{20, 19, 18, 17, 16, 13}.at(registers_[4] >> 4 & 7)) - 1;
    const unsigned counts = rounded_word(value, limit);
    const std::size_t at = is_ultraviolet ? 0x10 : 0x0D;
    registers_.at(at) = low_byte(counts);
    registers_.at(at + 1) = low_byte(counts >> 8);
    registers_.at(at + 2) = low_byte(counts >> 16);
    registers_[7] |= 8;
  }

  View view_;
  std::array<std::uint8_t, 32> registers_{};
  std::uint8_t pointer_ = 0;
  std::optional<Instant> done_at_;
};

class Tsl2591 : public I2cDevice {
 public:
  explicit Tsl2591(const DeviceSpec& spec) : view_(spec.view) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (bytes.empty()) return true;
    if (bytes[0] >> 5 != 5) return false;
    pointer_ = bytes[0] & 0x1F;
    if (bytes.size() < 2) return true;
    if (pointer_ == 0) {
      if ((bytes[1] & 3) == 3 && !is_on_) begun_ = now;
      is_on_ = (bytes[1] & 3) == 3;
    } else if (pointer_ == 1) {
      control_ = bytes[1];
    }
    return true;
  }
  std::optional<Frame> read(Instant now) override {
    const double time = 100.0 * ((control_ & 7) + 1);
    const bool is_there = is_on_ && now - begun_ >= milliseconds{long(time * 1.08)};
    if (pointer_ == 0x12) return Frame{{0x50}, false};
    if (pointer_ == 0x13) return Frame{{low_byte(is_there ? 1 : 0)}, false};
    if (pointer_ != 0x14) return Frame{{0}, false};
    // A quarter of the light is infrared.
    const double gain = std::array<double, 4>{1, 25, 428, 9876}.at(control_ >> 4 & 3);
    const double all = view_.now("illuminance") * time * gain / 408 / (0.75 * 0.75);
    const unsigned limit = (control_ & 7) == 0 ? 36863 : 65535;
    Frame frame{{}, is_there};
    for (const double counts : {all, all / 4}) {
      const unsigned word = is_there ? rounded_word(counts, limit) : 0;
      frame.bytes.push_back(low_byte(word));
      frame.bytes.push_back(high_byte(word));
    }
    return frame;
  }
  void power_up(Instant) override {
    is_on_ = false;
    control_ = 0;
  }

 private:
  View view_;
  unsigned pointer_ = 0;
  unsigned control_ = 0;
  bool is_on_ = false;
  Instant begun_{};
};

}  // namespace

std::unique_ptr<I2cDevice> make_bh1750(const DeviceSpec& spec, Instant) {
  return std::make_unique<Bh1750>(spec);
}
std::unique_ptr<I2cDevice> make_veml7700(const DeviceSpec& spec, Instant) {
  return std::make_unique<Veml7700>(spec);
}
std::unique_ptr<I2cDevice> make_ltr390(const DeviceSpec& spec, Instant) {
  return std::make_unique<Ltr390>(spec);
}
std::unique_ptr<I2cDevice> make_tsl2591(const DeviceSpec& spec, Instant) {
  return std::make_unique<Tsl2591>(spec);
}

}  // namespace world
