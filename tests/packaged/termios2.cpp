// SPDX-License-Identifier: Apache-2.0
// For arm64's tests in tests/package: QEMU's emulation of a program does not know the calls that
// set any speed of a serial line (TCGETS2, TCSETS2). Preloaded, this makes them the older ones,
// which know some speeds.
#include <algorithm>
#include <array>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <cerrno>
#include <cstdarg>
#include <dlfcn.h>
#include <utility>

namespace {

constexpr auto speeds = std::to_array<std::pair<speed_t, tcflag_t>>({{1200, B1200},
                                                                     {2400, B2400},
                                                                     {4800, B4800},
                                                                     {9600, B9600},
                                                                     {19200, B19200},
                                                                     {38400, B38400},
                                                                     {57600, B57600},
                                                                     {115200, B115200}});

template <class To, class From>
void copy(To& to, const From& from) {
  to.c_iflag = from.c_iflag;
  to.c_oflag = from.c_oflag;
  to.c_cflag = from.c_cflag;
  to.c_lflag = from.c_lflag;
  to.c_line = from.c_line;
  std::ranges::copy(from.c_cc, to.c_cc);
}

}  // namespace

extern "C" int ioctl(int file, unsigned long request, ...) {
  static const auto system =
      reinterpret_cast<int (*)(int, unsigned long, void*)>(::dlsym(RTLD_NEXT, "ioctl"));
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  termios older{};
  auto* const settings = static_cast<termios2*>(argument);
  if (request == TCGETS2) {
    if (system(file, TCGETS, &older) != 0) return -1;
    copy(*settings, older);
    const auto speed =
        std::ranges::find(speeds, older.c_cflag & CBAUD, &std::pair<speed_t, tcflag_t>::second);
    settings->c_ispeed = settings->c_ospeed = speed == speeds.end() ? 0 : speed->first;
    return 0;
  }
  if (request == TCSETS2 || request == TCSETSW2 || request == TCSETSF2) {
    copy(older, *settings);
    if ((settings->c_cflag & CBAUD) == BOTHER) {
      const auto speed =
          std::ranges::find(speeds, settings->c_ospeed, &std::pair<speed_t, tcflag_t>::first);
      if (speed == speeds.end()) {
        errno = EINVAL;
        return -1;
      }
      older.c_cflag = (settings->c_cflag & ~static_cast<tcflag_t>(CBAUD)) | speed->second;
    }
    return system(file, TCSETS + (request - TCSETS2), &older);
  }
  return system(file, request, argument);
}
