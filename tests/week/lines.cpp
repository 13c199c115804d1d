// SPDX-License-Identifier: Apache-2.0
#include "lines.hpp"

#include "drivers/buses/serial_port.hpp"
#include "drivers/buses/timer.hpp"

#include <algorithm>
#include <filesystem>
#include <poll.h>

namespace twinsky {
namespace rehearsed {
namespace {

using namespace std::chrono_literals;

FastClock* clock_of_all = nullptr;
Wires* wires_of_all = nullptr;
std::mutex timers_mutex;
std::map<const Timer*, MonotonicTime> timers;  // guarded by timers_mutex; when each is over

MonotonicTime end_of(const Timer& timer) {
  const std::lock_guard lock(timers_mutex);
  return timers.at(&timer);
}

MonotonicTime monotonic(world::Instant at) {
  return MonotonicTime{std::chrono::duration_cast<MonotonicTime::duration>(at.time_since_epoch())};
}

bool is_raised(int fd) {
  pollfd event{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&event, 1, 0) == 1;
}

// Lets time pass until the earlier of both; no longer than a stop may take.
void pass_until(MonotonicTime deadline, std::optional<MonotonicTime> due, int stop) {
  if (is_raised(stop)) throw Stopped();
  const MonotonicTime next = std::min(deadline, due.value_or(deadline));
  clock_of_all->pause_until(std::max(next, clock_of_all->now() + 1us), {});
}

world::ByteSpan bytes_of(Bytes bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

class I2cLink final : public TransferLink {
 public:
  I2cLink(world::I2cDevice* device, const BusSurroundings& surroundings)
      : device_(device), surroundings_(surroundings) {}

  void write(Bytes tx) override {
    if (device_ == nullptr || !device_->write(bytes_of(tx), world::instant_now())) {
      throw LinkError(Fault::no_response, "no answer");
    }
  }
  void read(std::span<std::byte> rx) override {
    auto frame = device_ == nullptr ? std::nullopt : device_->read(world::instant_now());
    if (!frame) throw LinkError(Fault::nack, "not ready");
    frame->bytes.resize(rx.size(), 0xFF);
    std::ranges::transform(frame->bytes, rx.begin(), [](auto byte) { return std::byte{byte}; });
  }
  void exchange(Bytes tx, std::span<std::byte> rx) override {
    write(tx);
    read(rx);
  }
  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  world::I2cDevice* device_;
  const BusSurroundings& surroundings_;
};

class I2cBus final : public Bus {
 public:
  I2cBus(const std::string& path, BusSurroundings surroundings)
      : name_(std::filesystem::path(path).filename()), surroundings_(std::move(surroundings)) {}
  void open() override {
    if (!wires().adapters.contains(name_)) throw BusError(name_ + ": no such adapter");
  }
  void close() noexcept override {}
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    auto& devices = wires().adapters.at(name_);
    const auto found = devices.find(device.address);
    return std::make_unique<I2cLink>(found == devices.end() ? nullptr : found->second.get(),
                                     surroundings_);
  }

 private:
  const std::string name_;
  const BusSurroundings surroundings_;
};

Line& line_of(const std::string& path) {
  const auto found = wires().lines.find(std::filesystem::path(path).filename());
  if (found == wires().lines.end()) throw BusError(path + ": no such port");
  return found->second;
}

}  // namespace

void begin(FastClock& clock) {
  clock_of_all = &clock;
}

Wires& wires() {
  return *wires_of_all;
}

void connect(const world::Scenario& scenario) {
  static Wires all;
  wires_of_all = &all;
  const world::Instant now = world::instant_now();
  for (const world::DeviceSpec& spec : scenario.devices) {
    if (spec.tcp >= 0) {
      all.servers.push_back(std::make_unique<world::ModbusServer>(all.loop, spec));
    } else if (!spec.port.empty()) {
      all.lines[spec.port].devices.emplace(spec.name, world::make_serial_device(spec, now));
    } else {
      all.adapters[spec.bus].emplace(spec.address, world::make_i2c_device(spec, now));
    }
  }
}

void Line::say(const std::vector<world::Frame>& frames) {
  for (const world::Frame& frame : frames) {
    for (const std::uint8_t byte : frame.bytes) inbox.push_back(std::byte{byte});
  }
}

void Line::advance() {
  for (auto& [name, device] : devices) say(device->advance(world::instant_now()));
}

std::optional<MonotonicTime> Line::due() const {
  std::optional<MonotonicTime> next;
  for (const auto& [name, device] : devices) {
    if (const auto due = device->due()) {
      next = std::min(next.value_or(MonotonicTime::max()), monotonic(*due));
    }
  }
  return next;
}

std::unique_ptr<Bus> make_rehearsed_bus(const BusSettings& settings, BusSurroundings surroundings) {
  if (settings.info->name != "i2c") return make_bus(settings, std::move(surroundings));
  return std::make_unique<I2cBus>(settings.address, std::move(surroundings));
}

}  // namespace rehearsed

using rehearsed::clock_of_all;

Timer::Timer() {
  start(std::chrono::microseconds::zero());
}

void Timer::start(std::chrono::microseconds duration) {
  const MonotonicTime end = clock_of_all->now() + duration;
  const std::lock_guard lock(rehearsed::timers_mutex);
  rehearsed::timers.insert_or_assign(this, end);
}

bool Timer::is_over() const {
  return clock_of_all->now() >= rehearsed::end_of(*this);
}

// The other end of a socket is in this process too, and gets its turn here. The kernel takes a
// moment to carry bytes from one to the other, in which time must not leap: what is not answered at
// once is so only when the other end says when it will be, or nothing has come for long.
bool wait_for(int fd, short events, const Timer& deadline, const StopSignal& stop) {
  constexpr int longest_carrying_ms = 100;
  auto& loop = rehearsed::wires().loop;
  while (true) {
    for (int waited_ms = 0; waited_ms < longest_carrying_ms; ++waited_ms) {
      loop.turn(0);
      pollfd waited{.fd = fd, .events = events, .revents = 0};
      if (::poll(&waited, 1, 1) == 1) return true;
      if (loop.due()) break;
    }
    if (deadline.is_over()) return false;
    const auto due = loop.due();
    rehearsed::pass_until(rehearsed::end_of(deadline),
                          due ? std::optional(rehearsed::monotonic(*due)) : std::nullopt,
                          stop.fd());
  }
}

int SerialPort::fd() const {
  return -1;
}

void SerialPort::open() {
  rehearsed::line_of(path_);
  drop_input();
}

void SerialPort::close() noexcept {}

void SerialPort::use(const LineSettings& line) {
  line_ = line;
}

void SerialPort::drop_input() {
  auto& line = rehearsed::line_of(path_);
  line.advance();
  line.inbox.clear();
}

void SerialPort::write(Bytes tx) {
  auto& line = rehearsed::line_of(path_);
  line.advance();
  for (auto& [name, device] : line.devices) {
    line.say(device->receive(rehearsed::bytes_of(tx), world::instant_now()));
  }
}

std::size_t SerialPort::read(std::span<std::byte> rx, const Timer& deadline) {
  auto& line = rehearsed::line_of(path_);
  while (true) {
    line.advance();
    if (!line.inbox.empty()) {
      const std::size_t count = std::min(rx.size(), line.inbox.size());
      std::copy_n(line.inbox.begin(), count, rx.begin());
      line.inbox.erase(line.inbox.begin(), line.inbox.begin() + static_cast<std::ptrdiff_t>(count));
      return count;
    }
    if (deadline.is_over()) return 0;
    rehearsed::pass_until(rehearsed::end_of(deadline), line.due(), stop_.fd());
  }
}

}  // namespace twinsky

namespace world {

Utc utc_now() {
  return twinsky::rehearsed::clock_of_all->utc();
}

Instant instant_now() {
  return Instant{std::chrono::floor<std::chrono::microseconds>(
      twinsky::rehearsed::clock_of_all->now().time_since_epoch())};
}

}  // namespace world
