// SPDX-License-Identifier: Apache-2.0
// What may be taken for the present when something is to be deleted by its age. A clock that is
// ahead looks like a long pause; so UTC that is more than a day later than monotonic time and the
// store's memory allow is believed only after the gateway has run with it for a day. Writer thread
// only.
#pragma once

#include "gateway/store/tables.hpp"

#include <optional>
#include <string>

namespace twinsky {

class ClockWitness {
 public:
  // The latest UTC that was believed, in milliseconds, among the values that the store remembers.
  static constexpr const char* name = "clock_was";

  ClockWitness(Tables& tables, const Clock& clock);

  void look();
  // nullopt: nothing attests to the clock.
  [[nodiscard]] std::optional<UtcTime> present() const {
    return is_set_ ? believed_ : std::nullopt;
  }
  // Inside a transaction.
  void save(Tables& tables) const;

 private:
  const Clock& clock_;
  bool is_set_ = false;
  std::optional<UtcTime> believed_;  // goes on with monotonic time
  MonotonicTime looked_;
  std::optional<MonotonicTime> ahead_since_;
};

// Of a value as it is remembered.
std::optional<UtcTime> read_clock_was(const std::optional<std::string>& text);

}  // namespace twinsky
