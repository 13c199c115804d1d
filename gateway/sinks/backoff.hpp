// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: a random part of a bound that doubles each time ("full
// jitter"), so that many gateways do not come back to one far end at once. Pure; one thread.
#pragma once

#include "gateway/model/clock.hpp"

#include <algorithm>
#include <random>

namespace twinsky {

class Backoff {
 public:
  Backoff(milliseconds first, milliseconds cap, std::uint32_t seed)
      : first_(first), cap_(cap), bound_(first), random_(seed) {}

  milliseconds next() { return part(0); }
  // For what does not pass by itself (wrong password, a stolen client id): at least half the bound.
  milliseconds next_patient() { return part(0.5); }
  void reset() { bound_ = first_; }

 private:
  milliseconds part(double least) {
    const double share = std::uniform_real_distribution(least, 1.0)(random_);
    const auto wait = std::chrono::duration_cast<milliseconds>(bound_ * share);
    bound_ = std::min(2 * bound_, cap_);
    return wait;
  }

  const milliseconds first_;
  const milliseconds cap_;
  milliseconds bound_;
  std::minstd_rand random_;
};

}  // namespace twinsky
