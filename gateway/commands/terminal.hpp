// SPDX-License-Identifier: Apache-2.0
// How much text fits where standard output goes.
#pragma once

#include <cstddef>

namespace twinsky {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t lines = 24;
};

// As it is by default where it is no terminal, or one that does not say.
TerminalSize terminal_size();

}  // namespace twinsky
