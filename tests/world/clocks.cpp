// SPDX-License-Identifier: Apache-2.0
// Clocks are read here and nowhere else in the world. A rehearsal puts its own in their place.
#include "times.hpp"

#include <ctime>

namespace world {

namespace {

std::timespec read_clock(clockid_t which) {
  std::timespec now{};
  ::clock_gettime(which, &now);
  return now;
}

}  // namespace

Utc utc_now() {
  const auto now = read_clock(CLOCK_REALTIME);
  return Utc{std::chrono::milliseconds{now.tv_sec * 1000 + now.tv_nsec / 1'000'000}};
}

Instant instant_now() {
  const auto now = read_clock(CLOCK_MONOTONIC);
  return Instant{std::chrono::microseconds{now.tv_sec * 1'000'000 + now.tv_nsec / 1000}};
}

}  // namespace world
