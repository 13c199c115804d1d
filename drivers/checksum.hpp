// SPDX-License-Identifier: Apache-2.0
// The check values of foreign frames. Pure; each takes exactly the bytes that its rule covers.
#pragma once

#include "drivers/bytes.hpp"

#include <cstdint>

namespace twinsky {

// Sensirion (SHT, SCD, SEN, SPS over I2C; AHT20 too): polynomial 0x31, initial 0xFF, over each word
// of two bytes. BE EF -> 92.
std::uint8_t crc8_sensirion(Bytes bytes);

// Si7021, HTU21D and what follows the SHT2x: the same polynomial, initial 0. 68 3A -> 7C.
std::uint8_t crc8_from_zero(Bytes bytes);

// Modbus RTU, OPC-N3: polynomial 0x8005 reflected, initial 0xFFFF; its low byte is sent first.
// FE 04 00 03 00 01 -> D5 C5 on the wire, 0xC5D5 as a number.
std::uint16_t crc16_modbus(Bytes bytes);

// HJ 212, annex A: as that of Modbus, but the register is shifted by a byte before each byte
// enters, so that only its low byte carries over. "123456789" -> 0x2F80.
std::uint16_t crc16_hj212(Bytes bytes);

// Plantower, Honeywell HPMA auto-send: sum of the bytes.
std::uint16_t sum16(Bytes bytes);

// SDS011 and others: low byte of the sum.
std::uint8_t sum8(Bytes bytes);

}  // namespace twinsky
