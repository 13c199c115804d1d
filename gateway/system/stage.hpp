// SPDX-License-Identifier: Apache-2.0
// What runs on threads of its own and can be asked to stop: a bus, the feeds, the hours, the
// comparisons, a sink, the audit log. Whoever owns stages asks all of them first and then waits for
// all of them together, up to a deadline, and never by a destructor: that waits for as long as it
// takes.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/system/guard.hpp"

#include <span>
#include <string>
#include <vector>

namespace twinsky {

class Stage {
 public:
  virtual ~Stage() = default;

  // For people, and the key in `health`: "bus i2c-1", "feeds", "sink city".
  [[nodiscard]] virtual std::string name() const = 0;
  // Asks it to end; returns at once. Any thread.
  virtual void request_stop() = 0;
  // Has it ended? Then the destructor waits for nothing.
  [[nodiscard]] virtual bool has_stopped() const = 0;
  // What it is waiting for, for people ("the device", "name broker.example.org"); may be empty.
  [[nodiscard]] virtual std::string waits_for() const { return {}; }
  // Of its guards.
  [[nodiscard]] virtual GuardStatus guard_status() const = 0;
};

// Asks all to end and waits for them until `deadline`. Names those that had not, with what they
// wait for.
std::vector<std::string> stop_stages(std::span<Stage* const> stages, Clock& clock,
                                     MonotonicTime deadline);

}  // namespace twinsky
