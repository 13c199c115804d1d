// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/counterpart.hpp"

#include <asm/ioctls.h>
#include <asm/termbits.h>  // cannot be mixed with <termios.h>, which libmodbus includes
#include <sys/ioctl.h>

namespace twinsky::testing {

LineSettings line_at(int device) {
  termios2 line{};
  ::ioctl(device, TCGETS2, &line);
  // A pseudo-terminal keeps neither parity nor data bits.
  return {.baud = static_cast<int>(line.c_ospeed),
          .stop_bits = (line.c_cflag & CSTOPB) == 0 ? 1 : 2};
}

}  // namespace twinsky::testing
