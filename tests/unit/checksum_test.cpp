// SPDX-License-Identifier: Apache-2.0
// Check values as the makers print them; no CRC is fitted to a single example.
#include "drivers/checksum.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

std::vector<std::byte> hex(std::string_view text) {
  return from_hex(text).value();
}

TEST(checksum, crc8_of_sensirion_reproduces_the_data_sheets_word) {
  EXPECT_EQ(crc8_sensirion(hex("beef")), 0x92);
  EXPECT_EQ(crc8_sensirion(hex("0000")), 0x81);
  EXPECT_EQ(crc8_sensirion({}), 0xFF);
}

TEST(checksum, crc8_from_zero_reproduces_the_htu21ds_three_examples) {
  EXPECT_EQ(crc8_from_zero(hex("dc")), 0x79);
  EXPECT_EQ(crc8_from_zero(hex("683a")), 0x7C);
  EXPECT_EQ(crc8_from_zero(hex("4e85")), 0x6B);
  EXPECT_EQ(crc8_from_zero(hex("0000")), 0);
}

TEST(checksum, crc16_of_modbus_reproduces_the_makers_commands) {
  EXPECT_EQ(crc16_modbus(hex("fe0400030001")), 0xC5D5);
  EXPECT_EQ(crc16_modbus(hex("010301f4000e")), 0x0084);
  EXPECT_EQ(crc16_modbus(hex("313233343536373839")), 0x4B37);  // the catalogue's "123456789"
  // Over a frame with its own check the result is zero.
  EXPECT_EQ(crc16_modbus(hex("fe0400030001d5c5")), 0);
}

// Its value over the standard's example is in hj212_test.cpp.
TEST(checksum, crc16_of_hj212_is_not_that_of_modbus) {
  EXPECT_EQ(crc16_hj212(hex("313233343536373839")), 0x2F80);
  EXPECT_EQ(crc16_hj212({}), 0xFFFF);
}

TEST(checksum, sums_wrap_at_their_width) {
  EXPECT_EQ(sum16(hex("424d001c")), 0x42 + 0x4D + 0x1C);
  EXPECT_EQ(sum16(std::vector(300, std::byte{0xFF})), (300 * 0xFF) & 0xFFFF);
  EXPECT_EQ(sum8(hex("d404 3a0a a160")), 0x1D);
  EXPECT_EQ(sum8({}), 0);
}

}  // namespace
}  // namespace twinsky
