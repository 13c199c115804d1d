// SPDX-License-Identifier: Apache-2.0
// A weather station behind a Modbus TCP gateway, on loopback: frames of transaction, 0, length and
// unit (7 bytes), then the request. `mute`: connections that are open when it begins stay open and
// are answered no more, as after a power cut of the gateway; new ones are.
#pragma once

#include "loop.hpp"
#include "renke_registers.hpp"
#include "tally.hpp"
#include "troubles.hpp"

#include <deque>
#include <map>
#include <string>

namespace world {

class ModbusServer {
 public:
  ModbusServer(Loop& loop, const DeviceSpec& spec);
  ModbusServer(const ModbusServer&) = delete;
  ModbusServer& operator=(const ModbusServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Connection {
    Descriptor descriptor;
    Utc since{};
    Bytes received{};
  };
  struct Answer {
    Instant at{};
    int connection = 0;
    Utc since{};  // of the connection: its number may be another's by then
    Frame frame;
  };
  void accept_all();
  void hear(int number);
  void answer(int number, Connection& connection, ByteSpan frame);
  void send_due(Instant now);
  [[nodiscard]] bool is_mute(Utc since) const;

  Loop& loop_;
  const DeviceSpec spec_;
  RenkeRegisters registers_;
  PowerCuts cuts_{spec_.troubles};
  Lateness lateness_{spec_.troubles};
  Descriptor listener_;
  int port_ = 0;
  std::map<int, Connection> connections_;
  std::deque<Answer> answers_;
  Tally tally_;
};

}  // namespace world
