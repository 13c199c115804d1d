// SPDX-License-Identifier: Apache-2.0
// The one door into a sink's thread: events of its broker connections, answers of look-ups, and the
// wishes of the rest of the program. It outlives everything that may still knock. Any thread posts,
// the sink's thread waits.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"
#include "gateway/publish/flight.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

// What a broker told on connecting; the defaults are what it means by saying nothing.
struct BrokerLimits {
  std::size_t receive_maximum = 65535;
  std::size_t maximum_packet = 268'435'455;
  bool can_retain = true;
  int maximum_qos = 2;
};

struct BrokerEvent {
  enum class Kind : std::uint8_t {
    connected,
    not_connected,  // code: of CONNACK, or negative
    lost,           // code: of the broker's DISCONNECT, or 0
    done,           // a message has arrived, as far as its QoS can tell
    refused,        // code: why the broker does not take it; negative: lost
    message,        // to a topic that we subscribe
    subscribed,
    not_subscribed,
    closed,    // the client is gone, nothing more comes from it
    resolved,  // by a look-up, in the generation of the attempt that asked
  };
  Kind kind{};
  std::uint64_t generation = 0;  // which client it comes from
  Place place = 0;
  int code = 0;
  std::string text{};
  std::string payload{};
  BrokerLimits limits{};
  std::optional<Result<std::vector<std::string>, std::string>> addresses{};
};

class Inbox {
 public:
  // How long may wait what nobody waits for.
  static constexpr milliseconds patience{1000};
  // How soon after rows the next rows wake the thread.
  static constexpr milliseconds pace{5};

  void post(BrokerEvent event) {
    {
      const std::lock_guard lock(mutex_);
      const bool is_urgent = event.kind != BrokerEvent::Kind::done || awaits_done_;
      events_.push_back(std::move(event));
      if (!is_urgent) return;
      woken_ = true;
    }
    changed_.notify_one();
  }
  // There is something to do, soon but not at once: the thread need not wake for every such thing.
  void nudge(MonotonicTime now) {
    {
      const std::lock_guard lock(mutex_);
      is_nudged_ = wakes_at_ == MonotonicTime::min();
      if (wakes_at_ <= now + patience) return;
      woken_ = true;
    }
    changed_.notify_one();
  }
  // There are new rows. While commits follow each other closely, the thread takes them together.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(has_rows_, true)) return;
    }
    changed_.notify_one();
  }
  void stop(MonotonicTime deadline) {
    {
      const std::lock_guard lock(mutex_);
      stop_deadline_ = deadline;
      woken_ = true;
    }
    changed_.notify_one();
  }
  // Set once a stop was asked for: by when to be gone.
  [[nodiscard]] std::optional<MonotonicTime> stop_deadline() const {
    const std::lock_guard lock(mutex_);
    return stop_deadline_;
  }

  // Waits for anything, at most until `deadline`; the events so far. `awaits_done`: an
  // acknowledgement is reason enough to wake.
  std::vector<BrokerEvent> wait(Clock& clock, MonotonicTime deadline, bool awaits_done = true) {
    std::unique_lock lock(mutex_);
    if (is_nudged_) deadline = std::min(deadline, clock.now() + patience);
    is_nudged_ = false;
    awaits_done_ = awaits_done;
    if (awaits_done && !events_.empty()) woken_ = true;
    wakes_at_ = deadline;
    for (MonotonicTime now = clock.now(); !woken_ && now < deadline; now = clock.now()) {
      if (has_rows_ && now >= rows_from_) break;
      clock.wait(lock, changed_, has_rows_ ? std::min(rows_from_, deadline) : deadline);
    }
    wakes_at_ = MonotonicTime::min();
    woken_ = false;
    if (std::exchange(has_rows_, false)) rows_from_ = clock.now() + pace;
    return std::exchange(events_, {});
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<BrokerEvent> events_;                 // guarded by mutex_
  bool woken_ = false;                              // guarded by mutex_
  bool has_rows_ = false;                           // guarded by mutex_
  MonotonicTime rows_from_ = MonotonicTime::min();  // guarded by mutex_; not before
  bool is_nudged_ = false;                          // guarded by mutex_
  bool awaits_done_ = true;                         // guarded by mutex_
  MonotonicTime wakes_at_ = MonotonicTime::min();   // guarded by mutex_; while it waits
  std::optional<MonotonicTime> stop_deadline_;      // guarded by mutex_
};

}  // namespace twinsky
