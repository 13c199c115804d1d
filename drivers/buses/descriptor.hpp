// SPDX-License-Identifier: Apache-2.0
// File descriptors that are owned, and one way to wait for them: until something happens there, a
// deadline is over, or the thread is asked to stop. The deadline is measured by the kernel, so no
// thread asks for the time and none wakes without a reason.
#pragma once

#include "drivers/registry.hpp"

#include <chrono>
#include <stop_token>
#include <utility>

namespace twinsky {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

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

// A stop request as something that can be waited for.
class StopSignal {
 public:
  explicit StopSignal(const std::stop_token& stop);
  [[nodiscard]] int fd() const noexcept { return event_.get(); }

 private:
  struct Raise {
    int fd;
    void operator()() const noexcept;
  };
  Descriptor event_;
  std::stop_callback<Raise> raise_;
};

// True when `fd` has one of `events` or hung up, also when the deadline is over as well; false when
// only the deadline is. Throws Stopped.
bool wait_for(int fd, short events, const Timer& deadline, const StopSignal& stop);

// Link::pause: lets the gateway's time pass. Throws Stopped.
void pause_for(milliseconds duration, const BusSurroundings& surroundings);

// "/dev/ttyUSB0: No such device" for messages.
std::string failure_text(std::string_view what, int error);

}  // namespace twinsky
