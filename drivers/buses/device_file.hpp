// SPDX-License-Identifier: Apache-2.0
// The file of a device: one port may have several names.
#pragma once

#include <string>

namespace twinsky {

// The device itself, whatever link leads to it; one that is not there now is known by its path.
std::string identity_of_device(const std::string& path);

}  // namespace twinsky
