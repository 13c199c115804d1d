// SPDX-License-Identifier: Apache-2.0
// What stands in a Plantower's frame, over UART and I2C alike.
#pragma once

#include "truth.hpp"
#include "wire.hpp"

namespace world {

// 32 bytes; `share` of what is in the air.
Bytes plantower_frame(const View& view, double share);
Bytes plantower_zeros();
// Of bytes 0 up to it, big-endian.
void put_plantower_sum(Bytes& frame);

}  // namespace world
