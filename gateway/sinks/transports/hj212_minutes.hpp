// SPDX-License-Identifier: Apache-2.0
// Minutes (2051) out of samples, each of so many minutes as the platform wants. The store keeps
// none, so until the frame of an interval has arrived one message with a sample of it is held back:
// the sink's cursor stays before it, and after a crash all of the interval comes again. Samples
// that come late for one of the newest two intervals of their stream make it anew. Pure; one
// thread.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/model/sample.hpp"
#include "gateway/sinks/inbox.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {

struct Hj212Sample {
  std::string stream;  // with its epoch
  std::uint64_t seq = 0;
  std::uint64_t amends = 0;  // the number of one that it replaces; 0: none
  UtcTime time{};
  std::vector<Reading> readings;
};

// One interval that is over.
struct Hj212Minute {
  std::string stream;
  UtcTime start{};
  std::string groups;  // of the frame; empty: nothing in it can be used
};

class Hj212Minutes {
 public:
  // `language` outlives it.
  Hj212Minutes(milliseconds interval, const FrameLanguage& language,
               std::vector<FrameFactor> factors)
      : interval_(interval), language_(&language), factors_(std::move(factors)) {}

  [[nodiscard]] milliseconds interval() const { return interval_; }
  // The same, without a sample.
  [[nodiscard]] Hj212Minutes of_nothing() const { return {interval_, *language_, factors_}; }

  // A new connection: no message is under way, what is held comes again.
  void start();
  // Answers whether its message is held back.
  bool add(Hj212Sample sample, Place place, MonotonicTime now);
  // Has the frame of this sample arrived, and then note that it has. Forgotten with its interval.
  [[nodiscard]] bool has_arrived(const Hj212Sample& sample) const;
  void arrived(const Hj212Sample& sample);

  // The next interval that is over and has samples that no frame has told of.
  [[nodiscard]] std::optional<Hj212Minute> take(UtcTime utc, MonotonicTime now);
  // Its frame has arrived. The messages that need be held no longer.
  std::vector<Place> done(const Hj212Minute& minute);
  // Those that are left, whether they are over or not, when no more will come.
  [[nodiscard]] std::vector<Hj212Minute> rest() const;
  // Samples that came too late for their interval.
  [[nodiscard]] std::uint64_t late() const { return late_; }

 private:
  struct Kept {
    UtcTime time{};
    std::vector<Reading> readings;
    bool has_arrived = false;
  };
  struct Interval {
    std::map<std::uint64_t, Kept> samples;  // by seq
    std::optional<Place> held;
    bool is_told = false;
  };
  struct Stream {
    std::map<UtcTime, Interval> intervals;
    UtcTime newest{};
    MonotonicTime changed_at{};
  };

  [[nodiscard]] UtcTime start_of(UtcTime time) const;
  [[nodiscard]] const Kept* find(const Hj212Sample& sample) const;
  [[nodiscard]] bool is_over(const Stream& stream, UtcTime start, UtcTime utc,
                             MonotonicTime now) const;
  [[nodiscard]] Hj212Minute made_of(const std::string& name, UtcTime start,
                                    const Interval& interval) const;

  milliseconds interval_;
  const FrameLanguage* language_;
  std::vector<FrameFactor> factors_;
  std::map<std::string, Stream> streams_;
  std::uint64_t late_ = 0;
};

}  // namespace twinsky
