// SPDX-License-Identifier: Apache-2.0
// Plantower PMS5003 (data manual V2.5, appendices I and II): 32-byte frames
//   42 4D 00 1C | 13 words | sum     words: PM1 PM2.5 PM10 "CF=1", the same "atmospheric",
// particles > 0.3 0.5 1 2.5 5 10 um in 0.1 l, version and error; sum of bytes 0..29.
// Commands 42 4D cmd dh dl sum: E1 mode, E2 read, E4 sleep or wake. By itself it sends every 2.3 s
// when the air is steady and every 0.8 s when it changes.
#include "plantower.hpp"
#include "serial_devices.hpp"

#include <cmath>

namespace world {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t command_size = 7;
constexpr milliseconds steady_pace{2300};
constexpr milliseconds moving_pace{800};

class Pms5003 : public SerialDevice {
 public:
  explicit Pms5003(const DeviceSpec& spec, Instant now)
      : view_(spec.view),
        spin_up_(static_cast<long>(spec.spin_up_s * 1000)),
        settles_(static_cast<long>(spec.settles_s * 1000)),
        on_since_(now),
        awake_since_(now - milliseconds{static_cast<long>(spec.running_for_s * 1000)}),
        next_(now) {
    if (spec.frames_per_second > 0) set_rate(spec.frames_per_second);
    active_ = spec.mode != "passive";
    awake_ = spec.mode != "asleep";
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
      obey(command, now, answers);
    }
    return answers;
  }

  std::vector<Frame> advance(Instant now) override {
    std::vector<Frame> frames;
    while (due() && *due() <= now) {
      frames.push_back(measurement(now));
      next_ += pace();
    }
    return frames;
  }

  [[nodiscard]] std::optional<Instant> due() const override {
    if (!awake_ || !active_) return std::nullopt;
    return next_;
  }

  void power_up(Instant now) override {
    if (!awake_) on_since_ = now;
    awake_ = active_ = true;
    received_.clear();
    wake(now);
  }

  [[nodiscard]] bool speaks_by_itself() const override { return true; }

  [[nodiscard]] std::chrono::microseconds worked(Instant now) const override {
    return awake_ ? worked_ + (now - on_since_) : worked_;
  }

  void set_rate(double frames_per_second) override {
    own_pace_ = std::chrono::microseconds{static_cast<long>(1e6 / frames_per_second)};
    next_ = std::min(next_, instant_now() + *own_pace_);
  }

 private:
  static bool is_command(ByteSpan bytes) {
    unsigned sum = 0;
    for (const auto byte : bytes.first(5)) sum += byte;
    return bytes[0] == 0x42 && bytes[1] == 0x4D && word_at(bytes, 5) == sum;
  }

  void obey(const Bytes& command, Instant now, std::vector<Frame>& answers) {
    const unsigned order = command[2];
    const bool on = command[4] != 0;
    if (!awake_ && !(order == 0xE4 && on)) return;
    if (order == 0xE2) {
      if (!active_) answers.push_back(measurement(now));
      return;
    }
    if (order != 0xE1 && order != 0xE4) return;
    if (order == 0xE1) {
      active_ = on;
      next_ = now + steady_pace;
    } else if (on != awake_) {
      worked_ = worked(now);
      awake_ = on;
      on_since_ = now;
      wake(now);
    }
    Bytes acknowledgement{0x42, 0x4D, 0x00, 0x04, command[2], command[4]};
    put_plantower_sum(acknowledgement);
    answers.push_back({std::move(acknowledgement), false});
  }

  void wake(Instant now) {
    awake_since_ = now;
    next_ = now + moving_pace;
  }

  [[nodiscard]] std::chrono::microseconds pace() const {
    if (own_pace_) return *own_pace_;
    return moving_ ? moving_pace : steady_pace;
  }

  Frame measurement(Instant now) {
    const bool is_spinning_up = now - awake_since_ < spin_up_;
    const double share = now - awake_since_ < settles_ ? 0.1 : 1;
    if (!is_spinning_up) {
      const double fine = share * view_.now("pm2_5");
      moving_ = std::abs(fine - last_fine_) > 2;
      last_fine_ = fine;
    }
    return {is_spinning_up ? plantower_zeros() : plantower_frame(view_, share), true};
  }

  View view_;
  milliseconds spin_up_;
  milliseconds settles_;
  std::chrono::microseconds worked_{0};
  Instant on_since_;
  Instant awake_since_;
  Instant next_;
  std::optional<std::chrono::microseconds> own_pace_;
  bool awake_ = true;
  bool active_ = true;
  bool moving_ = false;
  double last_fine_ = 0;
  Bytes received_;
};

}  // namespace

std::unique_ptr<SerialDevice> make_pms5003(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Pms5003>(spec, now);
}

}  // namespace world
