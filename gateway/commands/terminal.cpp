// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace twinsky {

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .lines = size.ws_row};
}

}  // namespace twinsky
