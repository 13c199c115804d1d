// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <list>
#include <map>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

// A thread that was notified by another is at work for us only once it has run: so long all must
// have been quiet, and then none may be about to run.
constexpr std::chrono::microseconds quiet{50};
constexpr milliseconds starting{100};

// The kernel's word on one thread: "17 (bus i2c-1) S 1 ...".
class ThreadState {
 public:
  ThreadState() : file_(::open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC)) {}
  ~ThreadState() { ::close(file_); }
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;

  // False where the kernel says nothing.
  [[nodiscard]] bool is_running() const {
    std::array<char, 64> text{};
    const auto length = ::pread(file_, text.data(), text.size(), 0);
    const std::string_view line(text.data(),
                                static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    const std::size_t name_end = line.rfind(") ");
    return name_end != line.npos && line.substr(name_end + 2).starts_with('R');
  }

 private:
  const int file_;
};

// One call of wait(), from its beginning to its end.
struct Waiter {
  std::mutex& mutex;  // what the caller waits with
  std::condition_variable& changed;
  const MonotonicTime deadline;
  bool takes_part = false;
  bool is_due = false;   // guarded by Threads::mutex; leapt to: at work, and about to be told
  bool is_told = false;  // guarded by `mutex`; from then on the clock knows it no longer
};

}  // namespace

struct FastClock::Threads {
  std::mutex mutex;
  std::condition_variable_any all_wait;
  std::map<std::thread::id, std::shared_ptr<const ThreadState>> present;  // guarded by mutex
  std::size_t at_work = 0;                                                // guarded by mutex
  std::list<Waiter*> waiting;  // guarded by mutex; those that are not due
  std::uint64_t moves = 0;     // guarded by mutex; waits that began or ended
  bool has_begun = false;      // guarded by mutex
  MonotonicTime reached{};     // guarded by mutex; by leaps
  MonotonicTime ended{};       // guarded by mutex; the system's time when they came to the end
  const MonotonicTime end;

  explicit Threads(MonotonicTime the_end) : end(the_end) {}

  // Guarded by mutex.
  [[nodiscard]] MonotonicTime now() const {
    return reached < end ? reached : end + (std::chrono::steady_clock::now() - ended);
  }
  // When the system's own clock will show that this one has come to `time`; max: only a leap leads
  // there. Guarded by mutex.
  [[nodiscard]] MonotonicTime real_time_of(MonotonicTime time) const {
    const bool is_leapt_to = reached < end || time == MonotonicTime::max();
    return is_leapt_to ? MonotonicTime::max() : ended + (time - end);
  }
  // Where the next leap goes to; max: not now. Guarded by mutex.
  [[nodiscard]] MonotonicTime next() const {
    if (!has_begun || at_work > 0 || waiting.empty() || reached >= end) return MonotonicTime::max();
    return (*std::ranges::min_element(waiting, {}, &Waiter::deadline))->deadline;
  }
  // Guarded by mutex.
  [[nodiscard]] std::vector<std::shared_ptr<const ThreadState>> states() const {
    std::vector<std::shared_ptr<const ThreadState>> states;
    for (const auto& [id, state] : present) states.push_back(state);
    return states;
  }
  // `lock` holds mutex and lets it go while the sleepers are told: one that is about to sleep holds
  // its own and asks for ours. A call without the sleeper's own lock would come before it sleeps.
  void leap(MonotonicTime to, std::unique_lock<std::mutex>& lock) {
    reached = std::min(to, end);
    ended = std::chrono::steady_clock::now();
    std::vector<Waiter*> due;
    for (auto each = waiting.begin(); each != waiting.end();) {
      Waiter& waiter = **each;
      // At the end all are told: from there on they sleep by the system's clock.
      if (waiter.deadline > reached && reached < end) {
        ++each;
        continue;
      }
      waiter.is_due = true;
      if (waiter.takes_part) ++at_work;  // from now on, even if it takes a while to notice
      due.push_back(&waiter);
      each = waiting.erase(each);
    }
    lock.unlock();
    for (Waiter* waiter : due) {
      const std::lock_guard own(waiter->mutex);
      waiter->is_told = true;
      waiter->changed.notify_all();
    }
    lock.lock();
  }
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (next() == MonotonicTime::max()) {
        all_wait.wait(lock, stop, [this] { return next() != MonotonicTime::max(); });
        continue;
      }
      const std::uint64_t moves_before = moves;
      const auto threads = states();
      lock.unlock();
      std::this_thread::sleep_for(quiet);
      // While nobody has to wait for our mutex: who does so seems to sleep. And twice: who slept
      // for another's lock when it was looked at may have it by now, and that other sleep.
      const auto is_running = [](const auto& state) { return state->is_running(); };
      const bool is_quiet =
          std::ranges::none_of(threads, is_running) && std::ranges::none_of(threads, is_running);
      lock.lock();
      const MonotonicTime to = next();
      if (!is_quiet || moves != moves_before || to == MonotonicTime::max()) continue;
      leap(to, lock);
    }
  }
};

Presence::Presence(Clock& clock) : clock_(dynamic_cast<FastClock*>(&clock)) {
  if (clock_ == nullptr) return;
  FastClock::Threads& threads = *clock_->threads_;
  const std::lock_guard lock(threads.mutex);
  threads.present.emplace(std::this_thread::get_id(), std::make_shared<ThreadState>());
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

// Whatever ends the sleep, the caller gets to look: who called may have called for something else,
// and a call that was slept through would never come again.
void FastClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                     MonotonicTime deadline) {
  Threads& threads = *threads_;
  Waiter self{.mutex = *lock.mutex(), .changed = changed, .deadline = deadline};
  MonotonicTime until{};
  {
    const std::lock_guard own(threads.mutex);
    if (threads.now() >= deadline) return;
    self.takes_part = threads.present.contains(std::this_thread::get_id());
    ++threads.moves;
    threads.waiting.push_back(&self);
    if (self.takes_part) --threads.at_work;
    until = threads.real_time_of(deadline);
    threads.all_wait.notify_all();
  }
  if (until == MonotonicTime::max()) {
    changed.wait(lock);
  } else {
    changed.wait_until(lock, until);
  }
  {
    const std::lock_guard own(threads.mutex);
    if (!self.is_due) {
      threads.waiting.remove(&self);
      if (self.takes_part) ++threads.at_work;
      ++threads.moves;
      return;
    }
  }
  while (!self.is_told) changed.wait(lock);
}

}  // namespace twinsky
