// SPDX-License-Identifier: Apache-2.0
// A serial port as a bus: devices that talk by themselves or answer questions of their own kind.
#pragma once

#include "drivers/registry.hpp"

namespace twinsky {

extern const BusInfo serial_bus;

}  // namespace twinsky
