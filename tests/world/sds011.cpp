// SPDX-License-Identifier: Apache-2.0
// Nova SDS011 (Laser Dust Sensor Control Protocol V1.3). Data, 10 bytes, once a second:
//   AA C0 pm2.5(low high) pm10(low high) id id sum AB       values in 0.1 ug/m3, sum of bytes 2..7
// Commands are 19 bytes AA B4 cmd … id id sum AB, answers to settings AA C5 cmd …. Mode, id and
// work period are in its flash. With a work period of n minutes it works 30 s, reports and rests.
#include "serial_devices.hpp"

#include <algorithm>

namespace world {

namespace {

using std::chrono::seconds;

constexpr std::size_t command_size = 19;
constexpr seconds work_time{30};

class Sds011 : public SerialDevice {
 public:
  Sds011(const DeviceSpec& spec, Instant now)
      : view_(spec.view),
        next_(now),
        settles_(static_cast<long>(spec.settles_s * 1000)),
        period_minutes_(spec.work_period_min),
        on_since_(now),
        awake_since_(now -
                     std::chrono::milliseconds{static_cast<long>(spec.running_for_s * 1000)}) {
    if (period_minutes_ > 0) start_cycle(now);
    if (spec.frames_per_second > 0) set_rate(spec.frames_per_second);
    active_ = spec.mode != "passive";
    working_ = spec.mode != "asleep";
  }

  std::vector<Frame> receive(ByteSpan bytes, Instant now) override {
    received_.insert(received_.end(), bytes.begin(), bytes.end());
    std::vector<Frame> answers;
    while (received_.size() >= command_size) {
      if (!is_command(ByteSpan{received_}.first(command_size))) {
        received_.erase(received_.begin());
        continue;
      }
      const Bytes command(received_.begin(), received_.begin() + command_size);
      received_.erase(received_.begin(), received_.begin() + command_size);
      if (is_for_me(command)) obey(command, now, answers);
    }
    return answers;
  }

  std::vector<Frame> advance(Instant now) override {
    std::vector<Frame> frames;
    while (due() && *due() <= now) {
      frames.push_back(measurement(now));
      if (period_minutes_ > 0) worked_ += work_time;
      next_ += period_minutes_ > 0 ? std::chrono::minutes{period_minutes_} : pace_;
    }
    return frames;
  }

  [[nodiscard]] std::optional<Instant> due() const override {
    if (!working_ || !active_) return std::nullopt;
    return next_;
  }

  void power_up(Instant now) override {
    settle(now);
    working_ = true;
    awake_since_ = now;
    received_.clear();
    start_cycle(now);
  }

  [[nodiscard]] bool speaks_by_itself() const override { return true; }

  // With a work period it is on for its work time alone.
  [[nodiscard]] std::chrono::microseconds worked(Instant now) const override {
    return working_ && period_minutes_ == 0 ? worked_ + (now - on_since_) : worked_;
  }

  void set_rate(double frames_per_second) override {
    pace_ = std::chrono::microseconds{static_cast<long>(1e6 / frames_per_second)};
    next_ = std::min(next_, instant_now() + pace_);
  }

 private:
  static bool is_command(ByteSpan bytes) {
    unsigned sum = 0;
    for (const auto byte : bytes.subspan(2, 15)) sum += byte;
    return bytes[0] == 0xAA && bytes[1] == 0xB4 && bytes[18] == 0xAB && bytes[17] == low_byte(sum);
  }

  [[nodiscard]] bool is_for_me(const Bytes& command) const {
    const unsigned id = word_at(command, 15);
    return id == 0xFFFF || id == id_;
  }

  void obey(const Bytes& command, Instant now, std::vector<Frame>& answers) {
    const unsigned order = command[2];
    const bool set = command[3] != 0;
    const unsigned value = command[4];
    if (!working_ && order != 0x06) return;  // at rest it hears only the call to work
    switch (order) {
      case 0x02:
        if (set && value <= 1) active_ = value == 0;
        if (set) start_cycle(now);
        answers.push_back(settings_answer(order, command[3], active_ ? 0 : 1, 0));
        return;
      case 0x04:
        answers.push_back(measurement(now));
        return;
      case 0x05:
        id_ = word_at(command, 13);
        answers.push_back(settings_answer(order, 0, 0, 0));
        return;
      case 0x06:
        if (set && value <= 1 && working_ != (value == 1)) {
          settle(now);
          working_ = value == 1;
          awake_since_ = now;
          start_cycle(now);
        }
        answers.push_back(settings_answer(order, command[3], working_ ? 1 : 0, 0));
        return;
      case 0x07:
        answers.push_back(settings_answer(order, 18, 11, 16));  // firmware of 2018-11-16
        return;
      case 0x08:
        if (set && value <= 30) {
          settle(now);
          period_minutes_ = static_cast<int>(value);
          start_cycle(now);
        }
        answers.push_back(
            settings_answer(order, command[3], static_cast<unsigned>(period_minutes_), 0));
        return;
      default:
        return;
    }
  }

  void settle(Instant now) {
    worked_ = worked(now);
    on_since_ = now;
  }

  void start_cycle(Instant now) {
    if (period_minutes_ > 0) {
      next_ = now + work_time;
    } else {
      next_ = now + pace_;
    }
  }

  [[nodiscard]] Frame finished(Bytes frame, bool is_measurement) const {
    frame.push_back(high_byte(id_));
    frame.push_back(low_byte(id_));
    unsigned sum = 0;
    for (const auto byte : ByteSpan{frame}.subspan(2)) sum += byte;
    frame.push_back(low_byte(sum));
    frame.push_back(0xAB);
    return {std::move(frame), is_measurement};
  }

  [[nodiscard]] Frame settings_answer(unsigned order, unsigned first, unsigned second,
                                      unsigned third) const {
    return finished(
        {0xAA, 0xC5, low_byte(order), low_byte(first), low_byte(second), low_byte(third)}, false);
  }

  [[nodiscard]] Frame measurement(Instant now) const {
    const bool is_settled = period_minutes_ > 0 || now - awake_since_ >= settles_;
    const double share = is_settled ? 1 : 0.1;
    const unsigned fine = rounded_word(share * view_.now("pm2_5") * 10, 9999);
    const unsigned coarse = rounded_word(share * view_.now("pm10") * 10, 9999);
    return finished(
        {0xAA, 0xC0, low_byte(fine), high_byte(fine), low_byte(coarse), high_byte(coarse)}, true);
  }

  View view_;
  Instant next_;
  std::chrono::milliseconds settles_;
  int period_minutes_;
  std::chrono::microseconds worked_{0};
  Instant on_since_;
  Instant awake_since_;
  std::chrono::microseconds pace_ = seconds{1};
  bool working_ = true;
  bool active_ = true;
  unsigned id_ = 0xA160;
  Bytes received_;
};

}  // namespace

std::unique_ptr<SerialDevice> make_sds011(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Sds011>(spec, now);
}

}  // namespace world
