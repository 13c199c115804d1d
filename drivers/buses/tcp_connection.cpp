// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/tcp_connection.hpp"

#include "gateway/model/host_port.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 3s;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses addresses_of(const std::string& target) {
  const auto at = parse_host_port(target);
  if (!at || !at->port) throw BusError(target + ": expected HOST:PORT, as in 192.0.2.7:502");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(at->host.c_str(), std::to_string(*at->port).c_str(), &hints, &found);
  if (error != 0) throw BusError(target + ": " + ::gai_strerror(error));
  return {found, &::freeaddrinfo};
}

}  // namespace

void TcpConnection::fail(const std::string& what) {
  close();
  throw BusError(what);
}

void TcpConnection::open() {
  close();
  const auto addresses = addresses_of(target_);
  int error = 0;
  patience_.start(connect_patience);
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    Descriptor made(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(made.get(), address->ai_addr, address->ai_addrlen) != 0) {
      error = errno;
      if (error != EINPROGRESS) continue;
      if (!wait_for(made.get(), POLLOUT, patience_, stop_)) fail(target_ + ": does not answer");
      socklen_t size = sizeof error;
      ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) continue;
    }
    const int on = 1;
    ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(made.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    socket_ = std::move(made);
    opened_at = clock_.now();
    return;
  }
  fail(failure_text(target_, error));
}

void TcpConnection::close() noexcept {
  socket_ = Descriptor();
  received_.clear();
  owed.clear();
  unanswered = 0;
}

void TcpConnection::write(Bytes tx) {
  // A request is shorter than any socket's buffer: what does not fit says that nothing is taken.
  const auto sent = ::send(socket_.get(), tx.data(), tx.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(tx.size())) fail(target_ + ": connection lost");
}

bool TcpConnection::read(const Timer& deadline) {
  std::array<std::byte, 512> chunk{};
  while (wait_for(socket_.get(), POLLIN, deadline, stop_)) {
    const auto count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (count > 0) {
      received_.insert(received_.end(), chunk.begin(), chunk.begin() + count);
      return true;
    }
    if (count == 0) fail(target_ + ": closed the connection");
    if (errno != EAGAIN && errno != EINTR) fail(failure_text(target_, errno));
  }
  return false;
}

bool TcpConnection::is_closed_by_peer() {
  std::byte next{};
  const auto count = ::recv(socket_.get(), &next, 1, MSG_PEEK);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

std::string check_modbus_server(std::string& address) {
  constexpr int modbus_port = 502;
  const auto server = parse_host_port(address);
  if (!server || server->port == 0) {
    return in_quotes(address) +
           " is not an address with a port, expected one such as 192.0.2.7:502";
  }
  address = with_port(address, *server, modbus_port);
  return {};
}

}  // namespace twinsky
