// SPDX-License-Identifier: Apache-2.0
#include "strangers.hpp"

#include <array>
#include <random>

namespace world {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Both have a pointer that the first byte of a write moves; what follows it is written.
class Registers : public I2cDevice {
 public:
  explicit Registers(std::uint8_t seed) {
    for (std::size_t at = 0; at < bytes_.size(); ++at) {
      bytes_.at(at) = static_cast<std::uint8_t>(at * 7 + seed);
    }
  }

  bool write(ByteSpan bytes, Instant) override {
    if (bytes.empty()) return true;
    pointer_ = bytes[0];
    for (const std::uint8_t byte : bytes.subspan(1)) bytes_.at(pointer_++) = byte;
    return true;
  }
  std::optional<Frame> read(Instant) override {
    return Frame{{bytes_.begin() + pointer_, bytes_.end()}, false};
  }
  void power_up(Instant) override { pointer_ = 0; }

 private:
  std::array<std::uint8_t, 256> bytes_{};
  std::uint8_t pointer_ = 0;
};

// Who says something of their own at a pace, and hears nothing.
class Talker : public SerialDevice {
 public:
  Talker(Instant now, microseconds pace) : next_(now), pace_(pace) {}
  std::vector<Frame> receive(ByteSpan, Instant) override { return {}; }
  std::vector<Frame> advance(Instant now) override {
    std::vector<Frame> frames;
    for (; next_ <= now; next_ += pace_) frames.push_back({say(), false});
    return frames;
  }
  [[nodiscard]] std::optional<Instant> due() const override { return next_; }
  void power_up(Instant now) override { next_ = now; }
  [[nodiscard]] bool speaks_by_itself() const override { return true; }
  void set_rate(double) override {}

 private:
  virtual Bytes say() = 0;

  Instant next_;
  microseconds pace_;
};

class Gps : public Talker {
 public:
  explicit Gps(Instant now) : Talker(now, seconds{1}) {}

 private:
  Bytes say() override {
    const std::string body = "GPGGA,030405.00,2219.3560,N,11410.0980,E,1,08,0.9,31.0,M,0.0,M,,";
    unsigned check = 0;
    for (const char c : body) check ^= static_cast<unsigned char>(c);
    constexpr const char* digits = "0123456789ABCDEF";
    const std::string line = "$" + body + "*" + digits[check >> 4] + digits[check & 15] + "\r\n";
    return {line.begin(), line.end()};
  }
};

class Noise : public Talker {
 public:
  Noise(Instant now, unsigned seed) : Talker(now, milliseconds{50}), random_(seed) {}

 private:
  Bytes say() override {
    Bytes bytes(1 + random_() % 20);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }
  std::minstd_rand random_;
};

class Nobody : public SerialDevice {
 public:
  std::vector<Frame> receive(ByteSpan, Instant) override { return {}; }
  std::vector<Frame> advance(Instant) override { return {}; }
  [[nodiscard]] std::optional<Instant> due() const override { return std::nullopt; }
  void power_up(Instant) override {}
  [[nodiscard]] bool speaks_by_itself() const override { return false; }
  void set_rate(double) override {}
};

class Meter : public SerialDevice {
 public:
  explicit Meter(unsigned unit) : unit_(unit) {}

  std::vector<Frame> receive(ByteSpan bytes, Instant) override {
    request_.insert(request_.end(), bytes.begin(), bytes.end());
    std::vector<Frame> answers;
    while (request_.size() >= request_size) {
      const ByteSpan frame = ByteSpan{request_}.first(request_size);
      const unsigned check = frame[6] | static_cast<unsigned>(frame[7]) << 8;
      if (modbus_check(frame.first(6)) != check) {
        request_.erase(request_.begin());
        continue;
      }
      if (frame[0] == unit_) answers.push_back({answer_to(frame), false});
      request_.erase(request_.begin(), request_.begin() + request_size);
    }
    return answers;
  }
  std::vector<Frame> advance(Instant) override { return {}; }
  [[nodiscard]] std::optional<Instant> due() const override { return std::nullopt; }
  void power_up(Instant) override { request_.clear(); }
  [[nodiscard]] bool speaks_by_itself() const override { return false; }
  void set_rate(double) override {}

 private:
  static constexpr std::size_t request_size = 8;

  [[nodiscard]] Bytes answer_to(ByteSpan request) const {
    const unsigned end = word_at(request, 2) + word_at(request, 4);
    Bytes answer{low_byte(unit_), request[1]};
    if (request[1] != 3 || end > 100) {
      answer[1] |= 0x80;
      answer.push_back(request[1] == 3 ? 2 : 1);
    } else {
      const unsigned count = word_at(request, 4);
      answer.push_back(low_byte(2 * count));
      for (unsigned at = 0; at < count; ++at) put_word(answer, 230);
    }
    const unsigned check = modbus_check(answer);
    answer.push_back(low_byte(check));
    answer.push_back(high_byte(check));
    return answer;
  }

  unsigned unit_;
  Bytes request_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_eeprom(const DeviceSpec&, Instant) {
  return std::make_unique<Registers>(std::uint8_t{0xA5});
}
std::unique_ptr<I2cDevice> make_registers(const DeviceSpec& spec, Instant) {
  return std::make_unique<Registers>(static_cast<std::uint8_t>(spec.address));
}
std::unique_ptr<SerialDevice> make_gps(const DeviceSpec&, Instant now) {
  return std::make_unique<Gps>(now);
}
std::unique_ptr<SerialDevice> make_noise(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Noise>(now, static_cast<unsigned>(spec.address) + 1);
}
std::unique_ptr<SerialDevice> make_nobody(const DeviceSpec&, Instant) {
  return std::make_unique<Nobody>();
}
std::unique_ptr<SerialDevice> make_meter(const DeviceSpec& spec, Instant) {
  return std::make_unique<Meter>(static_cast<unsigned>(spec.address));
}

}  // namespace world
