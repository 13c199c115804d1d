// SPDX-License-Identifier: Apache-2.0
#include "renke_registers.hpp"

#include <algorithm>

namespace world {

namespace {

// Lower bounds of forces 1 to 12 in m/s (WMO).
unsigned beaufort(double wind) {
  constexpr std::array bounds{0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7};
  return static_cast<unsigned>(std::ranges::upper_bound(bounds, wind) - bounds.begin());
}

Frame exception(unsigned function, unsigned code) {
  return {{low_byte(function | 0x80), low_byte(code)}, false};
}

}  // namespace

Frame RenkeRegisters::answer(ByteSpan request) {
  const unsigned function = request[0];
  if (function != 0x03) return exception(function, 0x01);
  if (request.size() != 5) return exception(function, 0x03);
  const unsigned start = word_at(request, 1);
  const unsigned count = word_at(request, 3);
  if (count == 0 || count > 125) return exception(function, 0x03);
  if (start < first_register || start + count > first_register + register_count) {
    return exception(function, 0x02);
  }
  Bytes reply{0x03, low_byte(count * 2)};
  const auto registers = measure();
  for (unsigned index = 0; index < count; ++index) {
    put_word(reply, registers.at(start - first_register + index));
  }
  return {std::move(reply), true};
}

void RenkeRegisters::power_up() {
  rain_mm_ = 0;  // the counter of this station is not kept
  rain_until_ = utc_now();
}

std::array<unsigned, RenkeRegisters::register_count> RenkeRegisters::measure() {
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

}  // namespace world
