// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/fast_clock.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime start{milliseconds(1566086400000)};  // 2019-08-18T00:00:00Z

TEST(fast_clock, a_year_passes_as_fast_as_those_who_wait_can_work) {
  FastClock clock(start, start + 24h * 365);
  std::vector<UtcTime> daily;
  std::vector<UtcTime> weekly;
  const auto work = [&clock](milliseconds every, std::size_t count, std::vector<UtcTime>& times) {
    const Presence presence(clock);
    for (std::size_t n = 1; n <= count; ++n) {
      clock.pause_until(MonotonicTime{} + every * static_cast<int>(n), {});
      times.push_back(clock.utc());
    }
  };
  {
    const std::jthread one([&] { work(24h, 365, daily); });
    const std::jthread other([&] { work(24h * 7, 52, weekly); });
    clock.begin();
  }
  for (std::size_t n = 0; n < 364; ++n) EXPECT_EQ(daily.at(n), start + (n + 1) * 24h);
  for (std::size_t n = 0; n < 52; ++n) EXPECT_EQ(weekly.at(n), start + (n + 1) * 24h * 7);
}

TEST(fast_clock, time_stands_while_somebody_is_at_work) {
  FastClock clock(start, start + 24h);
  std::mutex mutex;
  std::condition_variable changed;
  bool is_done = false;
  UtcTime while_working{};
  {
    const std::jthread worker([&] {
      const Presence presence(clock);
      clock.pause_until(MonotonicTime{} + 1h, {});
      // At work, as when it waits for an answer of the network: outside of the clock.
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return is_done; });
      while_working = clock.utc();
    });
    const std::jthread sleeper([&] {
      const Presence presence(clock);
      clock.pause_until(MonotonicTime{} + 1h, {});
      {
        const std::lock_guard lock(mutex);
        is_done = true;
      }
      changed.notify_all();
      clock.pause_until(MonotonicTime{} + 2h, {});
      EXPECT_EQ(while_working, start + 1h);
      EXPECT_EQ(clock.utc(), start + 2h);
    });
    clock.begin();
  }
}

TEST(fast_clock, stands_before_it_begins_and_runs_on_after_its_end) {
  FastClock clock(start, start + 1h);
  std::stop_source stop;
  bool is_reached = true;
  std::jthread waiter(
      [&] { is_reached = clock.pause_until(MonotonicTime{} + 1min, stop.get_token()); });
  EXPECT_EQ(clock.utc(), start);
  stop.request_stop();
  waiter.join();
  EXPECT_FALSE(is_reached);
  waiter = std::jthread([&] { clock.pause_until(MonotonicTime{} + 1h + 2ms, {}); });
  clock.begin();
  waiter.join();
  EXPECT_GE(clock.utc(), start + 1h + 2ms);
}

// The calls that come while the sleeper cannot look: it must look once it can, not sleep on.
TEST(fast_clock, no_call_is_ignored_however_long_the_lock_was_held) {
  FastClock clock(start, start + 24h);
  std::mutex mutex;
  std::condition_variable changed;
  bool is_waiting = false;
  bool is_called = false;
  std::promise<UtcTime> woken;
  std::jthread sleeper([&] {
    const Presence presence(clock);
    std::unique_lock lock(mutex);
    is_waiting = true;
    changed.notify_all();
    const MonotonicTime deadline = MonotonicTime{} + 1h;
    while (!is_called && clock.now() < deadline) clock.wait(lock, changed, deadline);
    woken.set_value(clock.utc());
  });
  {
    const Presence presence(clock);  // time stands
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return is_waiting; });
      clock.begin();  // takes its moment while the sleeper's lock is held
      is_called = true;
      changed.notify_all();
    }
    auto time = woken.get_future();
    ASSERT_EQ(time.wait_for(10s), std::future_status::ready) << "the call was not heard";
    EXPECT_EQ(time.get(), start);
  }
}

// A leap's own call is heard too, though the clock does not hold what the sleeper waits with.
TEST(fast_clock, a_leap_is_heard_by_everybody_whom_it_concerns) {
  constexpr int rounds = 2000;
  FastClock clock(start, start + 1h * (rounds + 1));
  std::atomic<int> late = 0;
  const auto work = [&](milliseconds every, int count) {
    const Presence presence(clock);
    std::mutex mutex;
    std::condition_variable changed;
    for (int n = 1; n <= count; ++n) {
      std::unique_lock lock(mutex);
      const MonotonicTime deadline = MonotonicTime{} + every * n;
      while (clock.now() < deadline) clock.wait(lock, changed, deadline);
      if (clock.utc() != start + every * n) ++late;
    }
  };
  {
    const std::jthread one([&] { work(1h, rounds); });
    const std::jthread two([&] { work(2h, rounds / 2); });
    const std::jthread three([&] { work(1min, 60); });
    clock.begin();
  }
  EXPECT_EQ(late, 0);
}

// One asks another and waits for the answer, as for a commit: it takes no time, although the other
// gets to run late, since others want the processors too.
TEST(fast_clock, who_was_called_is_at_work_from_then_on) {
  constexpr int rounds = 1000;
  FastClock clock(start, start + 24h);
  std::vector<std::jthread> busy;
  for (unsigned n = 0; n < 2 * std::thread::hardware_concurrency(); ++n) {
    busy.emplace_back([](const std::stop_token& stop) {
      while (!stop.stop_requested()) continue;
    });
  }
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  int answered = 0;
  int late = 0;
  {
    const std::jthread answers([&] {
      const Presence presence(clock);
      std::unique_lock lock(mutex);
      while (answered < rounds && clock.now() < MonotonicTime{} + 20h) {
        clock.wait(lock, changed, MonotonicTime{} + 20h);
        answered = asked;
        changed.notify_all();
      }
    });
    const std::jthread asks([&] {
      const Presence presence(clock);
      std::unique_lock lock(mutex);
      for (int n = 1; n <= rounds; ++n) {
        const MonotonicTime due = MonotonicTime{} + 1min * n;
        while (clock.now() < due) clock.wait(lock, changed, due);
        asked = n;
        changed.notify_all();
        while (answered < asked && clock.now() < due + 10s) clock.wait(lock, changed, due + 10s);
        if (clock.now() != due) ++late;
      }
    });
    clock.begin();
  }
  EXPECT_EQ(late, 0);
}

TEST(fast_clock, who_waits_beyond_the_end_goes_on_in_real_time) {
  FastClock clock(start, start + 1h);
  std::mutex mutex;
  std::condition_variable changed;
  const MonotonicTime deadline = MonotonicTime{} + 1h + 20ms;
  {
    const std::jthread waiter([&] {
      const Presence presence(clock);
      std::unique_lock lock(mutex);
      while (clock.now() < deadline) clock.wait(lock, changed, deadline);
    });
    clock.begin();
  }
  EXPECT_GE(clock.now(), deadline);
  EXPECT_LT(clock.now(), deadline + 1h);
}

}  // namespace
}  // namespace twinsky
