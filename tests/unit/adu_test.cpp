// SPDX-License-Identifier: Apache-2.0
// Which bytes are a reply: pure cases. Frames of unit 1 are computed, those of unit 254 are the
// SenseAir S8 manual's.
#include "drivers/adu.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

std::vector<std::byte> hex(std::string_view text) {
  return from_hex(text).value();
}

// The reply's PDU in hexadecimal, or the fault's name.
std::string reply_in(int unit, std::string_view request, std::string_view received) {
  const auto bytes = hex(received);
  const auto reply = find_rtu_reply(unit, hex(request), bytes);
  return reply ? to_hex(*reply) : std::string(name_of(reply.error()));
}

TEST(adu, frames_a_request_as_the_makers_print_it) {
  EXPECT_EQ(to_hex(rtu_frame(254, read_registers_pdu(4, 3, 1))), "fe0400030001d5c5");
  EXPECT_EQ(to_hex(rtu_frame(1, read_registers_pdu(3, 500, 14))), "010301f4000e8400");
  EXPECT_EQ(to_hex(tcp_frame(7, 1, read_registers_pdu(3, 500, 14))),
            "0007000000060"
            "10301f4000e");
}

TEST(adu, finds_the_reply_and_nothing_else) {
  const struct {
    const char* what;
    std::string_view received;
    std::string_view outcome;
  } cases[] = {
      {"manual", "fe04020190acd8", "04020190"},
      {"noise before", "00ff fe04 fe04020190acd8", "04020190"},
      {"noise behind", "fe04020190acd8 fe04", "04020190"},
      {"echo before", "fe0400030001d5c5 fe04020190acd8", "04020190"},
      {"another unit before", "0104020190b90c fe04020190acd8", "04020190"},
      {"exception", "fe8402f2f1", "8402"},
      {"silence", "", "no_response"},
      {"first byte only", "fe", "truncated"},
      {"cut in the data", "fe040201", "truncated"},
      {"cut in the CRC", "fe04020190ac", "truncated"},
      {"bit wrong in the data", "fe04020191acd8", "checksum"},
      {"CRC of the exception wrong", "fe8402f2f0", "checksum"},
      {"CRC with its bytes swapped", "fe04020190d8ac", "checksum"},
      {"another unit", "0104020190b90c", "framing"},
      {"another function", "fe03020190adad", "framing"},
      {"another length", "fe0404019001900000", "framing"},
      {"zeros", "0000000000000000", "framing"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(reply_in(254, "0400030001", each.received), each.outcome) << each.what;
  }
}

TEST(adu, a_write_is_answered_by_its_own_beginning) {
  EXPECT_EQ(reply_in(254, "06001f0000", "fe06001f0000ac03"), "06001f0000");
  EXPECT_EQ(reply_in(254, "06001f0000", "fe06001f00b4ac74"), "framing");  // another value
  EXPECT_TRUE(answers(hex("1000010002040a0b0c0d"), hex("1000010002")));
  EXPECT_FALSE(answers(hex("1000010002040a0b0c0d"), hex("1000010003")));
}

TEST(adu, asks_only_for_what_a_reply_can_hold) {
  EXPECT_EQ(reply_length(read_registers_pdu(3, 0, 125)), 252U);
  EXPECT_EQ(reply_length(read_registers_pdu(3, 0, 126)), 0U);
  EXPECT_EQ(reply_length(read_registers_pdu(3, 0, 0)), 0U);
  EXPECT_EQ(reply_length(hex("0100000009")), 4U);
  EXPECT_EQ(reply_length(hex("2b0e0100")), 0U);
  EXPECT_EQ(reply_in(1, "2b0e010000", "01"), "framing");
}

TEST(adu, takes_frames_off_a_connection_one_by_one) {
  const auto stream = hex("000700000007 01 0304 0001ffff 0008");
  const auto frame = first_tcp_frame(stream);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->transaction, 7);
  EXPECT_EQ(frame->unit, 1);
  EXPECT_EQ(to_hex(frame->pdu), "03040001ffff");
  EXPECT_EQ(frame->length, 13U);
  EXPECT_EQ(first_tcp_frame(hex("00070000000701")).error(), Fault::truncated);
  EXPECT_EQ(first_tcp_frame(hex("0007000100070103")).error(), Fault::framing);  // protocol
  EXPECT_EQ(first_tcp_frame(hex("0007000000020103")).error(), Fault::framing);  // too short
  EXPECT_EQ(first_tcp_frame(hex("0007000000ff0103")).error(), Fault::framing);  // too long
}

TEST(adu, names_exceptions) {
  EXPECT_EQ(exception_text(hex("8302")), "exception 2 (no such register)");
  EXPECT_EQ(exception_text(hex("8377")), "exception 119 (unknown code)");
  EXPECT_EQ(exception_text(hex("03020001")), "");
}

}  // namespace
}  // namespace twinsky
