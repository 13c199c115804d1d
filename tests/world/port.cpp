// SPDX-License-Identifier: Apache-2.0
// As on a real line, what nobody listens to is lost, and so is what does not fit into the reader's
// buffer any more.
#include "port.hpp"

#include "line_speed.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

namespace world {

namespace {
constexpr std::size_t fifo_size = 8;  // bytes that a UART hands over at once
}

Port::Port(Loop& loop, std::string link, const PortSpec& spec)
    : loop_(loop), link_(std::move(link)), spec_(spec) {
  plug();
}

Port::~Port() {
  unplug();
}

void Port::add(const std::string& name, std::unique_ptr<SerialDevice> device) {
  devices_.emplace(name, Attached{std::move(device), {}, {}});
}

void Port::plug() {
  if (is_plugged()) return;
  Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!master.is_open() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    throw_system_error("a pseudo terminal for " + link_);
  }
  std::array<char, 128> path{};
  if (::ptsname_r(master.get(), path.data(), path.size()) != 0) throw_system_error("ptsname");
  {
    // Raw, so that nothing is echoed. Opened and closed once, a pty says whether it is open.
    const Descriptor slave(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    if (!slave.is_open() || ::tcgetattr(slave.get(), &settings) != 0)
      throw_system_error(path.data());
    ::cfmakeraw(&settings);
    ::tcsetattr(slave.get(), TCSANOW, &settings);
  }
  ::unlink(link_.c_str());
  if (::symlink(path.data(), link_.c_str()) != 0) throw_system_error(link_);
  loop_.watch(master.get(), EPOLLIN | EPOLLET, [this](std::uint32_t) { hear(); });
  master_ = std::move(master);
  for (auto& [name, attached] : devices_) attached.device->power_up(instant_now());
}

void Port::unplug() {
  if (!is_plugged()) return;
  loop_.forget(master_.get());
  ::unlink(link_.c_str());
  master_ = Descriptor{};
  outgoing_.clear();
}

std::optional<double> Port::most_frames_per_second(std::size_t frame_size) const {
  if (!spec_.paced) return std::nullopt;
  return spec_.baud / (10.0 * static_cast<double>(frame_size));
}

std::optional<Instant> Port::due() const {
  if (!is_plugged()) return std::nullopt;
  std::optional<Instant> next;
  if (!outgoing_.empty()) next = next_byte_at_;
  for (const auto& [name, attached] : devices_) {
    const auto due = attached.device->due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Port::work(Instant now) {
  for (auto& [name, attached] : devices_) say(attached, attached.device->advance(now), now);
  send_due(now);
}

void Port::hear() {
  std::array<std::uint8_t, 512> buffer{};
  const Instant now = instant_now();
  while (is_plugged()) {
    const auto count = ::read(master_.get(), buffer.data(), buffer.size());
    if (count <= 0) return;
    const auto end = buffer.begin() + count;
    if (has_journal_) journal_.insert(journal_.end(), buffer.begin(), end);
    if (!is_understood()) std::fill(buffer.begin(), end, std::uint8_t{0xF8});
    const ByteSpan bytes{buffer.data(), static_cast<std::size_t>(count)};
    if (spec_.echo) put({Bytes(bytes.begin(), bytes.end()), false}, nullptr, now);
    for (auto& [name, attached] : devices_) {
      say(attached, attached.device->receive(bytes, now), now);
    }
    send_due(now);
  }
}

void Port::say(Attached& from, std::vector<Frame> frames, Instant now) {
  if (from.misbehaviour.silent) return;
  for (auto& frame : frames) {
    if (!somebody_listens()) {
      if (frame.measurement) ++from.tally.unheard;
      continue;
    }
    if (from.misbehaviour.garbled) garble(frame.bytes);
    if (!is_understood()) std::ranges::fill(frame.bytes, std::uint8_t{0xF8});
    put(std::move(frame), &from.tally, now);
  }
}

// The first bytes of a frame are there when the line has had the time to carry them.
void Port::put(Frame frame, Tally* tally, Instant now) {
  if (outgoing_.empty()) {
    next_byte_at_ = std::max(next_byte_at_, now) + time_of(std::min(fifo_size, frame.bytes.size()));
  }
  outgoing_.push_back({std::move(frame), tally});
}

void Port::send_due(Instant now) {
  while (!outgoing_.empty() && (!spec_.paced || next_byte_at_ <= now)) {
    auto& [frame, tally, sent] = outgoing_.front();
    const std::size_t rest = frame.bytes.size() - sent;
    const std::size_t chunk = spec_.paced ? std::min(fifo_size, rest) : rest;
    const auto written = ::write(master_.get(), frame.bytes.data() + sent, chunk);
    sent += chunk;
    const bool lost = written != static_cast<ssize_t>(chunk);
    if (lost && tally != nullptr && frame.measurement) ++tally->unheard;
    const bool complete = sent == frame.bytes.size();
    if (complete && !lost && tally != nullptr && frame.measurement) tally->count(utc_now());
    if (complete || lost) outgoing_.pop_front();
    if (outgoing_.empty()) return;
    const auto& next = outgoing_.front();
    next_byte_at_ += time_of(std::min(fifo_size, next.frame.bytes.size() - next.sent));
  }
}

std::chrono::microseconds Port::time_of(std::size_t bytes) const {
  return std::chrono::microseconds{static_cast<long>(bytes) * 10'000'000L / spec_.baud};
}

bool Port::is_understood() const {
  return !spec_.strict || line_speed(master_.get()) == spec_.baud;
}

bool Port::somebody_listens() const {
  pollfd state{.fd = master_.get(), .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) == 0;
}

}  // namespace world
