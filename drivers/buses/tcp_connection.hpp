// SPDX-License-Identifier: Apache-2.0
// A TCP connection as the Modbus masters use it: opened when it is needed, and anew when the other
// side has closed it. Used by the bus's thread alone.
#pragma once

#include "drivers/buses/descriptor.hpp"
#include "drivers/buses/timer.hpp"
#include "drivers/bytes.hpp"

#include <deque>
#include <stop_token>
#include <string>
#include <vector>

namespace twinsky {

// The connection and the bytes that have arrived on it.
class TcpConnection {
 public:
  TcpConnection(std::string target, Clock& clock, const std::stop_token& stop)
      : target_(std::move(target)), clock_(clock), stop_(stop) {}

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
  MonotonicTime opened_at{};

 private:
  [[noreturn]] void fail(const std::string& what);

  const std::string target_;
  Clock& clock_;
  const StopSignal stop_;
  Descriptor socket_;
  std::vector<std::byte> received_;
  Timer patience_;
};

// Completes an address with the port of Modbus; says what is wrong with it.
std::string check_modbus_server(std::string& address);

}  // namespace twinsky
