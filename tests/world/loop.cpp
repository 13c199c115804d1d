// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include "scenario.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace world {

Descriptor::~Descriptor() {
  if (is_open()) ::close(descriptor_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (is_open()) ::close(descriptor_);
  descriptor_ = other.release();
  return *this;
}

int Descriptor::release() noexcept {
  return std::exchange(descriptor_, -1);
}

void throw_system_error(const std::string& what) {
  throw ScenarioError(what + ": " + std::generic_category().message(errno));
}

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) throw_system_error("epoll");
}

void Loop::watch(int descriptor, std::uint32_t events, Handler handler) {
  epoll_event event{.events = events, .data = {.fd = descriptor}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw_system_error("epoll");
  handlers_[descriptor] = std::make_shared<Handler>(std::move(handler));
}

void Loop::forget(int descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  handlers_.erase(descriptor);
}

void Loop::schedule(std::function<std::optional<Instant>()> due,
                    std::function<void(Instant)> work) {
  workers_.push_back({std::move(due), std::move(work)});
}

std::optional<Instant> Loop::due() const {
  std::optional<Instant> next;
  for (const auto& worker : workers_) {
    const auto due = worker.due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

int Loop::wait_ms() const {
  const auto next = due();
  if (!next) return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*next - instant_now()).count();
  return rest <= 0 ? 0 : static_cast<int>(std::min<long>(rest, 3'600'000));
}

void Loop::run() {
  while (!stopped_) turn(wait_ms());
}

void Loop::turn(int most_ms) {
  std::array<epoll_event, 32> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), most_ms);
  if (count < 0 && errno != EINTR) throw_system_error("epoll");
  for (int index = 0; index < count && !stopped_; ++index) {
    const auto& event = events.at(static_cast<std::size_t>(index));
    const auto found = handlers_.find(event.data.fd);
    if (found == handlers_.end()) continue;
    const auto handler = found->second;  // it may forget itself
    (*handler)(event.events);
  }
  for (const auto& worker : workers_) {
    const Instant now = instant_now();
    const auto due = worker.due();
    if (due && *due <= now) worker.work(now);
  }
}

}  // namespace world
