// SPDX-License-Identifier: Apache-2.0
// What a laser counter's zeros are. While its fan spins up it counts nothing; of a device that is
// warm, or has measured something since it was started, they are clean air. But no air is clean
// from one frame to the next: a device that leaps to zero lost its supply for a moment.
#pragma once

#include "drivers/driver.hpp"

namespace twinsky {

class CleanAir {
 public:
  void know_warm(bool is_warm) { is_warm_ = is_warm; }
  // The next frame's zeros are clean air.
  [[nodiscard]] bool is_believed() const { return is_warm_ && newest_ < leap; }
  // What came of a frame, decoded as is_believed() said.
  void note(const Result<Sample>& sample);

 private:
  static constexpr double leap = 5;  // ug/m3 of PM10: several times a laser counter's noise
  bool is_warm_ = false;
  double newest_ = 0;  // PM10
};

}  // namespace twinsky
