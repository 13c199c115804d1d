// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/attested_clock.hpp"

#include <sys/timex.h>

namespace twinsky {
namespace {

constexpr std::chrono::hours memory_is_believed_for{24};

}  // namespace

bool is_network_time() {
  timex state{};
  return ::adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

bool AttestedClock::is_set() const {
  if (!clock_.is_set()) return false;
  if (utc().time_since_epoch().count() >= was_) return true;
  return now().time_since_epoch().count() >= believed_until_ || is_network_time_();
}

void AttestedClock::remember(UtcTime time) {
  believed_until_ = (now() + memory_is_believed_for).time_since_epoch().count();
  was_ = time.time_since_epoch().count();
}

}  // namespace twinsky
