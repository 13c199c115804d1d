// SPDX-License-Identifier: Apache-2.0
// Three thermometers with hygrometers: Sensirion SHT3x (its data sheet version 6, section 4),
// Silicon Labs Si7021 (revision 1.2, section 5) and Aosong AHT20 (version 1.1, section 5).
#include "commanded.hpp"
#include "i2c_devices.hpp"

#include <map>

namespace world {

namespace {

using std::chrono::milliseconds;

class Sht3x : public Commanded {
 public:
  Sht3x(const DeviceSpec& spec, Instant now) : Commanded(now), view_(spec.view) {}

 protected:
  bool obey(unsigned command, const std::vector<unsigned>&, Instant now) override {
    // The commands that do not stretch the clock, with the longest time of each.
    static const std::map<unsigned, int> measurements{{0x2400, 15}, {0x240B, 6}, {0x2416, 4}};
    if (command == 0x30A2) return busy(now, 2);
    if (command == 0xF32D) return answer(now, 1, {0x8010});
    if (command == 0x3780) return answer(now, 1, {0x0F5C, 0x21A7});
    const auto found = measurements.find(command);
    if (found == measurements.end()) return false;
    return answer(now, found->second,
                  {rounded_word((view_.now("temperature") + 45) * 65535 / 175),
                   rounded_word(view_.now("humidity") * 655.35)},
                  true);
  }

 private:
  View view_;
};

// Polynomial 0x31, start 0, one bit after another.
std::uint8_t check_from_zero(unsigned word) {
  unsigned rest = word << 8;
  for (int bit = 23; bit >= 8; --bit) {
    if ((rest >> bit & 1) != 0) rest ^= 0x131u << (bit - 8);
  }
  return low_byte(rest);
}

class Si7021 : public I2cDevice {
 public:
  Si7021(const DeviceSpec& spec, Instant now) : view_(spec.view), ready_at_(now) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (now < ready_at_) return false;
    answer_.reset();
    if (bytes.empty()) return true;
    switch (bytes[0]) {
      case 0xFE:
        ready_at_ = now + milliseconds{15};
        return true;
      case 0xF5:
        // The second lowest bit says that it is a humidity.
        return prepare((view_.now("humidity") + 6) / 125, 2, now + milliseconds{23});
      case 0xF3:
        return prepare((view_.now("temperature") + 46.85) / 175.72, 0, now + milliseconds{11});
      default:
        return false;
    }
  }

  std::optional<Frame> read(Instant now) override {
    if (now < ready_at_) return std::nullopt;
    return std::exchange(answer_, std::nullopt);
  }

  void power_up(Instant now) override {
    answer_.reset();
    ready_at_ = now + milliseconds{15};
  }

 private:
  bool prepare(double share, unsigned status, Instant ready_at) {
    const unsigned word = rounded_word(share * 16384, 0x3FFF) << 2 | status;
    answer_ = Frame{{}, true};
    put_word(answer_->bytes, word);
    answer_->bytes.push_back(check_from_zero(word));
    ready_at_ = ready_at;
    return true;
  }

  View view_;
  Instant ready_at_;
  std::optional<Frame> answer_;
};

class Aht20 : public I2cDevice {
 public:
  explicit Aht20(const DeviceSpec& spec) : view_(spec.view) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (bytes.size() == 3 && bytes[0] == 0xBE && bytes[1] == 0x08) is_calibrated_ = true;
    if (bytes.size() == 3 && bytes[0] == 0xAC && bytes[1] == 0x33)
      done_at_ = now + milliseconds{75};
    return true;
  }

  std::optional<Frame> read(Instant now) override {
    const bool is_busy = done_at_ && now < *done_at_;
    const unsigned status = (is_busy ? 0x80u : 0u) | (is_calibrated_ ? 0x18u : 0x10u);
    const unsigned humidity = rounded_word(view_.now("humidity") / 100 * 0x100000, 0xFFFFF);
    const unsigned temperature =
        rounded_word((view_.now("temperature") + 50) / 200 * 0x100000, 0xFFFFF);
    Frame frame{{low_byte(status), low_byte(humidity >> 12), low_byte(humidity >> 4),
                 low_byte(humidity << 4 | temperature >> 16), low_byte(temperature >> 8),
                 low_byte(temperature)},
                done_at_ && !is_busy};
    frame.bytes.push_back(sensirion_check(frame.bytes));
    return frame;
  }

  void power_up(Instant) override {
    is_calibrated_ = false;
    done_at_.reset();
  }

 private:
  View view_;
  bool is_calibrated_ = false;
  std::optional<Instant> done_at_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_sht3x(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Sht3x>(spec, now);
}
std::unique_ptr<I2cDevice> make_si7021(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Si7021>(spec, now);
}
std::unique_ptr<I2cDevice> make_aht20(const DeviceSpec& spec, Instant) {
  return std::make_unique<Aht20>(spec);
}

}  // namespace world
