// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

// These fail only when the process has no descriptor or memory left.
Descriptor opened(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return Descriptor(fd);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (is_open()) ::close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(fd_);
}

Timer::Timer()
    : timer_(opened(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")) {
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

StopSignal::StopSignal(const std::stop_token& stop)
    : event_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      raise_(stop, Raise{event_.get()}) {}

void StopSignal::Raise::operator()() const noexcept {
  const std::uint64_t one = 1;
  // Can only fail when the event is raised already.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
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

void pause_for(milliseconds duration, const BusSurroundings& surroundings) {
  Clock& clock = surroundings.clock;
  if (!clock.pause_until(clock.now() + duration, surroundings.stop)) throw Stopped();
}

std::string failure_text(std::string_view what, int error) {
  return std::string(what) + ": " + std::generic_category().message(error);
}

}  // namespace twinsky
