// SPDX-License-Identifier: Apache-2.0
// What of each stream is on its way and what has arrived: from the fates of single messages to the
// one row that a sink's cursor may move to. A refused message pauses its stream; the others go on.
// Pure; one thread.
//
// Each stream has a lane: its messages in the order in which they were sent. Everything up to
// `acknowledged` has arrived, so that rows which were acknowledged ahead of the cursor are not sent
// again on the next connection. A lane with a hold sends one message at a time, from `resume` on,
// until it has caught up with the rest.
#pragma once

#include "gateway/sinks/backoff.hpp"
#include "gateway/sinks/batch.hpp"

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace twinsky {

class Flight {
 public:
  explicit Flight(std::uint32_t seed) : seed_(seed) {}

  // May the main passage send this row? Not when it has arrived, nor while its stream is held.
  [[nodiscard]] bool takes(StreamId stream, RowId row) const;
  // It has arrived, or stands in the ledger and must not enter it once more.
  [[nodiscard]] bool has_met_fate(StreamId stream, RowId row) const;

  void sent(const Span& span);
  // It has arrived.
  void acknowledged(const Span& span, MonotonicTime now);
  // It is not wanted: its stream waits until all its messages have met their fate, then for a
  // while, then starts again with this one.
  void refused(const Span& span, MonotonicTime now);
  // The rows leave by the ledger, whether they were under way or not: as if acknowledged.
  void abandoned(const Span& span, MonotonicTime now);
  // Nothing that was under way is known to have arrived. Answers where the main passage goes on.
  [[nodiscard]] RowId connection_lost(RowId read, MonotonicTime now);

  // A held stream that may try again now.
  struct Retry {
    StreamId stream{};
    RowId resume = 0;
  };
  [[nodiscard]] std::optional<Retry> due(MonotonicTime now) const;
  // When the next one may; max() when none waits.
  [[nodiscard]] MonotonicTime next_due() const;
  // No row of the stream between its resume and here.
  void skipped(StreamId stream, RowId next_resume);
  // It has caught up with the main passage.
  void release(StreamId stream);
  // A stream that has been held since `before` without any progress.
  [[nodiscard]] std::optional<Retry> held_since(MonotonicTime before) const;
  [[nodiscard]] std::size_t held() const;

  // All rows up to this one have arrived, if the main passage has read up to `read`.
  [[nodiscard]] RowId cursor(RowId read) const;

 private:
  enum class Fate : std::uint8_t { unknown, acknowledged, refused, in_ledger };
  struct Sent {
    Span span;
    Fate fate = Fate::unknown;
  };
  struct Hold {
    RowId resume = 0;
    MonotonicTime since{};
    MonotonicTime retry_at{};
    Backoff backoff;
  };
  struct Lane {
    std::deque<Sent> messages;
    RowId acknowledged = 0;
    std::vector<Span> in_ledger;  // behind others that had not arrived when a connection was lost
    std::optional<Hold> hold;
  };

  static bool has_met_fate(const Lane& lane, RowId row);
  static void forget_messages(Lane& lane);
  static Sent* find_unknown(Lane& lane, const Span& span);
  static void retire_front(Lane& lane, MonotonicTime now);

  const std::uint32_t seed_;
  std::unordered_map<StreamId, Lane> lanes_;
};

}  // namespace twinsky
