// SPDX-License-Identifier: Apache-2.0
// How good a reading is: the flags of QARTOD (IOOS, Manual for Real-Time Quality Control).
#pragma once

#include <cstdint>

namespace twinsky {

enum class Flag : std::uint8_t { pass = 1, not_evaluated = 2, suspect = 3, fail = 4, missing = 9 };

// The worse of two, in the order 4, 3, 9, 2, 1.
constexpr Flag worst(Flag a, Flag b) noexcept {
  constexpr auto rank = [](Flag flag) {
    switch (flag) {
      case Flag::fail:
        return 4;
      case Flag::suspect:
        return 3;
      case Flag::missing:
        return 2;
      case Flag::not_evaluated:
        return 1;
      case Flag::pass:
        break;
    }
    return 0;
  };
  return rank(a) >= rank(b) ? a : b;
}

}  // namespace twinsky
