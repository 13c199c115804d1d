// SPDX-License-Identifier: Apache-2.0
// Modbus RTU through a TCP connection, as cheap serial servers (RS-485 to Ethernet) pass it: the
// frames of the line, CRC and all, without the head of Modbus TCP.
#include "drivers/buses/rtu_link.hpp"
#include "drivers/buses/tcp_connection.hpp"

#include <algorithm>
#include <memory>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// After so many questions without any byte the connection is most likely dead, and made anew.
constexpr int most_unanswered = 3;

class RtuTcpBus final : public Bus {
 public:
  RtuTcpBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)),
        connection_(settings.address, surroundings_.clock, surroundings_.stop) {}

  void open() override { connection_.open(); }
  void close() noexcept override { connection_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return make_rtu_link(wire_, owed_, surroundings_, device, false);
  }

 private:
  void connect() {
    const bool is_dead = connection_.unanswered >= most_unanswered;
    if (!connection_.is_open() || is_dead || connection_.is_closed_by_peer()) connection_.open();
  }
  void write(Bytes tx) {
    ++connection_.unanswered;
    connection_.write(tx);
  }
  std::size_t read(std::span<std::byte> rx, const Timer& deadline) {
    if (connection_.received().empty() && !connection_.read(deadline)) return 0;
    connection_.unanswered = 0;
    const Bytes received = connection_.received();
    const std::size_t count = std::min(rx.size(), received.size());
    std::ranges::copy(received.first(count), rx.begin());
    connection_.drop(count);
    return count;
  }

  const BusSurroundings surroundings_;
  TcpConnection connection_;
  RtuWire wire_{.use = [this](const LineSettings&) { connect(); },
                .write = [this](Bytes tx) { write(tx); },
                .read = [this](std::span<std::byte> rx,
                               const Timer& deadline) { return read(rx, deadline); }};
  OwedReplies owed_;  // of all its sensors, and over a reopening
};

}  // namespace

extern const BusInfo modbus_rtu_tcp_bus = {
    .name = "modbus_rtu_tcp",
    .address_form = SettingKind::text,
    .documentation =
        "Address and port of a serial server that passes Modbus RTU through TCP, such "
        "as 192.0.2.7:4196.",
    .place = 5,
    .same_as = &modbus_bus,
    .needs = {.is_server = true},
    .sweep = {.first = 1, .usual = 32, .last = 247, .patience = 1s},
    .check = check_modbus_server,
    .identity = [](const std::string& address) { return address; },
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<RtuTcpBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
