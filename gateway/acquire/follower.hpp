// SPDX-License-Identifier: Apache-2.0
// A thread for each feed, so that an agency that is slow delays no other: fetches when the update
// is due, once, with a few bounded retries, conditionally, and at a moment of the hour that differs
// from gateway to gateway so that many of them are no crowd. Samples go to the outlet; failures are
// told apart.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/sinks/documents.hpp"
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

// Where a follower's findings go: the intake, or a test. Called by the threads of all feeds.
struct FollowerOutlet {
  // A stream is new, or has a quantity that it did not have before.
  std::function<void(const StreamDescription&)> open;
  // Its feed or station is no longer configured.
  std::function<void(std::string_view stream)> close;
  // A sample of an opened stream; `document` says which of the feed's documents it came in.
  std::function<void(std::string_view stream, Sample sample, std::string_view document)> take;
  // "feed_lost" and "feed_back", "station_missing" and "station_back".
  std::function<void(std::string_view event, std::string_view subject, std::string_view message)>
      announce;
  // The warnings in force are others than before; null: they are not known any more.
  std::function<void(std::string_view feed, const std::vector<Warning>* in_force)> warn =
      [](std::string_view, const std::vector<Warning>*) {};
  // Nothing of a stream is shown before this sample, which comes next: what has not come by now is
  // missed, and why.
  std::function<void(std::string_view stream, const Sample& oldest, std::string_view cause)> begin =
      [](std::string_view, const Sample&, std::string_view) {};
  // A stream whose station its documents do not show has no interval after what is known of it
  // (where nothing is, after `since`) and up to `end`.
  std::function<void(std::string_view stream, UtcTime since, UtcTime end, milliseconds period,
                     std::string_view cause)>
      miss = [](std::string_view, UtcTime, UtcTime, milliseconds, std::string_view) {};
  // All that came of an update has been handed on.
  std::function<void(std::string_view feed)> complete = [](std::string_view) {};
  // What a feed knows of its documents and stations, across restarts; empty: nothing.
  std::function<std::string(const std::string& name)> remembered = [](const std::string&) {
    return std::string();
  };
  std::function<void(const std::string& name, std::string text)> remember =
      [](const std::string&, const std::string&) {};
};

class Follower final : public Stage {
 public:
  // Starts the threads at once. `gateway` seeds the stable jitter.
  Follower(std::string gateway, std::vector<FeedSettings> feeds, std::unique_ptr<Fetcher> fetcher,
           FollowerOutlet outlet, Clock& clock, Log& log);
  // Stops and waits for the threads; transfers under way are given up.
  ~Follower() override;

  // Replaces the feeds; those that are the same go on undisturbed. Waits for none. One thread.
  void change(std::vector<FeedSettings> feeds);
  // Asks the threads to end; has_stopped() says when they did, the destructor waits for it.
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string name() const override { return "feeds"; }
  [[nodiscard]] GuardStatus guard_status() const override;
  // By the feed's name.
  [[nodiscard]] std::map<std::string, FeedCounters> counters() const;

 private:
  class Thread;

  const std::string gateway_;
  const std::unique_ptr<Fetcher> fetcher_;
  const FollowerOutlet outlet_;
  Clock& clock_;
  Log& log_;
  // By the feed's name. The thread of a feed that is not followed any more rests, for the day it
  // comes back: nobody need wait for its end.
  std::map<std::string, std::unique_ptr<Thread>> threads_;
};

}  // namespace twinsky
