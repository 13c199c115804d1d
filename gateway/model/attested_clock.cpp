// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/attested_clock.hpp"

#include <sys/timex.h>
#include <unistd.h>

namespace twinsky {
namespace {

// Made by twinsky-clock.service once NTP (or PTP) has set the clock in this boot: our own unit may
// not ask the kernel.
constexpr const char* clock_is_set_file = "/run/twinsky-clock/set";
constexpr std::chrono::hours memory_is_believed_for{24};

}  // namespace

bool is_network_time() {
  timex state{};
  if (::adjtimex(&state) >= 0) return (state.status & STA_UNSYNC) == 0;
  return ::access(clock_is_set_file, F_OK) == 0;
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
