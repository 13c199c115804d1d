// SPDX-License-Identifier: Apache-2.0
// An I2C device that takes commands of 16 bits with checked words behind them, is busy for the time
// that each takes, and then has an answer to be read once.
#pragma once

#include "device.hpp"

#include <initializer_list>
#include <utility>

namespace world {

class Commanded : public I2cDevice {
 public:
  explicit Commanded(Instant now) : ready_at_(now) {}

  bool write(ByteSpan bytes, Instant now) final {
    advance(now);
    if (now < ready_at_) return false;
    if (bytes.size() < 2) return true;  // half a command is acknowledged and none
    std::vector<unsigned> words;
    for (auto rest = bytes.subspan(2); !rest.empty(); rest = rest.subspan(3)) {
      if (rest.size() < 3 || sensirion_check(rest.first(2)) != rest[2]) return false;
      words.push_back(word_at(rest, 0));
    }
    answer_.reset();
    return obey(word_at(bytes, 0), words, now);
  }

  std::optional<Frame> read(Instant now) final {
    advance(now);
    if (now < ready_at_) return std::nullopt;
    return std::exchange(answer_, std::nullopt);
  }

  void power_up(Instant now) final {
    answer_.reset();
    ready_at_ = now;
    forget();
  }

 protected:
  // False: it knows no such command now.
  virtual bool obey(unsigned command, const std::vector<unsigned>& words, Instant now) = 0;
  // What is lost with its power.
  virtual void forget() {}
  virtual void advance(Instant) {}

  bool busy(Instant now, int milliseconds) {
    ready_at_ = now + std::chrono::milliseconds{milliseconds};
    return true;
  }
  bool answer(Instant now, int milliseconds, const std::vector<unsigned>& words,
              bool is_measurement = false) {
    Frame frame{{}, is_measurement};
    for (const unsigned word : words) put_checked_word(frame.bytes, word);
    answer_ = std::move(frame);
    return busy(now, milliseconds);
  }

 private:
  Instant ready_at_;
  std::optional<Frame> answer_;
};

// One that measures by itself, at a pace, from a command on; each measurement is there until it is
// read.
class Measuring : public Commanded {
 public:
  Measuring(Instant now, std::chrono::milliseconds pace) : Commanded(now), pace_(pace) {}

 protected:
  bool start(Instant now) {
    started_ = now;
    next_ = now + pace_;
    is_new_ = false;
    return true;
  }
  void stop() { started_.reset(); }
  [[nodiscard]] bool is_measuring() const { return started_.has_value(); }
  [[nodiscard]] bool has_new() const { return is_new_; }
  // It is read now; false: there was none.
  bool take() { return std::exchange(is_new_, false); }
  // How long it has been measuring.
  [[nodiscard]] bool has_measured_for(Instant now, std::chrono::seconds time) const {
    return started_ && now - *started_ >= time;
  }

  void advance(Instant now) final {
    while (started_ && next_ <= now) {
      next_ += pace_;
      is_new_ = true;
    }
  }
  void forget() override {
    started_.reset();
    is_new_ = false;
  }

 private:
  std::chrono::milliseconds pace_;
  std::optional<Instant> started_;
  Instant next_{};
  bool is_new_ = false;
};

}  // namespace world
