// SPDX-License-Identifier: Apache-2.0
// The other end of a wire, for tests of buses: real pseudo-terminals and loopback sockets, and a
// thread that plays the device.
#pragma once

#include "drivers/buses/descriptor.hpp"
#include "drivers/registry.hpp"

#include <arpa/inet.h>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace twinsky::testing {

using namespace std::chrono_literals;

using Buffer = std::vector<std::byte>;

inline Buffer hex(std::string_view text) {
  return from_hex(text).value();
}

inline void send(int fd, Bytes bytes) {
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

// What arrives within `patience`, as soon as there are `count` bytes.
inline Buffer receive(int fd, std::size_t count, milliseconds patience = 1000ms) {
  Buffer received;
  std::array<std::byte, 256> chunk{};
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  while (received.size() < count && ::poll(&waited, 1, static_cast<int>(patience.count())) == 1) {
    const auto got = ::read(fd, chunk.data(), std::min(chunk.size(), count - received.size()));
    if (got <= 0) break;
    received.insert(received.end(), chunk.begin(), chunk.begin() + got);
  }
  return received;
}

// The line settings that the other side has given the wire.
LineSettings line_at(int device);

// A serial port with a stable name, as udev gives one, and the device's end of the wire.
class Port {
 public:
  Port() {
    std::string folder = (std::filesystem::temp_directory_path() / "twinsky-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    plug_in();
  }
  ~Port() { std::filesystem::remove_all(folder_); }

  void plug_in() {
    master_ = Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ::grantpt(master_.get());
    ::unlockpt(master_.get());
    std::array<char, 64> name{};
    ::ptsname_r(master_.get(), name.data(), name.size());
    std::filesystem::create_symlink(name.data(), path());
  }
  void unplug() {
    master_ = Descriptor();
    std::filesystem::remove(path());
  }

  // Sends, and returns when the bytes have reached the host's side.
  void deliver(Bytes bytes) const {
    const Descriptor host(::open(path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    send(device(), bytes);
    pollfd arrived{.fd = host.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&arrived, 1, 1000), 1);
  }

  [[nodiscard]] int device() const { return master_.get(); }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "port"; }

 private:
  std::filesystem::path folder_;
  Descriptor master_;
};

// A listening socket on a free loopback port.
class Listening {
 public:
  Listening() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool is_bound =
        ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
    EXPECT_TRUE(is_bound && ::listen(socket_.get(), 4) == 0);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  [[nodiscard]] Descriptor accept() const {
    return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Descriptor socket_;
  std::string address_;
};

// A bus of one kind: settings("serial", "/dev/ttyUSB0").
inline BusSettings settings(std::string_view kind, std::string address) {
  const BusInfo* info = bus_named(kind);
  return {.id = "bus",
          .info = info,
          .address = std::move(address),
          .settings = Settings::defaults(info->settings)};
}

// A device's view, as a driver of that kind has it.
template <class L>
std::unique_ptr<L> link_to(Bus& bus, const DeviceSettings& device) {
  std::unique_ptr<Link> link = bus.link(device);
  return std::unique_ptr<L>(&link_as<L>(*link.release()));
}

// A bus with what it needs around it.
struct Surroundings {
  SystemClock clock;
  std::stop_source stop;
  std::function<std::optional<double>(Quantity)> nearby;

  std::unique_ptr<Bus> bus(const BusSettings& settings) {
    return make_bus(settings, {.clock = clock, .stop = stop.get_token(), .nearby = nearby});
  }
};

}  // namespace twinsky::testing
