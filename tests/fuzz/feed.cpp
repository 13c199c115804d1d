// SPDX-License-Identifier: Apache-2.0
// libFuzzer's target for one feed (FEED_NAME): whatever bytes a server sends, decoding them ends,
// within the memory that tests/fuzz/run allows, in a failure or in readings that may be stored.
#include "drivers/registry.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace twinsky {
namespace {

const UtcTime received{milliseconds(1795314600000)};  // 2026-11-22T02:30:00Z

void demand(bool is_true, const char* what) {
  if (is_true) return;
  std::cerr << "broken promise: " << what << '\n';
  std::abort();
}

void check(const Sample& sample) {
  demand(sample.official.has_value(), "an official sample has a station and an interval");
  demand(is_id(sample.official->station), "a station's id is an id");
  demand(sample.official->start < sample.official->end, "an interval starts before it ends");
  demand(sample.time == sample.official->end, "a sample has the time of its end");
  demand(!sample.readings.empty(), "a sample has readings");
  for (const Reading& reading : sample.readings) {
    demand(!reading.value || std::isfinite(*reading.value), "a value is finite");
    demand(reading.value || reading.flag == Flag::missing, "what is absent is flagged missing");
  }
}

const Feed& feed() {
  static const auto feed = [] {
    const FeedInfo* info = feed_named(FEED_NAME);
    demand(info != nullptr, "the feed is in the registry");
    return info->make(Settings::defaults(info->settings));
  }();
  return *feed;
}

}  // namespace
}  // namespace twinsky

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace twinsky;
  std::string body(reinterpret_cast<const char*>(data), size);
  const auto content = feed().decode({{}, std::move(body), received});
  if (!content) {
    demand(!content.error().detail.empty(), "a failure says why");
    return 0;
  }
  demand(!content->samples.empty() || content->warnings, "what decodes has something to say");
  for (const Sample& sample : content->samples) check(sample);
  return 0;
}
