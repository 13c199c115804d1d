// SPDX-License-Identifier: Apache-2.0
#include "drivers/adu.hpp"

#include "drivers/checksum.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr std::uint8_t exception_bit = 0x80;
constexpr std::size_t exception_length = 2;
constexpr std::size_t mbap_length = 7;
constexpr std::size_t longest_pdu = 253;

std::byte high_byte(int word) {
  return static_cast<std::byte>(word >> 8 & 0xFF);
}
std::byte low_byte(int word) {
  return static_cast<std::byte>(word & 0xFF);
}

std::string_view exception_name(std::uint8_t code) {
  switch (code) {
    case 1:
      return "no such function";
    case 2:
      return "no such register";
    case 3:
      return "value refused";
    case 4:
      return "device failure";
    case 5:
      return "accepted, still working";
    case 6:
      return "device is busy";
    case 10:
      return "gateway path unavailable";
    case 11:
      return "device behind the gateway is silent";
    default:
      return "unknown code";
  }
}

enum class Match { none, begins, damaged, whole };

// Does a frame with a PDU of `length` bytes that begins like `head` (unit, function, and the byte
// count of a read) stand at the front of `bytes`?
Match match_at(Bytes bytes, Bytes head, std::size_t length) {
  const std::size_t compared = std::min(bytes.size(), head.size());
  if (!std::ranges::equal(bytes.first(compared), head.first(compared))) return Match::none;
  const std::size_t frame = 1 + length + 2;
  if (bytes.size() < frame) return Match::begins;
  const bool is_sound = crc16_modbus(bytes.first(frame - 2)) == le16(bytes, frame - 2);
  return is_sound ? Match::whole : Match::damaged;
}

// The bytes of a reply that are known beforehand.
std::vector<std::byte> head_of_reply(int unit, Bytes request) {
  std::vector<std::byte> head{low_byte(unit), request[0]};
  if (u8(request, 0) <= 4) {
    head.push_back(static_cast<std::byte>(reply_length(request) - 2));
  } else {
    head.insert(head.end(), request.begin() + 1, request.begin() + 5);
  }
  return head;
}

}  // namespace

std::array<std::byte, 5> read_registers_pdu(int function, int first, int count) {
  return {low_byte(function), high_byte(first), low_byte(first), high_byte(count), low_byte(count)};
}

std::size_t reply_length(Bytes request) noexcept {
  constexpr std::size_t most_bits = 2000;
  constexpr std::size_t most_registers = 125;
  if (request.size() < 5) return 0;
  switch (const std::size_t count = be16(request, 3); u8(request, 0)) {
    case 1:
    case 2:
      return count == 0 || count > most_bits ? 0 : 2 + (count + 7) / 8;
    case 3:
    case 4:
      return count == 0 || count > most_registers ? 0 : 2 + 2 * count;
    case 5:
    case 6:
    case 15:
    case 16:
      return 5;
    default:
      return 0;
  }
}

std::string exception_text(Bytes reply) {
  if (reply.size() != exception_length || (u8(reply, 0) & exception_bit) == 0) return {};
  const std::uint8_t code = u8(reply, 1);
  return "exception " + std::to_string(code) + " (" + std::string(exception_name(code)) + ")";
}

std::vector<std::byte> rtu_frame(int unit, Bytes pdu) {
  std::vector<std::byte> frame{low_byte(unit)};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  const int crc = crc16_modbus(frame);
  frame.push_back(low_byte(crc));
  frame.push_back(high_byte(crc));
  return frame;
}

std::vector<std::byte> tcp_frame(std::uint16_t transaction, int unit, Bytes pdu) {
  const int length = static_cast<int>(pdu.size()) + 1;
  std::vector<std::byte> frame{high_byte(transaction), low_byte(transaction), std::byte{0},
                               std::byte{0},           high_byte(length),     low_byte(length),
                               low_byte(unit)};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  return frame;
}

Result<Bytes> find_rtu_reply(int unit, Bytes request, Bytes received) {
  const std::size_t length = reply_length(request);
  if (length == 0) return Unexpected{Fault::framing};
  if (received.empty()) return Unexpected{Fault::no_response};
  const auto head = head_of_reply(unit, request);
  const std::array exception_head{head[0], head[1] | std::byte{exception_bit}};
  bool is_damaged = false;
  bool is_begun = false;
  for (std::size_t at = 0; at < received.size(); ++at) {
    const Bytes rest = received.subspan(at);
    for (const auto& [match, pdu_length] :
         {std::pair{match_at(rest, head, length), length},
          std::pair{match_at(rest, exception_head, exception_length), exception_length}}) {
      if (match == Match::whole) return rest.subspan(1, pdu_length);
      is_damaged |= match == Match::damaged;
      // One byte that happens to be the unit's number says nothing behind other bytes.
      is_begun |= match == Match::begins && (rest.size() > 1 || at == 0);
    }
  }
  if (is_damaged) return Unexpected{Fault::checksum};
  return Unexpected{is_begun ? Fault::truncated : Fault::framing};
}

bool answers(Bytes request, Bytes reply) noexcept {
  const std::size_t length = reply_length(request);
  if (length == 0 || reply.empty()) return false;
  if (reply.size() == exception_length && reply[0] == (request[0] | std::byte{exception_bit})) {
    return true;
  }
  if (reply.size() != length) return false;
  const auto head = head_of_reply(0, request);
  return std::equal(head.begin() + 1, head.end(), reply.begin());
}

Result<TcpFrame> first_tcp_frame(Bytes received) {
  if (received.size() < mbap_length) return Unexpected{Fault::truncated};
  const std::size_t length = be16(received, 4);  // of unit and PDU
  if (be16(received, 2) != 0 || length < 1 + exception_length || length > 1 + longest_pdu) {
    return Unexpected{Fault::framing};
  }
  const std::size_t whole = mbap_length - 1 + length;
  if (received.size() < whole) return Unexpected{Fault::truncated};
  return TcpFrame{.transaction = be16(received, 0),
                  .unit = u8(received, 6),
                  .pdu = received.subspan(mbap_length, length - 1),
                  .length = whole};
}

}  // namespace twinsky
