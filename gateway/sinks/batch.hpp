// SPDX-License-Identifier: Apache-2.0
// Rows become messages: a batch holds records of one stream in `seq` order, and is as large as it
// may be. Rows of many streams come interleaved, so a batch stays open while others
// fill. Pure; one thread.
#pragma once

#include "gateway/sinks/format.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace twinsky {

struct BatchLimits {
  std::size_t records = 200;
  std::size_t bytes = 65536;
};

// Rows of one stream, in order and without a gap within the stream.
struct Span {
  StreamId stream{};
  RowId first_row = 0;
  RowId last_row = 0;
  std::size_t records = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  UtcTime first_time{};
  UtcTime last_time{};

  void add(const StoredRow& row);
};

struct Batch {
  Span span;
  std::string payload;
};

class Batcher {
 public:
  Batcher(const Format& format, BatchLimits limits) : format_(format), limits_(limits) {}

  // For what is added from now on.
  void set_limits(BatchLimits limits) { limits_ = limits; }

  // `head`: the stream's, as the format says. A record that is longer than the limit makes a batch
  // of its own.
  void add(const StoredRow& row, std::string_view head);
  // No more rows for now: all open batches are ready, in the order in which they were begun.
  void flush();
  // The next batch that is ready.
  std::optional<Batch> next();
  // Forgets the rows of one stream, or all.
  void drop(StreamId stream);
  void clear();

  // The lowest row in here; nullopt when empty.
  [[nodiscard]] std::optional<RowId> first_row() const;
  [[nodiscard]] std::size_t open_bytes() const { return open_bytes_; }

 private:
  void close(Batch& batch);

  const Format& format_;
  BatchLimits limits_;
  std::unordered_map<StreamId, Batch> open_;
  std::deque<Batch> ready_;
  std::size_t open_bytes_ = 0;
};

}  // namespace twinsky
