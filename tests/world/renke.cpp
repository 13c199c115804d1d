// SPDX-License-Identifier: Apache-2.0
// Renke RS-FSXCS-N01 weather station as a Modbus RTU slave. It answers only its own unit and only a
// request whose CRC is right, after its time to think.
#include "renke_registers.hpp"
#include "serial_devices.hpp"

namespace world {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds silence{10};  // 3.5 characters at 4800 baud are 8 ms
constexpr milliseconds thinking_time{15};

class Renke : public SerialDevice {
 public:
  explicit Renke(const DeviceSpec& spec)
      : registers_(spec.view), unit_(static_cast<unsigned>(spec.address)) {}

  std::vector<Frame> receive(ByteSpan bytes, Instant now) override {
    request_.insert(request_.end(), bytes.begin(), bytes.end());
    frame_ends_ = now + silence;
    return {};
  }

  std::vector<Frame> advance(Instant now) override {
    std::vector<Frame> frames;
    if (frame_ends_ && *frame_ends_ <= now) {
      frame_ends_.reset();
      answer_ = answer_to(request_);
      answer_at_ = now + thinking_time;
      request_.clear();
    }
    if (answer_ && answer_at_ <= now) {
      frames.push_back(std::move(*answer_));
      answer_.reset();
    }
    return frames;
  }

  [[nodiscard]] std::optional<Instant> due() const override {
    if (frame_ends_) return frame_ends_;
    if (answer_) return answer_at_;
    return std::nullopt;
  }

  void power_up(Instant) override {
    request_.clear();
    frame_ends_.reset();
    answer_.reset();
    registers_.power_up();
  }

  [[nodiscard]] bool speaks_by_itself() const override { return false; }

  void set_rate(double) override {}

 private:
  std::optional<Frame> answer_to(const Bytes& request) {
    if (request.size() < 4 || request[0] != unit_) return std::nullopt;
    const auto body = ByteSpan{request}.first(request.size() - 2);
    const unsigned check = request[request.size() - 2] | static_cast<unsigned>(request.back()) << 8;
    if (check != modbus_check(body)) return std::nullopt;
    Frame frame = registers_.answer(body.subspan(1));
    frame.bytes.insert(frame.bytes.begin(), low_byte(unit_));
    const unsigned own_check = modbus_check(frame.bytes);
    frame.bytes.push_back(low_byte(own_check));
    frame.bytes.push_back(high_byte(own_check));
    return frame;
  }

  RenkeRegisters registers_;
  unsigned unit_;
  Bytes request_;
  std::optional<Instant> frame_ends_;
  std::optional<Frame> answer_;
  Instant answer_at_{};
};

}  // namespace

std::unique_ptr<SerialDevice> make_renke(const DeviceSpec& spec, Instant) {
  return std::make_unique<Renke>(spec);
}

}  // namespace world
