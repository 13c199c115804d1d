// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/timer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/timerfd.h>
#include <system_error>

namespace twinsky {

Timer::Timer() : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!timer_.is_open()) throw std::system_error(errno, std::generic_category(), "timerfd");
  start(std::chrono::microseconds::zero());
}

void Timer::start(std::chrono::microseconds duration) {
  using namespace std::chrono;
  // Zero would disarm the timer instead of ending it at once.
  const nanoseconds left = std::max<nanoseconds>(duration, 1ns);
  itimerspec when{};
  when.it_value.tv_sec = duration_cast<seconds>(left).count();
  when.it_value.tv_nsec = (left % 1s).count();
  if (::timerfd_settime(timer_.get(), 0, &when, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
}

bool Timer::is_over() const {
  pollfd timer{.fd = timer_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&timer, 1, 0) == 1;
}

bool wait_for(int fd, short events, const Timer& deadline, const StopSignal& stop) {
  std::array<pollfd, 3> waited{{{.fd = stop.fd(), .events = POLLIN, .revents = 0},
                                {.fd = fd, .events = events, .revents = 0},
                                {.fd = deadline.fd(), .events = POLLIN, .revents = 0}}};
  while (::poll(waited.data(), waited.size(), -1) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  }
  if (waited[0].revents != 0) throw Stopped();
  return waited[1].revents != 0;
}

}  // namespace twinsky
