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

class Follower::Thread {
 public:
  Thread(std::string gateway, std::vector<FeedSettings> feeds, std::unique_ptr<Fetcher> fetcher,
         FollowerOutlet outlet, Clock& clock, Log& log)
      : gateway_(std::move(gateway)),
        fetcher_(std::move(fetcher)),
        outlet_(std::move(outlet)),
        clock_(clock),
        log_(log),
        wanted_(std::move(feeds)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void change(std::vector<FeedSettings> feeds) {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(feeds);
    changed_.notify_all();
  }

  void request_stop() { thread_.request_stop(); }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }

  [[nodiscard]] std::map<std::string, FeedCounters> counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  using Watches = std::vector<std::unique_ptr<FeedWatch>>;

  void run(const std::stop_token& stop) {
    const Presence presence(clock_);
    const std::stop_callback wake(stop, [this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    Watches watches;
    while (!stop.stop_requested()) {
      if (auto feeds = wait_until_due(watches, stop)) replace(watches, *std::move(feeds));
      for (const auto& watch : watches) {
        if (!stop.stop_requested() && watch->due() <= clock_.utc()) watch->step(stop);
      }
      show_counters(watches);
    }
    has_stopped_ = true;
  }

  // Returns when a request is due or a stop was asked for, or with feeds that shall be followed.
  std::optional<std::vector<FeedSettings>> wait_until_due(const Watches& watches,
                                                          const std::stop_token& stop) {
    // UTC may be set while we wait for it, so it is looked at again from time to time.
    constexpr milliseconds longest_wait{300'000};
    std::unique_lock lock(mutex_);
    while (!wanted_ && !stop.stop_requested()) {
      milliseconds pause = longest_wait;
      for (const auto& watch : watches) pause = std::min(pause, watch->due() - clock_.utc());
      if (pause.count() <= 0) break;
      clock_.wait(lock, changed_, clock_.now() + pause);
    }
    return std::exchange(wanted_, std::nullopt);
  }

  void replace(Watches& watches, std::vector<FeedSettings> feeds) {
    Watches next;
    for (FeedSettings& feed : feeds) {
      const auto same = std::ranges::find_if(
          watches, [&](const auto& watch) { return watch && watch->settings() == feed; });
      if (same != watches.end()) {
        next.push_back(std::move(*same));
      } else if (const FeedInfo* info = feed_named(feed.feed)) {
        next.push_back(
            std::make_unique<FeedWatch>(gateway_, std::move(feed), *info,
                                        FeedWatch::Surroundings{*fetcher_, outlet_, clock_, log_}));
      }
    }
    for (const auto& old : watches) {
      if (old == nullptr) continue;
      const auto successor = std::ranges::find_if(
          next, [&](const auto& watch) { return watch->settings().feed == old->settings().feed; });
      old->close_streams(successor == next.end() ? nullptr : successor->get());
    }
    watches = std::move(next);
  }

  void show_counters(const Watches& watches) {
    const std::lock_guard lock(mutex_);
    counters_.clear();
    for (const auto& watch : watches) counters_[watch->settings().feed] = watch->counters();
  }

  const std::string gateway_;
  const std::unique_ptr<Fetcher> fetcher_;
  const FollowerOutlet outlet_;
  Clock& clock_;
  Log& log_;

  std::atomic<bool> has_stopped_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::vector<FeedSettings>> wanted_;  // guarded by mutex_
  std::map<std::string, FeedCounters> counters_;     // guarded by mutex_
  std::jthread thread_;                              // last: it uses all of the above
};

Follower::Follower(std::string gateway, std::vector<FeedSettings> feeds,
                   std::unique_ptr<Fetcher> fetcher, FollowerOutlet outlet, Clock& clock, Log& log)
    : thread_(std::make_unique<Thread>(std::move(gateway), std::move(feeds), std::move(fetcher),
                                       std::move(outlet), clock, log)) {}
Follower::~Follower() = default;

void Follower::change(std::vector<FeedSettings> feeds) {
  thread_->change(std::move(feeds));
}
void Follower::request_stop() {
  thread_->request_stop();
}
bool Follower::has_stopped() const {
  return thread_->has_stopped();
}
std::map<std::string, FeedCounters> Follower::counters() const {
  return thread_->counters();
}

}  // namespace twinsky
