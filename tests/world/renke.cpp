// SPDX-License-Identifier: Apache-2.0
// Renke RS-FSXCS-N01 weather station: Modbus RTU slave, function 3, registers 500..513 (0-based):
//   500 wind x0.01 m/s  501 Beaufort  502 octant  503 degrees  504 humidity x0.1  505 temperature
//   x0.1 506 noise x0.1 dB  507 PM2.5  508 PM10  509 pressure hPa  510-511 lux  512 lux/100  513
//   rain x0.1
// It answers only its own unit and only a request whose CRC is right, after its time to think.
#include "serial_devices.hpp"

#include <algorithm>
#include <array>

namespace world {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr unsigned first_register = 500;
constexpr unsigned register_count = 14;
constexpr milliseconds silence{10};  // 3.5 characters at 4800 baud are 8 ms
constexpr milliseconds thinking_time{15};

class Renke : public SerialDevice {
 public:
  explicit Renke(const DeviceSpec& spec)
      : view_(spec.view), unit_(static_cast<unsigned>(spec.address)), rain_until_(utc_now()) {}

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
    rain_mm_ = 0;  // the counter of this station is not kept
    rain_until_ = utc_now();
  }

  [[nodiscard]] bool speaks_by_itself() const override { return false; }

  void set_rate(double) override {}

 private:
  std::optional<Frame> answer_to(const Bytes& request) {
    if (request.size() < 4 || request[0] != unit_) return std::nullopt;
    const auto body = ByteSpan{request}.first(request.size() - 2);
    const unsigned check = request[request.size() - 2] | static_cast<unsigned>(request.back()) << 8;
    if (check != modbus_check(body)) return std::nullopt;
    if (request[1] != 0x03) return exception(request[1], 0x01);
    if (request.size() != 8) return exception(request[1], 0x03);
    const unsigned start = word_at(request, 2);
    const unsigned count = word_at(request, 4);
    if (count == 0 || count > 125) return exception(request[1], 0x03);
    if (start < first_register || start + count > first_register + register_count) {
      return exception(request[1], 0x02);
    }
    Bytes frame{low_byte(unit_), 0x03, low_byte(count * 2)};
    const auto registers = measure();
    for (unsigned index = 0; index < count; ++index) {
      put_word(frame, registers.at(start - first_register + index));
    }
    return finished(std::move(frame), true);
  }

  Frame exception(unsigned function, unsigned code) const {
    return finished({low_byte(unit_), low_byte(function | 0x80), low_byte(code)}, false);
  }

  static Frame finished(Bytes frame, bool is_measurement) {
    const unsigned check = modbus_check(frame);
    frame.push_back(low_byte(check));
    frame.push_back(high_byte(check));
    return {std::move(frame), is_measurement};
  }

  std::array<unsigned, register_count> measure() {
    const Utc now = utc_now();
    const double hours = static_cast<double>((now - rain_until_).count()) / 3'600'000.0;
    if (hours > 0) rain_mm_ += std::max(0.0, view_.mean("rain_rate", rain_until_, now)) * hours;
    rain_until_ = now;

    const double wind = view_.at("wind_speed", now);
    const double degrees = view_.at("wind_dir", now);
    const auto tenths = std::lround(view_.at("temperature", now) * 10);
    const auto lux = static_cast<unsigned long>(std::max(0.0, view_.at("illuminance", now)));
    return {rounded_word(wind * 100),
            beaufort(wind),
            rounded_word(degrees / 45) % 8,
            rounded_word(degrees) % 360,
            rounded_word(view_.at("humidity", now) * 10, 1000),
            static_cast<unsigned>(tenths) & 0xFFFF,
            rounded_word(view_.at("noise", now) * 10),
            rounded_word(view_.at("pm2_5", now)),
            rounded_word(view_.at("pm10", now)),
            rounded_word(view_.at("pressure", now)),
            static_cast<unsigned>(lux >> 16 & 0xFFFF),
            static_cast<unsigned>(lux & 0xFFFF),
            static_cast<unsigned>(lux / 100 & 0xFFFF),
            static_cast<unsigned>(std::lround(rain_mm_ * 10)) & 0xFFFF};
  }

  // Lower bounds of forces 1 to 12 in m/s (WMO).
  static unsigned beaufort(double wind) {
    constexpr std::array bounds{0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7};
    return static_cast<unsigned>(std::ranges::upper_bound(bounds, wind) - bounds.begin());
  }

  View view_;
  unsigned unit_;
  double rain_mm_ = 0;
  Utc rain_until_;
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
