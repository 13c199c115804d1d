// SPDX-License-Identifier: Apache-2.0
#include "modbus_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace world {

namespace {

constexpr std::size_t head_size = 7;

}  // namespace

ModbusServer::ModbusServer(Loop& loop, const DeviceSpec& spec)
    : loop_(loop),
      spec_(spec),
      registers_(spec.view),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(spec.tcp));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 8) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_system_error("port " + std::to_string(spec.tcp) + " for " + spec.name);
  }
  port_ = ntohs(address.sin_port);
  loop_.watch(listener_.get(), EPOLLIN | EPOLLET, [this](std::uint32_t) { accept_all(); });
  loop_.schedule(
      [this]() -> std::optional<Instant> {
        if (answers_.empty()) return std::nullopt;
        return answers_.front().at;
      },
      [this](Instant now) { send_due(now); });
}

void ModbusServer::accept_all() {
  while (true) {
    Descriptor made(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!made.is_open()) return;
    const int number = made.get();
    loop_.watch(number, EPOLLIN | EPOLLET, [this, number](std::uint32_t) { hear(number); });
    connections_.insert_or_assign(number, Connection{std::move(made), utc_now()});
  }
}

bool ModbusServer::is_mute(Utc since) const {
  const Utc now = utc_now();
  for (const Trouble& each : spec_.troubles) {
    if (each.is == "mute" && since < each.from && each.from <= now) return true;
  }
  return is_now(spec_.troubles, "silent") || is_now(spec_.troubles, "off");
}

void ModbusServer::hear(int number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  std::array<std::uint8_t, 512> buffer{};
  while (true) {
    const auto count = ::recv(number, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    if (count == 0) {
      loop_.forget(number);
      connections_.erase(found);
      return;
    }
    connection.received.insert(connection.received.end(), buffer.begin(), buffer.begin() + count);
  }
  while (connection.received.size() >= head_size) {
    const std::size_t length = 6 + word_at(connection.received, 4);
    if (connection.received.size() < length) return;
    const Bytes frame(connection.received.begin(),
                      connection.received.begin() + static_cast<std::ptrdiff_t>(length));
    connection.received.erase(connection.received.begin(),
                              connection.received.begin() + static_cast<std::ptrdiff_t>(length));
    answer(number, connection, frame);
  }
}

void ModbusServer::answer(int number, Connection& connection, ByteSpan frame) {
  const Instant now = instant_now();
  cuts_.settle(now, [this](Instant) { registers_.power_up(); });
  if (is_mute(connection.since) || frame[6] != spec_.address) return;
  Frame reply = registers_.answer(frame.subspan(head_size));
  Bytes head(frame.begin(), frame.begin() + 4);
  put_word(head, static_cast<unsigned>(reply.bytes.size() + 1));
  head.push_back(frame[6]);
  reply.bytes.insert(reply.bytes.begin(), head.begin(), head.end());
  answers_.push_back({lateness_.moment_of_next(now), number, connection.since, std::move(reply)});
  send_due(now);
}

void ModbusServer::send_due(Instant now) {
  for (; !answers_.empty() && answers_.front().at <= now; answers_.pop_front()) {
    const Answer& next = answers_.front();
    const auto found = connections_.find(next.connection);
    if (found == connections_.end() || found->second.since != next.since) continue;
    ::send(next.connection, next.frame.bytes.data(), next.frame.bytes.size(), MSG_NOSIGNAL);
    if (next.frame.measurement) tally_.count(utc_now());
  }
}

}  // namespace world
