// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/follower.hpp"

#include "canned_fetcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using std::chrono::floor;
using std::chrono::hours;

struct Thread {
  explicit Thread(std::vector<FeedSettings> feeds) {
    auto canned = std::make_unique<CannedFetcher>(clock, [this](const FetchRequest& request) {
      const UtcTime hour = floor<hours>(clock.utc());
      return request.url.find("24pc") == std::string::npos
                 ? answer(
                       "Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n"
                       "202611221040,King's Park,20.1\n")
                 : answer(concentrations(hour));
    });
    fetcher = canned.get();
    FollowerOutlet outlet{.open = [](const StreamDescription&) {},
                          .close =
                              [this](std::string_view stream) {
                                const std::lock_guard lock(mutex);
                                closed.emplace_back(stream);
                                changed.notify_all();
                              },
                          .take = [](std::string_view, const Sample&, std::string_view) {},
                          .announce = [](std::string_view, std::string_view, std::string_view) {}};
    follower = std::make_unique<Follower>("mk-roof", std::move(feeds), std::move(canned),
                                          std::move(outlet), clock, log);
  }
  std::set<std::string> wait_for_closed(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 20s, [&] { return closed.size() >= count; });
    return {closed.begin(), closed.end()};
  }

  ManualClock clock{at("2026-11-22T02:40:00Z")};
  Log log{LogLevel::error};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> closed;  // guarded by mutex
  CannedFetcher* fetcher = nullptr;
  std::unique_ptr<Follower> follower;
};

FeedSettings near(FeedSettings settings) {
  settings.settings.set("allow_private_addresses", true);
  return settings;
}

TEST(follower, a_change_leaves_alone_what_is_the_same) {
  const FeedSettings air = near(settings_of("hk-epd", {"24pc"}));
  const FeedSettings weather = near(settings_of("hk-hko", {"latest_1min_temperature"}));
  Thread thread({air, weather});
  thread.fetcher->wait_for(2);
  thread.clock.settle(2);
  FeedSettings less = air;
  less.stations = {"north"};
  thread.follower->change({weather, less});
  EXPECT_EQ(thread.wait_for_closed(1), std::set<std::string>{"ref/hk-epd/mong-kok"});
  thread.fetcher->wait_for(3);
  EXPECT_NE(thread.fetcher->asked()[2].request.url.find("24pc"), std::string::npos);
  thread.clock.settle(2);
  thread.follower->change({});
  EXPECT_EQ(
      thread.wait_for_closed(3),
      (std::set<std::string>{"ref/hk-epd/mong-kok", "ref/hk-epd/north", "ref/hk-hko/kings-park"}));
  EXPECT_EQ(thread.fetcher->asked().size(), 3U) << "the weather was not asked for again";
}

// Says nothing to one host until it is stopped, and at once to the others.
class SlowHost final : public Fetcher {
 public:
  explicit SlowHost(const Clock& clock) : clock_(clock) {}
  FetchReply get(const FetchRequest& request, const std::stop_token& stop) override {
    if (request.url.find("aqhi") != std::string::npos) {
      return answer(concentrations(floor<hours>(clock_.utc())));
    }
    std::unique_lock lock(mutex_);
    is_asked_ = true;
    changed_.notify_all();
    changed_.wait(lock, stop, [] { return false; });
    return no_answer();
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 20s, [this] { return is_asked_; }));
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_asked_ = false;  // guarded by mutex_
};

TEST(follower, an_agency_that_does_not_answer_delays_no_other) {
  ManualClock clock{at("2026-11-22T02:40:00Z")};
  Log log{LogLevel::error};
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t taken = 0;
  auto slow = std::make_unique<SlowHost>(clock);
  SlowHost& host = *slow;
  FollowerOutlet outlet{.open = [](const StreamDescription&) {},
                        .close = [](std::string_view) {},
                        .take =
                            [&](std::string_view, const Sample&, std::string_view) {
                              const std::lock_guard lock(mutex);
                              ++taken;
                              changed.notify_all();
                            },
                        .announce = [](std::string_view, std::string_view, std::string_view) {}};
  const FeedSettings dribbling = near(settings_of("hk-hko", {"latest_1min_temperature"}));
  Follower follower("mk-roof", {dribbling}, std::move(slow), outlet, clock, log);
  host.wait_until_asked();
  follower.change({dribbling, near(settings_of("hk-epd", {"24pc"}))});
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return taken == 4; })) << taken;
  }
  // Nobody waits for one that is taken out either.
  follower.change({});
  follower.request_stop();
}

TEST(follower, stops_when_asked) {
  Thread thread({near(settings_of("hk-epd", {"24pc"}))});
  thread.fetcher->wait_for(1);
  thread.clock.settle(1);
  EXPECT_EQ(thread.follower->counters().at("hk-epd").samples, 4U);
  EXPECT_FALSE(thread.follower->has_stopped());
  thread.follower->request_stop();
  thread.follower.reset();
}

}  // namespace
}  // namespace twinsky
