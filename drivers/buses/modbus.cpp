// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/modbus.hpp"

#include "drivers/adu.hpp"

#include <algorithm>

namespace twinsky {

void check_unit(int unit, int lowest, int highest) {
  if (unit >= lowest && unit <= highest) return;
  throw modbus_error(
      Fault::unsupported, unit,
      "a Modbus unit is " + std::to_string(lowest) + " to " + std::to_string(highest));
}

LinkError modbus_error(Fault fault, int unit, std::string_view reason) {
  return {fault, "unit " + std::to_string(unit) + ": " + std::string(reason)};
}

ModbusRefusal::ModbusRefusal(int unit, std::uint8_t code, std::string_view reason)
    : LinkError(modbus_error(Fault::exception, unit, reason)), code_(code) {}

ModbusRefusal::ModbusRefusal(std::uint8_t code, const std::string& what)
    : LinkError(Fault::exception, what), code_(code) {}

ModbusRefusal ModbusRefusal::about(const std::string& what) const {
  return {code_, what + ": " + this->what()};
}

std::size_t deliver_reply(int unit, Bytes reply, std::span<std::byte> rx) {
  if (const auto exception = exception_text(reply); !exception.empty()) {
    throw ModbusRefusal(unit, u8(reply, 1), "answered with " + exception);
  }
  if (reply.size() > rx.size()) throw modbus_error(Fault::framing, unit, "the answer is too long");
  std::ranges::copy(reply, rx.begin());
  return reply.size();
}

}  // namespace twinsky
