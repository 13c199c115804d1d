// SPDX-License-Identifier: Apache-2.0
// File descriptors that are owned, and the request to stop as one of them.
#pragma once

#include "drivers/registry.hpp"

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

// Link::pause: lets the gateway's time pass. Throws Stopped.
void pause_for(milliseconds duration, const BusSurroundings& surroundings);

// "/dev/ttyUSB0: No such device" for messages.
std::string failure_text(std::string_view what, int error);

}  // namespace twinsky
