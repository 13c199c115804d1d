// SPDX-License-Identifier: Apache-2.0
// Modbus frames, pure: what is sent for a request (a PDU: function, then data) and which bytes are
// its reply. Functions 1-6, 15 and 16. Specification: MODBUS Application Protocol V1.1b3; MODBUS
// over Serial Line V1.02; MODBUS Messaging on TCP/IP V1.0b.
//
//   RTU  01 03 01F4 000E 8400               unit, PDU, CRC-16 (low byte first)
//   TCP  0007 0000 0006 01 03 01F4 000E     transaction, protocol 0, length, unit, PDU
#pragma once

#include "drivers/bytes.hpp"
#include "gateway/model/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace twinsky {

// Functions 3 (holding registers) and 4 (input registers). `first` is the address on the wire.
std::array<std::byte, 5> read_registers_pdu(int function, int first, int count);

// Length of the PDU that answers `request`; 0 when that is no request this program knows.
std::size_t reply_length(Bytes request) noexcept;

// "exception 2 (no such register)", or empty when `reply` is no exception.
std::string exception_text(Bytes reply);

std::vector<std::byte> rtu_frame(int unit, Bytes pdu);
std::vector<std::byte> tcp_frame(std::uint16_t transaction, int unit, Bytes pdu);

// The reply's PDU (an exception is one, too) within what arrived since `request` was sent. Anything
// around it is passed over: noise, another unit's frames, an echo of a read request. Otherwise
// `no_response` (nothing arrived), `truncated` (it begins but does not end), `checksum`, `framing`.
Result<Bytes> find_rtu_reply(int unit, Bytes request, Bytes received);

// A reply's PDU against its request: function, length, and what a write repeats.
bool answers(Bytes request, Bytes reply) noexcept;

struct TcpFrame {
  std::uint16_t transaction = 0;
  int unit = 0;
  Bytes pdu;
  std::size_t length = 0;  // of the whole frame
};
// The frame that `received` begins with: `truncated` while it is incomplete, `framing` when it is
// not Modbus, after which nothing of the connection can be trusted.
Result<TcpFrame> first_tcp_frame(Bytes received);

}  // namespace twinsky
