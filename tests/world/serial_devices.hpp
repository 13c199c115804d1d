// SPDX-License-Identifier: Apache-2.0
// The emulated devices on serial lines, one file each.
#pragma once

#include "device.hpp"

namespace world {

std::unique_ptr<SerialDevice> make_pms5003(const DeviceSpec& spec, Instant now);
std::unique_ptr<SerialDevice> make_sds011(const DeviceSpec& spec, Instant now);
std::unique_ptr<SerialDevice> make_renke(const DeviceSpec& spec, Instant now);

}  // namespace world
