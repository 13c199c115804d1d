// SPDX-License-Identifier: Apache-2.0
// A serial port: raw bytes at any speed, with deadlines. read() of zero bytes, a hang-up or an
// input/output error mean that the adapter was unplugged (BusError); open() again finds it by its
// stable name. Used by the bus's thread alone.
#pragma once

#include "drivers/buses/timer.hpp"
#include "drivers/driver.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>

struct termios2;

namespace twinsky {

class SerialPort {
 public:
  SerialPort(std::string path, const std::stop_token& stop, bool is_guest)
      : path_(std::move(path)), stop_(stop), is_guest_(is_guest) {}

  ~SerialPort() { close(); }
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  // Drops what had arrived: bytes of the past must not become samples.
  void open();
  // A guest leaves speed and format as open() found them; DTR stays as it is.
  void close() noexcept;

  // Switches speed and format where they differ; what had arrived at the old ones is dropped.
  // LinkError `unsupported` when the adapter cannot do it.
  void use(const LineSettings& line);
  void drop_input();

  // All of `tx`. Goes out after a stop request too, so that a device can be put to sleep.
  void write(Bytes tx);
  // What has arrived, at least one byte; 0 when the deadline is over.
  std::size_t read(std::span<std::byte> rx, const Timer& deadline);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] int fd() const;
  [[noreturn]] void fail(int error) const;

  const std::string path_;
  const StopSignal stop_;
  const bool is_guest_;
  Descriptor port_;
  std::shared_ptr<const termios2> before_;  // of a guest: as open() found it
  std::optional<LineSettings> line_;        // as set; none after open()
  Timer write_deadline_;
};

}  // namespace twinsky
