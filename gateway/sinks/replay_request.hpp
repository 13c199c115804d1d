// SPDX-License-Identifier: Apache-2.0
// What a subscriber may have once more, and how he asks for it: records of a stream by their
// numbers, or of a time. Not how that is written, which a format knows (format.hpp). Pure.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

struct ReplayRequest {
  std::string asker;
  std::string id = {};      // by which the answer names it
  std::string stream = {};  // "sensor/roof-pm"; empty: every one
  std::string topics =
      {};  // of those streams alone whose topic matches: "sensor/+/hour"; empty: all
  // By numbers, both ends contained; empty: by time.
  std::string epoch = {};
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  // from <= time < to
  UtcTime from{};
  UtcTime to{};
  // Where the answer goes, and what it is known by.
  std::string reply_to = {};
  std::string correlation = {};

  [[nodiscard]] bool is_by_number() const { return !epoch.empty(); }
};

// Why an answer ends before all of it was said; a closed list of words for programs.
struct ReplayProblem {
  std::string_view
      word;             // "malformed", "unknown_stream", "elsewhere", "busy", "quota", "unreadable"
  std::string message;  // for people
  std::optional<milliseconds> retry_after = {};
};

// The last of an answer: how many records it had, and what stopped it.
struct ReplayEnd {
  std::uint64_t records = 0;
  std::optional<ReplayProblem> problem = {};
};

}  // namespace twinsky
