// SPDX-License-Identifier: Apache-2.0
// The one door into a sink's thread: events of its connections, answers of look-ups, and the wishes
// of the rest of the program. It outlives everything that may still knock. Any thread posts,
// the sink's thread waits.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/sinks/format.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

// Where a message stands among those under way: 0, 1, 2 …
using Place = std::size_t;
// Of a message whose fate nobody asks for: when it does not arrive, the connection is lost.
inline constexpr Place nowhere = std::numeric_limits<Place>::max();

// What the far end can do.
struct TransportLimits {
  static constexpr auto any_size = std::numeric_limits<std::size_t>::max();

  std::size_t places = 100;                 // messages under way at most
  milliseconds acknowledge_within{30'000};  // longer silence is the end of a connection
  std::size_t largest_message = any_size;   // as size_of() says
  std::size_t largest_payload = any_size;
  bool can_retain = true;
  bool can_expire = true;
  // That it is connected proves nothing: the last time it was, it took nothing. So what was said
  // then holds until a message has arrived.
  bool is_in_doubt = false;
  std::size_t (*size_of)(const Message&) = [](const Message& message) {
    return message.payload.size();
  };
};

// How an attempt or a connection ended, with words for people.
struct Ending {
  enum class Kind : std::uint8_t {
    stopped,      // we were asked to
    unreachable,  // no connection, or no answer
    denied,       // wrong password, certificate or right: does not pass by itself
    taken_over,   // another one came in our name
    lost,         // it was connected
  };
  Kind kind{};
  std::string words;
  // There is another way that is worth being tried at once: another address, an older version.
  bool has_another_way = false;
  milliseconds rest_at_least{0};  // it asks for that
};

// What a transport tells of a connection. Whoever posts it knows no more than its code and text;
// Transport::explain() says what they mean.
struct TransportEvent {
  enum class Kind : std::uint8_t {
    connected,  // limits, as far as they are told
    failed,     // to connect
    lost,
    arrived,  // a message, as far as the far end tells
    refused,
    shown,  // what the far end remembers: text is where, payload what
    asked,  // text is where
    not_asked,
    closed,    // nothing more comes from this connection
    resolved,  // by a look-up: the transport's own
  };
  Kind kind{};
  std::uint64_t connection = 0;  // which one it comes from
  Place place = 0;
  int code = 0;
  std::string text{};
  std::string payload{};
  // Of what was shown: where the answer is wanted, and what it shall be known by; empty: not told.
  std::string reply_to{};
  std::string correlation{};
  TransportLimits limits{};
  // As explained.
  Ending ending{};
  bool is_too_large = false;  // what was refused
  std::string remedy{};       // what a person does about it; empty: what the session knows
};

class Inbox {
 public:
  // How long may wait what nobody waits for.
  static constexpr milliseconds patience{1000};
  // How soon after rows the next rows wake the thread.
  static constexpr milliseconds pace{5};

  void post(TransportEvent event) {
    {
      const std::lock_guard lock(mutex_);
      const bool is_urgent = event.kind != TransportEvent::Kind::arrived || awaits_arrivals_;
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

  // Waits for anything, at most until `deadline`; the events so far. `awaits_arrivals`: an
  // acknowledgement is reason enough to wake.
  std::vector<TransportEvent> wait(Clock& clock, MonotonicTime deadline,
                                   bool awaits_arrivals = true) {
    std::unique_lock lock(mutex_);
    if (is_nudged_) deadline = std::min(deadline, clock.now() + patience);
    is_nudged_ = false;
    awaits_arrivals_ = awaits_arrivals;
    if (awaits_arrivals && !events_.empty()) woken_ = true;
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
  std::vector<TransportEvent> events_;              // guarded by mutex_
  bool woken_ = false;                              // guarded by mutex_
  bool has_rows_ = false;                           // guarded by mutex_
  MonotonicTime rows_from_ = MonotonicTime::min();  // guarded by mutex_; not before
  bool is_nudged_ = false;                          // guarded by mutex_
  bool awaits_arrivals_ = true;                     // guarded by mutex_
  MonotonicTime wakes_at_ = MonotonicTime::min();   // guarded by mutex_; while it waits
  std::optional<MonotonicTime> stop_deadline_;      // guarded by mutex_
};

}  // namespace twinsky
