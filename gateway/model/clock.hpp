// SPDX-License-Identifier: Apache-2.0
// All time comes from here: UTC for what is stored, monotonic for what is waited for. A test drives
// a ManualClock, a rehearsal the FastClock; nothing else in the program asks the system for the
// time or sleeps.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

namespace twinsky {

using std::chrono::milliseconds;
using UtcTime = std::chrono::sys_time<milliseconds>;
using MonotonicTime = std::chrono::steady_clock::time_point;

// Any thread may call any member.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual UtcTime utc() const = 0;
  [[nodiscard]] virtual MonotonicTime now() const = 0;

  // False until something attests to UTC: NTP, or a battery clock that the kernel read at boot.
  [[nodiscard]] virtual bool is_set() const = 0;

  // Waits on `changed`, as std::condition_variable does: until notified, until `deadline`, or
  // spuriously. The caller holds `lock` and looks at its own condition again.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    MonotonicTime deadline) = 0;

  // Waits until `deadline`; false when a stop was asked for before it.
  bool pause_until(MonotonicTime deadline, const std::stop_token& stop);
};

// The system's clock.
class SystemClock final : public Clock {
 public:
  // `trusted`: take UTC as right whatever the kernel says (setting gateway.clock = "system").
  explicit SystemClock(bool trusted = false) : trusted_(trusted) {}
  [[nodiscard]] UtcTime utc() const override;
  [[nodiscard]] MonotonicTime now() const override;
  [[nodiscard]] bool is_set() const override;
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override;

 private:
  const bool trusted_;
};

// Stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UtcTime start) : utc_(start) {}
  [[nodiscard]] UtcTime utc() const override;
  [[nodiscard]] MonotonicTime now() const override;
  [[nodiscard]] bool is_set() const override;
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override;

  void advance(milliseconds step);   // both times
  void step_utc(milliseconds step);  // UTC alone, as NTP does
  void set_trust(bool is_set);       // what is_set() answers
  // Waits (in real time) until `count` threads are in wait(): all that can happen has happened.
  void settle(std::size_t count);

 private:
  mutable std::mutex mutex_;
  std::condition_variable waiting_changed_;
  std::multiset<std::condition_variable*> waiting_;  // guarded by mutex_
  UtcTime utc_;                                      // guarded by mutex_
  MonotonicTime now_{};                              // guarded by mutex_
  bool is_set_ = true;                               // guarded by mutex_
};

// "2026-11-22T02:30:00.123Z"
std::string iso8601(UtcTime time);
// Appends the same to `text`.
void append_iso8601(std::string& text, UtcTime time);
// Reads RFC 3339: a date, "T" or a blank, a time with or without seconds and fraction, then "Z" or
// an offset. Without either, `default_offset` is taken (both cities: 8 h); nullopt when wrong.
std::optional<UtcTime> parse_time(std::string_view text,
                                  std::optional<std::chrono::minutes> default_offset = {});
// "10s", "500ms", "5min", "2h", "400d"; nullopt when wrong or negative.
std::optional<milliseconds> parse_duration(std::string_view text);
// The shortest such text: "10s", "1h".
std::string duration_text(milliseconds duration);

}  // namespace twinsky
