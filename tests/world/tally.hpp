// SPDX-License-Identifier: Apache-2.0
// What one device is made to do wrong, and what it has offered: whole measurements that went to
// somebody who had the line open. A test compares them with what the gateway has kept.
#pragma once

#include "times.hpp"
#include "wire.hpp"

#include <cstdint>

namespace world {

struct Misbehaviour {
  bool silent = false;
  bool garbled = false;
};

struct Tally {
  std::uint64_t offered = 0;
  std::uint64_t unheard = 0;  // nobody had the line open, or it was full
  Utc first{};
  Utc last{};

  void count(Utc now) {
    if (offered++ == 0) first = now;
    last = now;
  }
};

// One byte in the middle changes on its way; the check is left as it was.
inline void garble(Bytes& bytes) {
  if (!bytes.empty()) bytes[bytes.size() / 2] ^= 0x5A;
}

}  // namespace world
