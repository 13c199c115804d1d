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
  thread.clock.settle(1);
  FeedSettings less = air;
  less.stations = {"north"};
  thread.follower->change({weather, less});
  EXPECT_EQ(thread.wait_for_closed(1), std::set<std::string>{"ref/hk-epd/mong-kok"});
  thread.fetcher->wait_for(3);
  EXPECT_NE(thread.fetcher->asked()[2].request.url.find("24pc"), std::string::npos);
  thread.clock.settle(1);
  thread.follower->change({});
  EXPECT_EQ(
      thread.wait_for_closed(3),
      (std::set<std::string>{"ref/hk-epd/mong-kok", "ref/hk-epd/north", "ref/hk-hko/kings-park"}));
  EXPECT_EQ(thread.fetcher->asked().size(), 3U) << "the weather was not asked for again";
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
