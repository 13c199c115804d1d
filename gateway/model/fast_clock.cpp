// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <list>
#include <vector>

namespace twinsky {
namespace {

// A thread that was notified by another is seen to work only once it runs: so long all must have
// been quiet.
constexpr std::chrono::microseconds quiet{50};
// A leap's notification may come and go between here and the wait; the short bound catches that.
constexpr milliseconds longest_sleep{5};
constexpr milliseconds starting{100};

struct Waiter {
  MonotonicTime deadline;
  std::condition_variable* changed;
};

}  // namespace

struct FastClock::Threads {
  std::mutex mutex;
  std::condition_variable_any all_wait;
  std::size_t at_work = 0;    // guarded by mutex
  std::list<Waiter> waiting;  // guarded by mutex
  std::uint64_t moves = 0;    // guarded by mutex; waits that began or ended
  bool has_begun = false;     // guarded by mutex
  MonotonicTime reached{};    // guarded by mutex; by leaps
  MonotonicTime ended{};      // guarded by mutex; the system's time when they came to the end
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
      ++at_work;  // from now on, even if it takes a while to notice
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

// That a thread is known to a clock.
class FastClock::Presence {
 public:
  explicit Presence(std::shared_ptr<Threads> threads) : threads_(std::move(threads)) {
    const std::lock_guard lock(threads_->mutex);
    ++threads_->at_work;
  }
  Presence(Presence&&) noexcept = default;
  Presence& operator=(Presence&&) noexcept = default;
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() {
    if (!threads_) return;
    const std::lock_guard lock(threads_->mutex);
    --threads_->at_work;
    threads_->all_wait.notify_all();
  }
  [[nodiscard]] bool is_of(const std::shared_ptr<Threads>& threads) const {
    return threads_ == threads;
  }

 private:
  std::shared_ptr<Threads> threads_;
};

FastClock::FastClock(UtcTime start, UtcTime end)
    : start_(start),
      end_(end),
      threads_(std::make_shared<Threads>(MonotonicTime{} + (end - start))),
      leaper_([threads = threads_](const std::stop_token& stop) { threads->run(stop); }) {}

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

void FastClock::attend() {
  thread_local std::vector<Presence> presences;
  const auto is_known = [this](const Presence& each) { return each.is_of(threads_); };
  if (std::ranges::none_of(presences, is_known)) presences.emplace_back(threads_);
}

void FastClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                     MonotonicTime deadline) {
  attend();
  Threads& threads = *threads_;
  const Waiter* self = nullptr;
  {
    const std::lock_guard own(threads.mutex);
    if (threads.now() >= deadline) return;
    self = &threads.waiting.emplace_back(deadline, &changed);
    --threads.at_work;
    ++threads.moves;
    threads.all_wait.notify_all();
  }
  changed.wait_for(lock, longest_sleep);
  const std::lock_guard own(threads.mutex);
  const bool is_awake =
      threads.waiting.remove_if([self](const Waiter& each) { return &each == self; }) == 0;
  if (is_awake) return;  // by a leap, which counted it
  ++threads.at_work;
  ++threads.moves;
}

}  // namespace twinsky
