// SPDX-License-Identifier: Apache-2.0
// One thread for all feeds: fetches each when its update is due, once, with a few bounded retries,
// conditionally, and at a moment of the hour that differs from gateway to gateway so that many of
// them are no crowd. Samples go to the outlet; failures are told apart.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/publish/formats.hpp"
#include "gateway/system/fetch.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Where a follower's findings go: the intake, or a test.
struct FollowerOutlet {
  // A stream is new, or has a quantity that it did not have before.
  std::function<void(const StreamDescription&)> open;
  // Its feed or station is no longer configured.
  std::function<void(std::string_view stream)> close;
  // A sample of an opened stream; `document` says which of the feed's documents it came in.
  std::function<void(std::string_view stream, Sample sample, std::string_view document)> take;
  // "feed_lost" and "feed_back".
  std::function<void(std::string_view event, std::string_view subject, std::string_view message)>
      announce;
  // The warnings in force are others than before; null: they are not known any more.
  std::function<void(std::string_view feed, const std::vector<Warning>* in_force)> warn =
      [](std::string_view, const std::vector<Warning>*) {};
  // Nothing of a stream is shown before this sample, which comes next: what has not come by now is
  // missed, and why.
  std::function<void(std::string_view stream, const Sample& oldest, std::string_view cause)> begin =
      [](std::string_view, const Sample&, std::string_view) {};
  // All that came of an update has been handed on.
  std::function<void(std::string_view feed)> settle = [](std::string_view) {};
};

class Follower final : public Stage {
 public:
  // Starts the thread at once. `gateway` seeds the stable jitter.
  Follower(std::string gateway, std::vector<FeedSettings> feeds, std::unique_ptr<Fetcher> fetcher,
           FollowerOutlet outlet, Clock& clock, Log& log);
  // Stops and waits for the thread; a transfer under way is given up.
  ~Follower() override;

  // Replaces the feeds; those that are the same go on undisturbed.
  void change(std::vector<FeedSettings> feeds);
  // Asks the thread to end; has_stopped() says when it did, the destructor waits for it.
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string name() const override { return "feeds"; }
  [[nodiscard]] GuardStatus guard_status() const override { return {}; }
  // By the feed's name.
  [[nodiscard]] std::map<std::string, FeedCounters> counters() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace twinsky
