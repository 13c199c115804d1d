// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/follower.hpp"

#include "gateway/acquire/feed_watch.hpp"
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace twinsky {

// One feed's; at rest without settings.
class Follower::Thread {
 public:
  Thread(const Follower& follower, const std::string& feed)
      : gateway_(follower.gateway_),
        at_{*follower.fetcher_, follower.outlet_, follower.clock_, follower.log_},
        guard_("feed " + feed, follower.clock_, follower.log_),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void change(std::optional<FeedSettings> feed) {
    const std::lock_guard lock(mutex_);
    if (wanted_ == feed) return;
    wanted_ = std::move(feed);
    has_changed_ = true;
    changed_.notify_all();
  }

  void request_stop() { thread_.request_stop(); }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }

  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }

  // Nothing: it rests.
  [[nodiscard]] std::optional<FeedCounters> counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  void run(const std::stop_token& stop) {
    const Presence presence(at_.clock);
    const std::stop_callback wake(stop, [this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    std::unique_ptr<FeedWatch> watch;
    while (!stop.stop_requested()) {
      if (!guard_.turn([&] { turn(watch, stop); })) guard_.pause(stop);
    }
    has_stopped_ = true;
  }

  void turn(std::unique_ptr<FeedWatch>& watch, const std::stop_token& stop) {
    if (wait_until_due(watch.get(), stop)) replace(watch);
    if (watch && !stop.stop_requested() && watch->due() <= at_.clock.utc()) watch->step(stop);
    show_counters(watch.get());
  }

  // Returns when a request is due or a stop was asked for; true: other settings are wanted.
  bool wait_until_due(const FeedWatch* watch, const std::stop_token& stop) {
    // UTC may be set while we wait for it, so it is looked at again from time to time.
    constexpr milliseconds longest_wait{300'000};
    std::unique_lock lock(mutex_);
    while (!has_changed_ && !stop.stop_requested()) {
      milliseconds pause = longest_wait;
      if (watch != nullptr) pause = std::min(pause, watch->due() - at_.clock.utc());
      if (pause.count() <= 0) break;
      at_.clock.wait(lock, changed_, at_.clock.now() + pause);
    }
    return std::exchange(has_changed_, false);
  }

  void replace(std::unique_ptr<FeedWatch>& watch) {
    std::optional<FeedSettings> wanted;
    {
      const std::lock_guard lock(mutex_);
      wanted = wanted_;
    }
    const FeedInfo* const info = wanted ? feed_named(wanted->feed) : nullptr;
    std::unique_ptr<FeedWatch> next;
    if (info != nullptr) {
      next = make_watch(*std::move(wanted), *info);
    }
    if (watch) watch->close_streams(next.get());
    watch = std::move(next);
  }

  // What cannot be made is tried again.
  std::unique_ptr<FeedWatch> make_watch(FeedSettings wanted, const FeedInfo& info) {
    try {
      return std::make_unique<FeedWatch>(gateway_, std::move(wanted), info, at_);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      has_changed_ = true;
      throw;
    }
  }

  void show_counters(const FeedWatch* watch) {
    const std::lock_guard lock(mutex_);
    counters_ = watch == nullptr ? std::nullopt : std::optional(watch->counters());
  }

  const std::string gateway_;
  const FeedWatch::Surroundings at_;
  Guard guard_;

  std::atomic<bool> has_stopped_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<FeedSettings> wanted_;    // guarded by mutex_
  bool has_changed_ = false;              // guarded by mutex_
  std::optional<FeedCounters> counters_;  // guarded by mutex_
  std::jthread thread_;                   // last: it uses all of the above
};

Follower::Follower(std::string gateway, std::vector<FeedSettings> feeds,
                   std::unique_ptr<Fetcher> fetcher, FollowerOutlet outlet, Clock& clock, Log& log)
    : gateway_(std::move(gateway)),
      fetcher_(std::move(fetcher)),
      outlet_(std::move(outlet)),
      clock_(clock),
      log_(log) {
  change(std::move(feeds));
}

// All are asked before the first is waited for.
Follower::~Follower() {
  request_stop();
}

void Follower::change(std::vector<FeedSettings> feeds) {
  for (const auto& [name, thread] : threads_) {
    if (std::ranges::find(feeds, name, &FeedSettings::feed) == feeds.end()) {
      thread->change(std::nullopt);
    }
  }
  for (FeedSettings& feed : feeds) {
    auto& thread = threads_[feed.feed];
    if (!thread) thread = std::make_unique<Thread>(*this, feed.feed);
    thread->change(std::move(feed));
  }
}
void Follower::request_stop() {
  for (const auto& [name, thread] : threads_) thread->request_stop();
}
bool Follower::has_stopped() const {
  return std::ranges::all_of(threads_, [](const auto& each) { return each.second->has_stopped(); });
}
GuardStatus Follower::guard_status() const {
  GuardStatus all;
  for (const auto& [name, thread] : threads_) {
    const GuardStatus one = thread->guard_status();
    all.exceptions += one.exceptions;
    if (!one.problem.empty()) all.problem = name + ": " + one.problem;
  }
  return all;
}
std::map<std::string, FeedCounters> Follower::counters() const {
  std::map<std::string, FeedCounters> counters;
  for (const auto& [name, thread] : threads_) {
    if (const auto of_feed = thread->counters()) counters[name] = *of_feed;
  }
  return counters;
}

}  // namespace twinsky
