// SPDX-License-Identifier: Apache-2.0
// The frame of HJ 212-2017 (and of HJ/T 212-2005 before it), which devices speak to a data logger,
// and a data logger to a platform: so a driver has it, and a sink too. Bytes apart from any I/O.
//
//   ##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=…;Flag=5;CP=&&RtdInterval=30&&1C80\r\n
//   hhLLLLsssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssCCCCee
//   h   "##"
//   L   bytes of the segment, four decimal digits, 1024 at most
//   s   the segment: fields of the head, then CP=&&, groups with ';' between them, &&
//   C   check over the segment, four hexadecimal digits
//   e   CR LF
//
// A group has fields with ',' between them: "a34004-Rtd=14,a34004-Flag=N". The check of annex A is
// not that of Modbus, though half of what is in the field takes that one, and some write its two
// bytes the other way round. Between two bytes annex A keeps only 8 bits of its register, so that
// it takes 256 values in all: what a check lets pass must still read as a frame.
//
// Drivers use these; sinks have them as a FrameLanguage (registry.hpp).
#pragma once

#include "drivers/framing.hpp"
#include "drivers/registry.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// How the check of a frame is reckoned and written.
enum class Hj212Check : std::uint8_t {
  annex_a,
  crc16_modbus,
  annex_a_swapped,
  crc16_modbus_swapped
};

// The four digits of a segment, upper case.
std::string hj212_check_text(std::string_view segment, Hj212Check check);
// By which of them these digits, in either case, are right; nullopt: by none. "4141" is right
// either way round, and then it is the `likely` one.
std::optional<Hj212Check> hj212_check_of(std::string_view segment, std::string_view digits,
                                         Hj212Check likely = Hj212Check::annex_a);

// One whole frame, from "##" to CR LF: its head has QN, ST, CN, PW, MN, Flag, PNUM and PNO, its
// groups are of CP, and `check` is a Hj212Check. Fails with `truncated` (it has less than its
// length says), `framing` (no frame, or more than its length), `checksum`.
Result<PlatformFrame> parse_hj212(std::string_view frame, Hj212Check likely = Hj212Check::annex_a);

// How frames are found in a stream, for FrameScanner.
extern const FrameRules hj212_rules;

// Bytes of a segment at most.
inline constexpr std::size_t hj212_longest_segment = 1024;

// Flag says HJ 212-2017. `content`: what stands between "&&" and "&&".
std::string hj212_segment(const FrameHead& head, std::string_view content);
std::string hj212_frame(std::string_view segment, Hj212Check check);

// Times are of UTC+8, whatever the zone of the machine: YYYYMMDDhhmmss, in QN with milliseconds.
std::string hj212_time(UtcTime time);
std::string hj212_number(UtcTime time);
// 14 digits, or more of which the rest is let go; nullopt: it is no such time.
std::optional<UtcTime> parse_hj212_time(std::string_view text);

// Text of a frame as UTF-8: as it is, where it is that, else from GBK.
std::string hj212_text(std::string_view bytes);
// UTF-8 as GBK; nullopt: it has characters that are not in it.
std::optional<std::string> hj212_gbk(std::string_view text);

}  // namespace twinsky
