// SPDX-License-Identifier: Apache-2.0
#include "troubles.hpp"

#include "tally.hpp"

#include <algorithm>
#include <deque>

namespace world {

namespace {

class TroubledSerial final : public SerialDevice {
 public:
  TroubledSerial(std::unique_ptr<SerialDevice> device, const std::vector<Trouble>& troubles)
      : device_(std::move(device)), troubles_(troubles) {}

  std::vector<Frame> receive(ByteSpan bytes, Instant now) override {
    settle(now);
    if (is_now(troubles_, "off")) return {};
    return passed(device_->receive(bytes, now), now);
  }
  std::vector<Frame> advance(Instant now) override {
    settle(now);
    std::vector<Frame> frames = passed(device_->advance(now), now);
    if (is_now(troubles_, "off")) delayed_.clear();
    while (!delayed_.empty() && delayed_.front().at <= now) {
      frames.push_back(std::move(delayed_.front().frame));
      delayed_.pop_front();
    }
    return frames;
  }
  [[nodiscard]] std::optional<Instant> due() const override {
    std::optional<Instant> next = device_->due();
    const auto or_at = [&next](std::optional<Instant> other) {
      if (other && (!next || *other < *next)) next = other;
    };
    if (!delayed_.empty()) or_at(delayed_.front().at);
    or_at(cuts_.due());
    return next;
  }
  void power_up(Instant now) override { device_->power_up(now); }
  [[nodiscard]] bool speaks_by_itself() const override { return device_->speaks_by_itself(); }
  void set_rate(double frames_per_second) override { device_->set_rate(frames_per_second); }
  [[nodiscard]] std::chrono::microseconds worked(Instant now) const override {
    return device_->worked(now);
  }

 private:
  struct Delayed {
    Instant at;
    Frame frame;
  };

  void settle(Instant now) {
    cuts_.settle(now, [this](Instant when) { device_->power_up(when); });
  }
  // What gets out onto the line at once.
  std::vector<Frame> passed(std::vector<Frame> frames, Instant now) {
    if (is_now(troubles_, "off") || is_now(troubles_, "silent")) return {};
    if (is_now(troubles_, "garbled")) {
      for (Frame& frame : frames) garble(frame.bytes);
    }
    if (delayed_.empty() && !is_now(troubles_, "late")) return frames;
    for (Frame& frame : frames) {
      delayed_.push_back({lateness_.moment_of_next(now), std::move(frame)});
    }
    return {};
  }

  std::unique_ptr<SerialDevice> device_;
  const std::vector<Trouble> troubles_;
  PowerCuts cuts_{troubles_};
  Lateness lateness_{troubles_};
  std::deque<Delayed> delayed_;
};

class TroubledI2c final : public I2cDevice {
 public:
  TroubledI2c(std::unique_ptr<I2cDevice> device, const std::vector<Trouble>& troubles)
      : device_(std::move(device)), troubles_(troubles) {}

  bool write(ByteSpan bytes, Instant now) override {
    return answers(now) && device_->write(bytes, now);
  }
  std::optional<Frame> read(Instant now) override {
    if (!answers(now)) return std::nullopt;
    auto frame = device_->read(now);
    if (frame && is_now(troubles_, "garbled")) garble(frame->bytes);
    return frame;
  }
  void power_up(Instant now) override { device_->power_up(now); }

 private:
  bool answers(Instant now) {
    cuts_.settle(now, [this](Instant when) { device_->power_up(when); });
    return !is_now(troubles_, "off") && !is_now(troubles_, "silent");
  }

  std::unique_ptr<I2cDevice> device_;
  const std::vector<Trouble> troubles_;
  PowerCuts cuts_{troubles_};
};

}  // namespace

const std::vector<std::string>& trouble_names() {
  static const std::vector<std::string> names{"silent", "garbled", "late",
                                              "off",    "mute",    "temperature_failed"};
  return names;
}

const Trouble* trouble_now(const std::vector<Trouble>& troubles, std::string_view is) {
  const Utc now = utc_now();
  const auto found = std::ranges::find_if(troubles, [&](const Trouble& each) {
    return each.is == is && each.from <= now && now < each.to;
  });
  return found == troubles.end() ? nullptr : &*found;
}

Instant Lateness::moment_of_next(Instant now) {
  double late_s = 0;
  if (const auto* late = trouble_now(troubles_, "late")) {
    random_ = random_ * 1'103'515'245 + 12'345;
    const double share = (random_ >> 16 & 0x7FFF) / 32768.0;
    late_s = late->least_s + share * (late->most_s - late->least_s);
  }
  last_ = std::max(last_, now + std::chrono::microseconds{static_cast<long>(late_s * 1e6)});
  return last_;
}

PowerCuts::PowerCuts(const std::vector<Trouble>& troubles) {
  for (const Trouble& each : troubles) {
    if (each.is == "off") ends_.push_back(each.to);
  }
  std::ranges::sort(ends_);
}

std::optional<Instant> PowerCuts::due() const {
  if (next_ == ends_.size()) return std::nullopt;
  return instant_now() + (ends_[next_] - utc_now());
}

std::unique_ptr<SerialDevice> troubled(std::unique_ptr<SerialDevice> device,
                                       const std::vector<Trouble>& troubles) {
  if (troubles.empty()) return device;
  return std::make_unique<TroubledSerial>(std::move(device), troubles);
}

std::unique_ptr<I2cDevice> troubled(std::unique_ptr<I2cDevice> device,
                                    const std::vector<Trouble>& troubles) {
  if (troubles.empty()) return device;
  return std::make_unique<TroubledI2c>(std::move(device), troubles);
}

}  // namespace world
