// SPDX-License-Identifier: Apache-2.0
// Apart from <termios.h>, with which the kernel's own header does not go.
#include "line_speed.hpp"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>

namespace world {

int line_speed(int descriptor) {
  termios2 settings{};
  if (::ioctl(descriptor, TCGETS2, &settings) != 0) return 0;
  return static_cast<int>(settings.c_ospeed);
}

}  // namespace world
