// SPDX-License-Identifier: Apache-2.0
// What every emulated device is to the wire it hangs on. A device gets the bytes that the real one
// would get and computes its answer from the truth of this moment.
#pragma once

#include "scenario.hpp"
#include "times.hpp"
#include "wire.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace world {

struct Frame {
  Bytes bytes;
  bool measurement = false;  // counted as offered; an acknowledgement of a setting is not
};

class SerialDevice {
 public:
  virtual ~SerialDevice() = default;
  // What came along the line: the frames that answer it.
  virtual std::vector<Frame> receive(ByteSpan bytes, Instant now) = 0;
  // The frames that it sends by itself at this moment.
  virtual std::vector<Frame> advance(Instant now) = 0;
  // When advance() has something to do again.
  [[nodiscard]] virtual std::optional<Instant> due() const = 0;
  virtual void power_up(Instant now) = 0;
  // False: it only speaks when asked, and has no rate.
  [[nodiscard]] virtual bool speaks_by_itself() const = 0;
  // Frames a second in place of its own pace, for load tests.
  virtual void set_rate(double frames_per_second) = 0;
  // How long its laser has been on since the world began.
  [[nodiscard]] virtual std::chrono::microseconds worked(Instant) const { return {}; }
};

class I2cDevice {
 public:
  virtual ~I2cDevice() = default;
  // One write transfer; false: not acknowledged.
  virtual bool write(ByteSpan bytes, Instant now) = 0;
  // One read transfer; none: not acknowledged. The bus cuts it, or fills up with 0xFF.
  virtual std::optional<Frame> read(Instant now) = 0;
  virtual void power_up(Instant now) = 0;
};

bool is_kind(std::string_view kind);
// All of them, for a message.
std::string kind_names();
// The quantities that a kind needs from the truth.
const std::vector<std::string>& quantities_of_kind(std::string_view kind);
bool is_serial_kind(std::string_view kind);
int baud_of_kind(std::string_view kind);
int address_of_kind(std::string_view kind);

std::unique_ptr<SerialDevice> make_serial_device(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_i2c_device(const DeviceSpec& spec, Instant now);

}  // namespace world
