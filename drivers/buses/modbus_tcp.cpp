// SPDX-License-Identifier: Apache-2.0
#include "drivers/adu.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/timer.hpp"
#include "gateway/model/host_port.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 3s;
// A gateway that lost its power or its cable leaves a connection that is open and dead: after so
// many questions without any answer on it a new one is made.
constexpr int most_unanswered = 3;
constexpr std::size_t most_owed = 16;

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

// One connection and the bytes that have arrived on it.
class Connection {
 public:
  Connection(std::string target, const std::stop_token& stop)
      : target_(std::move(target)), stop_(stop) {}

  [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
  [[nodiscard]] Bytes received() const noexcept { return received_; }
  void drop(std::size_t count) {
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  void open();
  void close() noexcept;
  void write(Bytes tx);
  // Appends what has arrived to received(); false when the deadline is over.
  bool read(const Timer& deadline);
  // Sees whether the other side has closed, as many devices do after a quiet minute.
  [[nodiscard]] bool is_closed_by_peer();

  // Numbers of questions that were given up on it: their answers are late, others are foreign.
  std::deque<std::uint16_t> owed;
  int unanswered = 0;  // in a row

 private:
  [[noreturn]] void fail(const std::string& what) {
    close();
    throw BusError(what);
  }

  const std::string target_;
  const StopSignal stop_;
  Descriptor socket_;
  std::vector<std::byte> received_;
  Timer patience_;
};

void Connection::open() {
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
    return;
  }
  fail(failure_text(target_, error));
}

void Connection::close() noexcept {
  socket_ = Descriptor();
  received_.clear();
  owed.clear();
  unanswered = 0;
}

void Connection::write(Bytes tx) {
  // A request is shorter than any socket's buffer: what does not fit says that nothing is taken.
  const auto sent = ::send(socket_.get(), tx.data(), tx.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(tx.size())) fail(target_ + ": connection lost");
}

bool Connection::read(const Timer& deadline) {
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

bool Connection::is_closed_by_peer() {
  std::byte next{};
  const auto count = ::recv(socket_.get(), &next, 1, MSG_PEEK);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

class TcpLink final : public RequestLink {
 public:
  TcpLink(Connection& connection, std::uint16_t& transaction, const BusSurroundings& surroundings,
          int unit)
      : connection_(connection),
        transaction_(transaction),
        surroundings_(surroundings),
        unit_(unit) {}

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    check_unit(unit_, 0, 255);
    if (!connection_.is_open() || connection_.is_closed_by_peer()) connection_.open();
    ++transaction_;
    foreign_.clear();
    connection_.write(tcp_frame(transaction_, unit_, tx));
    deadline_.start(patience);
    do {
      if (const auto length = take_reply(tx, rx)) return *length;
    } while (!deadline_.is_over() && connection_.read(deadline_));
    const bool is_begun = !connection_.received().empty();
    // The rest of a frame that stopped in the middle would be taken for the head of the next.
    if (is_begun || ++connection_.unanswered >= most_unanswered) {
      connection_.close();
    } else {
      connection_.owed.push_back(transaction_);
      if (connection_.owed.size() > most_owed) connection_.owed.pop_front();
    }
    if (is_begun) throw modbus_error(Fault::truncated, unit_, "the answer does not end");
    if (!foreign_.empty()) throw modbus_error(Fault::framing, unit_, foreign_);
    throw modbus_error(Fault::no_response, unit_, "no answer within " + duration_text(patience));
  }
  [[nodiscard]] AnswerTimes answer_times() const override { return times_; }

  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  // Takes whole frames off the connection until one answers this transaction; late replies to
  // earlier ones are dropped.
  std::optional<std::size_t> take_reply(Bytes request, std::span<std::byte> rx) {
    while (true) {
      const auto frame = first_tcp_frame(connection_.received());
      if (!frame && frame.error() == Fault::truncated) return std::nullopt;
      if (!frame) {
        connection_.close();
        throw modbus_error(Fault::framing, unit_, "other bytes than Modbus");
      }
      connection_.unanswered = 0;
      if (frame->transaction == transaction_) return deliver(*frame, request, rx);
      if (std::erase(connection_.owed, frame->transaction) > 0) {
        ++times_.late;
      } else {
        foreign_ = "an answer came with the transaction " + std::to_string(frame->transaction) +
                   ", asked with " + std::to_string(transaction_);
      }
      connection_.drop(frame->length);
    }
  }

  std::size_t deliver(const TcpFrame& frame, Bytes request, std::span<std::byte> rx) {
    const std::vector reply(frame.pdu.begin(), frame.pdu.end());
    const int unit = frame.unit;
    connection_.drop(frame.length);
    if (unit != unit_) {
      throw modbus_error(Fault::framing, unit_,
                         "the answer came as that of unit " + std::to_string(unit));
    }
    if (!answers(request, reply)) {
      throw modbus_error(Fault::framing, unit_,
                         "answered something else: " +
                             to_hex(Bytes(reply).first(std::min<std::size_t>(reply.size(), 16))));
    }
    return deliver_reply(unit_, reply, rx);
  }

  Connection& connection_;
  std::uint16_t& transaction_;
  const BusSurroundings& surroundings_;
  const int unit_;
  std::string foreign_;  // what came instead of an answer
  AnswerTimes times_;
  Timer deadline_;
};

class TcpBus final : public Bus {
 public:
  TcpBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)), connection_(settings.address, surroundings_.stop) {}

  void open() override { connection_.open(); }
  void close() noexcept override { connection_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<TcpLink>(connection_, transaction_, surroundings_, device.address);
  }

 private:
  const BusSurroundings surroundings_;
  Connection connection_;
  std::uint16_t transaction_ = 0;
};

std::string check(std::string& address) {
  constexpr int modbus_port = 502;
  const auto server = parse_host_port(address);
  if (!server || server->port == 0) {
    return in_quotes(address) +
           " is not an address with a port, expected one such as 192.0.2.7:502";
  }
  address = with_port(address, *server, modbus_port);
  return {};
}

}  // namespace

extern const BusInfo modbus_tcp_bus = {
    .name = "modbus_tcp",
    .address_form = SettingKind::text,
    .documentation = "Address and port of a Modbus TCP server, such as 192.0.2.7:502.",
    .place = 4,
    .same_as = &modbus_bus,
    .needs = {.is_server = true},
    // A gateway asks its own line, and answers for units that are silent, in its own time.
    .sweep = {.first = 1, .usual = 32, .last = 247, .patience = 1s},
    .check = check,
    .identity = [](const std::string& address) { return address; },
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<TcpBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
