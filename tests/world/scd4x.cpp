// SPDX-License-Identifier: Apache-2.0
// Sensirion SCD41 (data sheet version 1.4, section 3): 16-bit commands, words with checks. Idle or
// measuring every 5 s (30 s in low power); while it measures it knows four commands only. Data not
// yet there are not acknowledged. Its light path sees density: what it shows for CO2 is right only
// when it was told the pressure.
#include "i2c_devices.hpp"

#include <set>

namespace world {

namespace {

using std::chrono::milliseconds;

// What survives a power cut once `persist` was called.
struct Settings {
  double temperature_offset = 4;
  unsigned altitude_m = 0;
  bool self_calibration = true;
};

class Scd4x : public I2cDevice {
 public:
  explicit Scd4x(const DeviceSpec& spec, Instant now) : view_(spec.view), ready_at_(now) {}

  bool write(ByteSpan bytes, Instant now) override {
    advance(now);
    if (now < ready_at_) return false;
    if (bytes.empty()) return !asleep_;
    if (bytes.size() < 2) return false;
    const unsigned command = word_at(bytes, 0);
    if (asleep_) {
      if (command != 0x36F6) return false;
      asleep_ = false;
      return busy(now, 30);
    }
    const bool has_word = bytes.size() == 5;
    if (has_word && sensirion_check(bytes.subspan(2, 2)) != bytes[4]) return false;
    static const std::set<unsigned> while_measuring{0xEC05, 0x3F86, 0xE000, 0xE4B8};
    if (interval_ && !while_measuring.contains(command)) return false;
    answer_.reset();
    return has_word ? set(command, word_at(bytes, 2), now) : order(command, now);
  }

  std::optional<Frame> read(Instant now) override {
    advance(now);
    if (asleep_ || now < ready_at_ || !answer_) return std::nullopt;
    auto answer = std::move(answer_);
    answer_.reset();
    return answer;
  }

  void power_up(Instant now) override {
    settings_ = persisted_;
    pressure_hpa_.reset();
    interval_.reset();
    asleep_ = false;
    measured_.clear();
    answer_.reset();
    ready_at_ = now + milliseconds{30};
  }

 private:
  bool busy(Instant now, int duration_ms) {
    ready_at_ = now + milliseconds{duration_ms};
    return true;
  }

  bool answer(Instant now, std::initializer_list<unsigned> words, int duration_ms = 1) {
    Frame frame;
    for (const unsigned word : words) put_checked_word(frame.bytes, word);
    answer_ = std::move(frame);
    return busy(now, duration_ms);
  }

  bool start(Instant now, milliseconds interval) {
    interval_ = interval;
    next_ = now + interval;
    measured_.clear();
    return true;
  }

  bool order(unsigned command, Instant now) {
    switch (command) {
      case 0x21B1:
        return start(now, milliseconds{5000});
      case 0x21AC:
        return start(now, milliseconds{30'000});
      case 0x3F86:
        interval_.reset();
        measured_.clear();
        return busy(now, 500);
      case 0xEC05:
        if (measured_.empty()) return busy(now, 1);  // the read that follows is not acknowledged
        answer_ = Frame{std::move(measured_), true};
        measured_.clear();
        return busy(now, 1);
      case 0xE4B8:
        return answer(now, {measured_.empty() ? 0x8000u : 0x8006u});
      case 0xE000:
        return answer(now, {pressure_hpa_.value_or(1013)});
      case 0x2322:
        return answer(now, {settings_.altitude_m});
      case 0x2318:
        return answer(now, {rounded_word(settings_.temperature_offset / 175 * 65535)});
      case 0x2313:
        return answer(now, {settings_.self_calibration ? 1u : 0u});
      case 0x3682:
        return answer(now, {0xF896, 0x31EA, 0x07C2});
      case 0x202F:
        return answer(now, {0x1440});  // SCD41
      case 0x3639:
        return answer(now, {0x0000}, 10'000);
      case 0x3615:
        persisted_ = settings_;
        return busy(now, 800);
      case 0x3632:
        settings_ = persisted_ = Settings{};
        return busy(now, 1200);
      case 0x3646:
        settings_ = persisted_;
        return busy(now, 30);
      case 0x219D:
        measure();
        return busy(now, 5000);
      case 0x2196:
        measure();
        return busy(now, 50);
      case 0x36E0:
        asleep_ = true;
        return busy(now, 1);
      default:
        return false;
    }
  }

  bool set(unsigned command, unsigned word, Instant now) {
    switch (command) {
      case 0xE000:
        pressure_hpa_ = word;
        return busy(now, 1);
      case 0x2427:
        settings_.altitude_m = word;
        return busy(now, 1);
      case 0x241D:
        settings_.temperature_offset = word * 175.0 / 65535;
        return busy(now, 1);
      case 0x2416:
        settings_.self_calibration = word != 0;
        return busy(now, 1);
      case 0x362F:
        return answer(now, {0x8000}, 400);  // corrected by 0 ppm
      default:
        return false;
    }
  }

  void advance(Instant now) {
    while (interval_ && next_ <= now) {
      measure();
      next_ += *interval_;
    }
  }

  void measure() {
    const double assumed_hpa =
        pressure_hpa_ ? *pressure_hpa_ : 1013.25 - settings_.altitude_m / 8.4;
    const double co2 = view_.now("co2") * view_.now("pressure") / assumed_hpa;
    // The offset that it subtracts is the warmth of its own board, 4 degrees.
    const double temperature = view_.now("temperature") + 4 - settings_.temperature_offset;
    measured_.clear();
    put_checked_word(measured_, rounded_word(co2));
    put_checked_word(measured_, rounded_word((temperature + 45) / 175 * 65535));
    put_checked_word(measured_, rounded_word(view_.now("humidity") / 100 * 65535));
  }

  View view_;
  Settings settings_;
  Settings persisted_;
  std::optional<unsigned> pressure_hpa_;
  std::optional<milliseconds> interval_;  // none: idle
  bool asleep_ = false;
  Instant next_{};
  Instant ready_at_;
  Bytes measured_;
  std::optional<Frame> answer_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_scd4x(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Scd4x>(spec, now);
}

}  // namespace world
