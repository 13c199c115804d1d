// SPDX-License-Identifier: Apache-2.0
// The system's clock with a memory: UTC that is earlier than it was before the restart is not
// right, whatever the battery or the configuration says, unless the network attests to it. A memory
// can be wrong too (the clock was ahead when it was made), so it is believed for a day only.
#pragma once

#include "gateway/model/clock.hpp"

#include <atomic>

namespace twinsky {

// The kernel says that NTP (or PTP) disciplines the clock.
bool is_network_time();

class AttestedClock final : public Clock {
 public:
  explicit AttestedClock(Clock& clock, bool (*is_network_time)() = twinsky::is_network_time)
      : clock_(clock), is_network_time_(is_network_time) {}

  [[nodiscard]] UtcTime utc() const override { return clock_.utc(); }
  [[nodiscard]] MonotonicTime now() const override { return clock_.now(); }
  [[nodiscard]] bool is_set() const override;
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    clock_.wait(lock, changed, deadline);
  }

  // UTC was as late as this already.
  void remember(UtcTime time);

 private:
  Clock& clock_;
  bool (*const is_network_time_)();
  std::atomic<milliseconds::rep> was_ = UtcTime::min().time_since_epoch().count();
  std::atomic<MonotonicTime::rep> believed_until_ = 0;
};

}  // namespace twinsky
