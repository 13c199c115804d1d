// SPDX-License-Identifier: Apache-2.0
// Around the loop of every thread: decides what becomes of an exception that nobody below expected.
// It is counted (`health` shows it), told once, and the loop goes on after a pause that grows while
// it fails; memory that ran out is no other case. A BrokenInvariant ends the process.
//
//   while (!stop.stop_requested()) {
//     if (!guard.turn([&] { do_what_is_due(); })) guard.pause(stop);
//   }
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/system/log.hpp"

#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace twinsky {

struct GuardStatus {
  std::uint64_t exceptions = 0;  // since the start
  std::string problem;           // empty: it has run well lately
};

class Guard {
 public:
  // `name` is the thread's, for people: "bus i2c-1", "feed hk-epd", "hours".
  Guard(std::string name, Clock& clock, Log& log);

  // One turn of the loop, on its thread; false when something was thrown out of it.
  template <class Work>
  bool turn(Work&& work) noexcept {
    try {
      std::forward<Work>(work)();
    } catch (...) {
      caught();
      return false;
    }
    went_well();
    return true;
  }
  // In a catch clause of a turn that goes on all the same: what is being handled counts.
  void caught() noexcept;
  // After a turn that failed: waits; false when a stop was asked for before it was over.
  bool pause(const std::stop_token& stop) noexcept;
  // How long that is, for a loop that waits by other means.
  [[nodiscard]] milliseconds pause_length() const { return pause_; }

  // Any thread.
  [[nodiscard]] GuardStatus status() const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void tell_failure(const char* what) noexcept;
  void went_well() noexcept;

  const std::string name_;
  Clock& clock_;
  Log& log_;
  // The loop's thread's.
  milliseconds pause_{0};
  MonotonicTime failed_at_{};
  bool is_failing_ = false;

  mutable std::mutex mutex_;
  GuardStatus status_;  // guarded by mutex_
};

}  // namespace twinsky
