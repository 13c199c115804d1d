// SPDX-License-Identifier: Apache-2.0
#include "drivers/checksum.hpp"

#include <boost/crc.hpp>

#include <numeric>

namespace twinsky {
namespace {

template <class Crc>
auto crc_over(Crc crc, Bytes bytes) {
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

}  // namespace

std::uint8_t crc8_sensirion(Bytes bytes) {
  return crc_over(boost::crc_optimal<8, 0x31, 0xFF, 0, false, false>{}, bytes);
}

std::uint8_t crc8_from_zero(Bytes bytes) {
  return crc_over(boost::crc_optimal<8, 0x31, 0, 0, false, false>{}, bytes);
}

std::uint16_t crc16_modbus(Bytes bytes) {
  return crc_over(boost::crc_optimal<16, 0x8005, 0xFFFF, 0, true, true>{}, bytes);
}

std::uint16_t crc16_hj212(Bytes bytes) {
  constexpr unsigned polynomial = 0xA001;
  unsigned reg = 0xFFFF;
  for (const std::byte byte : bytes) {
    reg = reg >> 8U ^ std::to_integer<unsigned>(byte);
    for (int bit = 0; bit < 8; ++bit) reg = (reg & 1U) != 0 ? reg >> 1U ^ polynomial : reg >> 1U;
  }
  return static_cast<std::uint16_t>(reg);
}

std::uint16_t sum16(Bytes bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint16_t{0},
                         [](std::uint16_t sum, std::byte byte) {
                           return static_cast<std::uint16_t>(sum + std::to_integer<unsigned>(byte));
                         });
}

std::uint8_t sum8(Bytes bytes) {
  return static_cast<std::uint8_t>(sum16(bytes));
}

}  // namespace twinsky
