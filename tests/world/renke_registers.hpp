// SPDX-License-Identifier: Apache-2.0
// The registers of a Renke RS-FSXCS-N01 weather station, whichever way they are asked for. Function
// 3, registers 500..513 (0-based):
//   500 wind x0.01 m/s  501 Beaufort  502 octant  503 degrees  504 humidity x0.1  505 temperature
//   x0.1 506 noise x0.1 dB  507 PM2.5  508 PM10  509 pressure hPa  510-511 lux  512 lux/100  513
//   rain x0.1
#pragma once

#include "device.hpp"

#include <array>

namespace world {

class RenkeRegisters {
 public:
  explicit RenkeRegisters(View view) : view_(std::move(view)), rain_until_(utc_now()) {}

  // The reply to a request, both without what the transport adds.
  Frame answer(ByteSpan request);
  void power_up();

 private:
  static constexpr unsigned first_register = 500;
  static constexpr unsigned register_count = 14;
  std::array<unsigned, register_count> measure();

  View view_;
  double rain_mm_ = 0;
  Utc rain_until_;
};

}  // namespace world
