// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <list>
#include <set>

namespace twinsky {
namespace {

// A thread that was notified by another is seen to work only once it runs: so long all must have
// been quiet.
constexpr std::chrono::microseconds quiet{50};
// A leap's notification may come and go between here and the wait; the short bound catches that.
constexpr milliseconds longest_sleep{5};
constexpr milliseconds starting{100};

struct Waiter {
  std::uint64_t number;
  bool takes_part;
  MonotonicTime deadline;
  std::condition_variable* changed;
};

}  // namespace

struct FastClock::Threads {
  std::mutex mutex;
  std::condition_variable_any all_wait;
  std::set<std::thread::id> present;  // guarded by mutex
  std::size_t at_work = 0;            // guarded by mutex
  std::list<Waiter> waiting;          // guarded by mutex
  std::uint64_t moves = 0;            // guarded by mutex; waits that began or ended
  bool has_begun = false;             // guarded by mutex
  MonotonicTime reached{};            // guarded by mutex; by leaps
  MonotonicTime ended{};  // guarded by mutex; the system's time when they came to the end
  const MonotonicTime end;

  explicit Threads(MonotonicTime the_end) : end(the_end) {}

  // Guarded by mutex.
  [[nodiscard]] MonotonicTime now() const {
    return reached < end ? reached : end + (std::chrono::steady_clock::now() - ended);
  }
  // Where the next leap goes to; max: not now. Guarded by mutex.
  [[nodiscard]] MonotonicTime next() const {
    if (!has_begun || at_work > 0 || waiting.empty() || reached >= end) return MonotonicTime::max();
    return std::ranges::min_element(waiting, {}, &Waiter::deadline)->deadline;
  }
  // Guarded by mutex.
  void leap(MonotonicTime to) {
    reached = std::min(to, end);
    ended = std::chrono::steady_clock::now();
    for (auto each = waiting.begin(); each != waiting.end();) {
      if (each->deadline > reached) {
        ++each;
        continue;
      }
      if (each->takes_part) ++at_work;  // from now on, even if it takes a while to notice
      each->changed->notify_all();
      each = waiting.erase(each);
    }
  }
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (next() == MonotonicTime::max()) {
        all_wait.wait(lock, stop, [this] { return next() != MonotonicTime::max(); });
        continue;
      }
      const std::uint64_t moves_before = moves;
      lock.unlock();
      std::this_thread::sleep_for(quiet);
      lock.lock();
      const MonotonicTime to = next();
      if (moves == moves_before && to != MonotonicTime::max()) leap(to);
    }
  }
};

Presence::Presence(Clock& clock) : clock_(dynamic_cast<FastClock*>(&clock)) {
  if (clock_ == nullptr) return;
  FastClock::Threads& threads = *clock_->threads_;
  const std::lock_guard lock(threads.mutex);
  threads.present.insert(std::this_thread::get_id());
  ++threads.at_work;
}

Presence::~Presence() {
  if (clock_ == nullptr) return;
  FastClock::Threads& threads = *clock_->threads_;
  const std::lock_guard lock(threads.mutex);
  threads.present.erase(std::this_thread::get_id());
  --threads.at_work;
  threads.all_wait.notify_all();
}

FastClock::FastClock(UtcTime start, UtcTime end)
    : start_(start),
      end_(end),
      threads_(std::make_unique<Threads>(MonotonicTime{} + (end - start))),
      leaper_([threads = threads_.get()](const std::stop_token& stop) { threads->run(stop); }) {}

FastClock::~FastClock() = default;

void FastClock::begin() {
  std::this_thread::sleep_for(starting);
  const std::lock_guard lock(threads_->mutex);
  threads_->has_begun = true;
  threads_->all_wait.notify_all();
}

MonotonicTime FastClock::now() const {
  const std::lock_guard lock(threads_->mutex);
  return threads_->now();
}

UtcTime FastClock::utc() const {
  return start_ + std::chrono::floor<milliseconds>(now().time_since_epoch());
}

void FastClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                     MonotonicTime deadline) {
  Threads& threads = *threads_;
  std::uint64_t number = 0;
  bool takes_part = false;
  {
    const std::lock_guard own(threads.mutex);
    if (threads.now() >= deadline) return;
    number = ++threads.moves;
    takes_part = threads.present.contains(std::this_thread::get_id());
    threads.waiting.push_back({number, takes_part, deadline, &changed});
    if (takes_part) --threads.at_work;
    threads.all_wait.notify_all();
  }
  for (;;) {
    const std::cv_status status = changed.wait_for(lock, longest_sleep);
    const std::lock_guard own(threads.mutex);
    const auto self = std::ranges::find(threads.waiting, number, &Waiter::number);
    if (self == threads.waiting.end()) return;  // leapt to, and counted
    // Nobody called: to go on sleeping is no move, which would keep time from leaping.
    if (status == std::cv_status::timeout && threads.now() < deadline) continue;
    threads.waiting.erase(self);
    if (takes_part) ++threads.at_work;
    ++threads.moves;
    return;
  }
}

}  // namespace twinsky
