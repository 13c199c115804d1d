// SPDX-License-Identifier: Apache-2.0
// A serial port as a bus: devices that talk by themselves or answer questions of their own kind.
#pragma once

#include "drivers/registry.hpp"

#include <memory>

namespace twinsky {

std::unique_ptr<Bus> make_serial_bus(const BusSettings& settings, BusSurroundings surroundings);

}  // namespace twinsky
