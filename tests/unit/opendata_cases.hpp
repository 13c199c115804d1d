// SPDX-License-Identifier: Apache-2.0
// Saved responses of tests/cases/opendata with what they say, and damage done to them.
#pragma once

#include "drivers/registry.hpp"
#include "tests/unit/places.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky::opendata {

inline const UtcTime received{milliseconds(1795314600000)};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The saved responses of a feed, sorted by name.
inline std::vector<std::filesystem::path> cases_of(std::string_view feed) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(tests_directory()) / "cases/opendata" / feed)) {
    if (entry.path().extension() != ".expected") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  EXPECT_FALSE(paths.empty());
  return paths;
}

inline std::unique_ptr<Feed> feed_of(std::string_view name) {
  const FeedInfo* info = feed_named(name);
  return info->make(Settings::defaults(info->settings));
}

// The same with some settings as JSON, as in --settings.
std::unique_ptr<Feed> feed_of(std::string_view name, std::string_view settings);

// `document`: which of the feed's was asked for; empty: nobody knows.
inline Result<FeedContent, FeedFailure> decode(const Feed& feed, std::string body,
                                               std::string document = {}) {
  FeedRequest request;
  request.name = std::move(document);
  return feed.decode({std::move(request), std::move(body), received});
}

// The fault of a body, or its number of samples, with what is wrong with it as a whole.
inline std::string outcome_of(const Feed& feed, std::string body, std::string document = {}) {
  const auto content = decode(feed, std::move(body), std::move(document));
  if (!content) return std::string(name_of(content.error().fault));
  const std::string partly =
      content->partly ? ", " + std::string(name_of(content->partly->fault)) : "";
  return std::to_string(content->samples.size()) + " samples, " +
         std::to_string(content->problems.size()) + " problems" + partly;
}

// The readings of a body, "station quantity text value" each.
std::vector<std::string> readings_of(const FeedContent& content);

// Compares every reading with NAME.expected, in any order.
void expect_as_listed(const Feed& feed, const std::filesystem::path& path);

// Decodes thousands of damaged copies of a feed's saved responses: cut, bytes changed, parts
// doubled. Whatever comes out is finite and has a proper interval.
inline void expect_no_harm_from_damage(const Feed& feed, std::string_view name) {
  std::mt19937 random(20261122);  // NOLINT: the same damage in every run
  const auto below = [&](std::size_t end) { return random() % std::max<std::size_t>(end, 1); };
  for (const auto& path : cases_of(name)) {
    const std::string whole = read_file(path);
    for (int round = 0; round < 200; ++round) {
      std::string body = whole;
      for (std::size_t blows = 1 + below(4); blows > 0; --blows) {
        const std::size_t at = below(body.size());
        switch (below(4)) {
          case 0:
            body.resize(at);
            break;
          case 1:
            body.insert(at, body.substr(below(body.size()), below(200)));
            break;
          case 2:
            body.erase(at, below(40));
            break;
          default:
            if (at < body.size()) body[at] = static_cast<char>(random());
        }
      }
      const auto content = decode(feed, body);
      if (!content) continue;
      for (const Sample& sample : content->samples) {
        ASSERT_TRUE(is_id(sample.official->station)) << sample.official->station;
        ASSERT_LT(sample.official->start, sample.official->end);
        for (const Reading& reading : sample.readings) {
          ASSERT_TRUE(!reading.value || std::isfinite(*reading.value));
        }
      }
    }
  }
}

}  // namespace twinsky::opendata
