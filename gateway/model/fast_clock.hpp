// SPDX-License-Identifier: Apache-2.0
// The clock of a rehearsal: when all threads wait, it leaps to the next moment for which one of
// them waits. So a week passes as fast as the work of a week can be done, and however slow the
// machine is, nothing comes later than in time.
#pragma once

#include "gateway/model/clock.hpp"

#include <memory>
#include <thread>

namespace twinsky {

// A thread counts from its first wait() to its end: while one of them is at work, time stands.
// Threads that never wait here (a client library's) are not waited for.
class FastClock final : public Clock {
 public:
  // Stands at `start` until begin(), and runs like any clock from `end` on.
  FastClock(UtcTime start, UtcTime end);
  ~FastClock() override;

  // All threads that take part have been started. Takes a moment, in which they get to wait.
  void begin();
  [[nodiscard]] UtcTime end() const { return end_; }

  [[nodiscard]] UtcTime utc() const override;
  [[nodiscard]] MonotonicTime now() const override;
  [[nodiscard]] bool is_set() const override { return true; }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override;

 private:
  struct Threads;
  class Presence;
  void attend();

  const UtcTime start_;
  const UtcTime end_;
  const std::shared_ptr<Threads> threads_;  // outlives the clock in threads that have met it
  std::jthread leaper_;
};

}  // namespace twinsky
