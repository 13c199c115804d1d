// SPDX-License-Identifier: Apache-2.0
// Sensirion SHT4x (data sheet version 6, sections 4.3 to 4.6): one command byte, after its time a
// read of two words with their checks; until then, and once they were read, it does not
// acknowledge.
#include "i2c_devices.hpp"

namespace world {

namespace {

using std::chrono::microseconds;

class Sht4x : public I2cDevice {
 public:
  explicit Sht4x(const DeviceSpec& spec) : view_(spec.view) {}

  bool write(ByteSpan bytes, Instant now) override {
    if (now < ready_at_) return false;
    if (bytes.empty()) return true;
    answer_.reset();
    switch (bytes[0]) {
      case 0xFD:
        return measure(now, microseconds{8300});
      case 0xF6:
        return measure(now, microseconds{4500});
      case 0xE0:
        return measure(now, microseconds{1600});
      case 0x39:
      case 0x2F:
      case 0x1E:
        return measure(now, microseconds{1'100'000});  // 1 s of heat
      case 0x32:
      case 0x24:
      case 0x15:
        return measure(now, microseconds{110'000});
      case 0x89:
        return prepare(now, microseconds{1000}, 0x0F5C, 0x21A7, false);
      case 0x94:
        ready_at_ = now + microseconds{1000};
        return true;
      default:
        return false;
    }
  }

  std::optional<Frame> read(Instant now) override {
    if (now < ready_at_ || !answer_) return std::nullopt;
    auto answer = std::move(answer_);
    answer_.reset();
    return answer;
  }

  void power_up(Instant now) override {
    answer_.reset();
    ready_at_ = now + microseconds{1000};
  }

 private:
  bool measure(Instant now, microseconds duration) {
    const double temperature = (view_.now("temperature") + 45) / 175 * 65535;
    const double humidity = (view_.now("humidity") + 6) / 125 * 65535;
    return prepare(now, duration, rounded_word(temperature), rounded_word(humidity), true);
  }

  bool prepare(Instant now, microseconds duration, unsigned first, unsigned second,
               bool is_measurement) {
    Frame answer{{}, is_measurement};
    put_checked_word(answer.bytes, first);
    put_checked_word(answer.bytes, second);
    answer_ = std::move(answer);
    ready_at_ = now + duration;
    return true;
  }

  View view_;
  Instant ready_at_{};
  std::optional<Frame> answer_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_sht4x(const DeviceSpec& spec, Instant) {
  return std::make_unique<Sht4x>(spec);
}

}  // namespace world
