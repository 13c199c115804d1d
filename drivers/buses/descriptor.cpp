// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/descriptor.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
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

StopSignal::StopSignal(const std::stop_token& stop)
    : event_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      raise_(stop, Raise{event_.get()}) {}

void StopSignal::Raise::operator()() const noexcept {
  const std::uint64_t one = 1;
  // Can only fail when the event is raised already.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

void pause_for(milliseconds duration, const BusSurroundings& surroundings) {
  Clock& clock = surroundings.clock;
  if (!clock.pause_until(clock.now() + duration, surroundings.stop)) throw Stopped();
}

std::string failure_text(std::string_view what, int error) {
  return std::string(what) + ": " + std::generic_category().message(error);
}

}  // namespace twinsky
