// SPDX-License-Identifier: Apache-2.0
// A bus that plays a vector file (tests/cases/sensors) in a loop, for trying things without
// hardware: its cases follow one another, faulty ones too.
//
//   uart, ascii  the bytes of one case a second
//   i2c          a read is answered by the next transaction with the same write; what only a real
//                device would be told is accepted; a register file stays until the bus is reopened
//   modbus       a request is answered by the next case with the same request
#pragma once

#include "drivers/registry.hpp"

#include <memory>

namespace twinsky {

std::unique_ptr<Bus> make_recorded_bus(const BusSettings& settings, BusSurroundings surroundings);

}  // namespace twinsky
