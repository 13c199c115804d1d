// SPDX-License-Identifier: Apache-2.0
// At which speed somebody has set a line, as a master of a pty sees it.
#pragma once

namespace world {

// Bits per second; 0: nobody knows.
int line_speed(int descriptor);

}  // namespace world
