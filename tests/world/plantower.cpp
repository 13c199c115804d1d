// SPDX-License-Identifier: Apache-2.0
#include "plantower.hpp"

#include <algorithm>
#include <array>

namespace world {

namespace {

// The maker's two calibrations agree in clean air; above, "CF=1" rises half as fast again.
double factory_value(double atmospheric) {
  return atmospheric <= 30 ? atmospheric : 30 + (atmospheric - 30) * 1.5;
}

const Bytes head{0x42, 0x4D, 0x00, 0x1C};

}  // namespace

void put_plantower_sum(Bytes& frame) {
  unsigned sum = 0;
  for (const auto byte : frame) sum += byte;
  put_word(frame, sum);
}

Bytes plantower_zeros() {
  Bytes frame = head;
  for (int word = 0; word < 13; ++word) put_word(frame, 0);
  put_plantower_sum(frame);
  return frame;
}

Bytes plantower_frame(const View& view, double share) {
  Bytes frame = head;
  const std::array air{share * view.now("pm1"), share * view.now("pm2_5"),
                       share * view.now("pm10")};
  for (const double value : air) put_word(frame, rounded_word(factory_value(value)));
  for (const double value : air) put_word(frame, rounded_word(value));
  // Counts that such masses could come from, each class contained in the one before.
  const double coarse = std::max(0.0, air[2] - air[1]);
  const double above_2_5 = 0.2 * air[1] + 1.5 * coarse;
  const double above_1 = above_2_5 + 3.0 * air[1];
  const double above_0_5 = above_1 + 9.0 * air[1];
  for (const double count :
       {above_0_5 * 3.3, above_0_5, above_1, above_2_5, 0.4 * coarse, 0.1 * coarse}) {
    put_word(frame, rounded_word(count));
  }
  put_word(frame, 0x9700);
  put_plantower_sum(frame);
  return frame;
}

}  // namespace world
