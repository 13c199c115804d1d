// SPDX-License-Identifier: Apache-2.0
// Modbus RTU over whatever carries its bytes: a serial port, or a connection to a serial server.
#pragma once

#include "drivers/adu.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/timer.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace twinsky {

// The bytes' way, used by the bus's thread alone.
struct RtuWire {
  // Before each request: speed and format of the device.
  std::function<void(const LineSettings&)> use;
  std::function<void(Bytes)> write;
  // What has arrived, at least one byte; 0 when the deadline is over.
  std::function<std::size_t(std::span<std::byte>, const Timer&)> read;
};

// A reply does not say to which question, so one that comes too late would be taken for that to the
// next. A unit that owes one is not asked again, by whichever sensor, before it has come or the
// time is over in which it could. Other units are asked meanwhile: their replies bear another
// number.
class OwedReplies {
 public:
  void owe(int unit, Bytes request, MonotonicTime asked, MonotonicTime now);
  // Until when at the latest; nullopt: nothing.
  [[nodiscard]] std::optional<MonotonicTime> owes_until(int unit, MonotonicTime now);
  // What came on the line and was no reply to the present question; `came_now`: it was waited for,
  // else it may have lain there for long.
  void look_at(Bytes stray, MonotonicTime now, bool came_now);
  void note(int unit, MonotonicTime::duration latency);
  [[nodiscard]] Link::AnswerTimes times(int unit) const;

 private:
  struct Owed {
    std::vector<std::byte> request;
    MonotonicTime asked{};
    MonotonicTime until{};
  };
  std::map<int, Owed> owed_;
  std::map<int, Link::AnswerTimes> times_;
  std::vector<std::byte> stray_;
};

std::unique_ptr<RequestLink> make_rtu_link(RtuWire& wire, OwedReplies& owed,
                                           const BusSurroundings& surroundings,
                                           const DeviceSettings& device, bool has_echo);

}  // namespace twinsky
