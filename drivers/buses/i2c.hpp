// SPDX-License-Identifier: Apache-2.0
// I2C through /dev/i2c-N, by I2C_RDWR alone: plain write, plain read, and write with repeated start
// and read. Used by the bus's thread alone.
//
// What the kernel answers (Documentation/i2c/fault-codes) becomes
//   ENXIO, EREMOTEIO  not acknowledged: a read is `nack` (the device is there, but not ready), a
//                     transfer that begins with a write is `no_response` (nobody is there)
//   EAGAIN, ETIMEDOUT, EBUSY, EIO  arbitration lost, clock held low, or a transfer that the adapter
//                     gave up: tried again, then `no_response`
//   EPROTO, EOPNOTSUPP, EINVAL  the adapter cannot do such a transfer: `unsupported`
//   ENODEV, EBADF, anything else, and EIO of an adapter whose file is gone: BusError
#pragma once

#include "drivers/registry.hpp"

namespace twinsky {

extern const BusInfo i2c_bus;

}  // namespace twinsky
