// SPDX-License-Identifier: Apache-2.0
// Modbus masters of our own: RTU on a serial port and TCP. Links exchange PDUs; framing, CRC, unit
// ids, silence, echo and late replies are dealt with here. LinkError says what came instead of a
// reply: no_response, truncated, checksum, framing or exception. Used by the bus's thread alone.
//
// (libmodbus 3.1.6 of Debian 12 refuses unit 254, which many CO2 sensors answer to.)
#pragma once

#include "drivers/registry.hpp"

namespace twinsky {

extern const BusInfo modbus_bus;  // RTU

// What the masters have in common.

void check_unit(int unit, int lowest, int highest);  // throws LinkError `unsupported`
// "unit 17: no answer"
LinkError modbus_error(Fault fault, int unit, std::string_view reason);

// The answer is an exception.
class ModbusRefusal final : public LinkError {
 public:
  ModbusRefusal(int unit, std::uint8_t code, std::string_view reason);
  // Of a TCP gateway: behind it is nobody with this unit (10 and 11).
  [[nodiscard]] bool is_of_gateway() const noexcept { return code_ == 10 || code_ == 11; }
  // It has no such register, or gives not so many at once (2 and 3; some say 4).
  [[nodiscard]] bool is_of_registers() const noexcept { return code_ >= 2 && code_ <= 4; }
  // The same, and to what.
  [[nodiscard]] ModbusRefusal about(const std::string& what) const;

 private:
  ModbusRefusal(std::uint8_t code, const std::string& what);

  std::uint8_t code_;
};

// Copies a reply's PDU into `rx`; throws when it is an exception or too long.
std::size_t deliver_reply(int unit, Bytes reply, std::span<std::byte> rx);

}  // namespace twinsky
