// SPDX-License-Identifier: Apache-2.0
// One way to wait for a descriptor: until something happens there, a deadline is over, or the
// thread is asked to stop. The deadline is measured by the kernel, so no thread asks for the time
// and none wakes without a reason.
#pragma once

#include "drivers/buses/descriptor.hpp"

#include <chrono>

namespace twinsky {

// Runs in real time, whatever the gateway's clock does: devices answer in real time.
class Timer {
 public:
  Timer();  // is over
  void start(std::chrono::microseconds duration);
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] int fd() const noexcept { return timer_.get(); }

 private:
  Descriptor timer_;
};

// True when `fd` has one of `events` or hung up, also when the deadline is over as well; false when
// only the deadline is. Throws Stopped.
bool wait_for(int fd, short events, const Timer& deadline, const StopSignal& stop);

}  // namespace twinsky
