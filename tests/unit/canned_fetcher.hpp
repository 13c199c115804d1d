// SPDX-License-Identifier: Apache-2.0
// An agency that answers as a test says, for what follows feeds.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/config/config.hpp"
#include "gateway/system/fetch.hpp"

#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

inline UtcTime at(std::string_view text) {
  return *parse_time(text);
}

inline std::string rfc822(UtcTime time) {
  const std::string iso = iso8601(time);
  return iso.substr(8, 2) + " Nov 2026 " + iso.substr(11, 8) + " GMT";
}

// The concentrations of two stations for the hours up to `newest`.
inline std::string concentrations(UtcTime newest, int count = 2, std::string_view no2 = "36.7") {
  std::string body = "<AQHI24HrPollutantConcentration>";
  for (UtcTime hour = newest - std::chrono::hours(count - 1); hour <= newest;
       hour += std::chrono::hours(1)) {
    for (const auto* station : {"Mong Kok", "North"}) {
      body += "<PollutantConcentration><StationName>" + std::string(station) +
              "</StationName><DateTime>" + rfc822(hour) + "</DateTime><NO2>" + std::string(no2) +
              "</NO2><CO>-</CO></PollutantConcentration>";
    }
  }
  return body + "</AQHI24HrPollutantConcentration>";
}

inline std::string indices(UtcTime hour) {
  return "<AQHI24HrReport><item><StationName>Mong Kok</StationName><DateTime>" + rfc822(hour) +
         "</DateTime><aqhi>10+</aqhi></item></AQHI24HrReport>";
}

inline FetchReply answer(std::string body) {
  FetchReply reply;
  reply.status = 200;
  reply.body = std::move(body);
  reply.etag = "\"" + std::to_string(std::hash<std::string>{}(reply.body)) + "\"";
  return reply;
}

inline FetchReply no_answer() {
  FetchReply reply;
  reply.problem = "Could not resolve host";
  return reply;
}

// Answers as a function says and notes when it was asked what.
class CannedFetcher final : public Fetcher {
 public:
  struct Asked {
    UtcTime time;
    FetchRequest request;
  };
  CannedFetcher(const Clock& clock, std::function<FetchReply(const FetchRequest&)> says)
      : clock_(clock), says_(std::move(says)) {}
  FetchReply get(const FetchRequest& request, const std::stop_token&) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back({clock_.utc(), request});
    changed_.notify_all();
    return says_(request);
  }
  std::vector<Asked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return asked_.size() >= count; }));
  }
  void say(std::function<FetchReply(const FetchRequest&)> says) {
    const std::lock_guard lock(mutex_);
    says_ = std::move(says);
  }

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Asked> asked_;
  std::function<FetchReply(const FetchRequest&)> says_;
};

inline FeedSettings settings_of(std::string feed, std::vector<std::string> documents = {},
                                std::vector<std::string> stations = {}) {
  const FeedInfo* info = feed_named(feed);
  FeedSettings settings{.feed = std::move(feed), .stations = std::move(stations), .settings = {}};
  settings.settings = Settings::defaults(info->settings);
  if (!documents.empty()) settings.settings.set("documents", std::move(documents));
  return settings;
}

}  // namespace twinsky
