// SPDX-License-Identifier: Apache-2.0
// The clock of a rehearsal: when all threads wait, it leaps to the next moment for which one of
// them waits. So a week passes as fast as the work of a week can be done, and however slow the
// machine is, nothing comes later than in time.
#pragma once

#include "gateway/model/clock.hpp"

#include <memory>
#include <thread>

namespace twinsky {

// While a thread that takes part (see Presence) is at work, time stands. Others may wait here too,
// but are not waited for: those of brokers live in the network's time.
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
  friend class Presence;
  struct Threads;

  const UtcTime start_;
  const UtcTime end_;
  const std::unique_ptr<Threads> threads_;
  std::jthread leaper_;
};

// As long as it lives, the calling thread takes part in a rehearsal. Means nothing to other clocks.
class Presence {
 public:
  explicit Presence(Clock& clock);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  FastClock* const clock_;  // nullptr: no rehearsal
};

}  // namespace twinsky
