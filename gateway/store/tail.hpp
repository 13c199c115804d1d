// SPDX-License-Identifier: Apache-2.0
// The newest committed rows, kept in memory for those who read along: a sink that keeps up reads
// nothing from the disk. The writer's thread fills it, any thread reads.
#pragma once

#include "gateway/store/store.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Rows of one commit; unchanged once others see it.
struct TailPiece {
  std::vector<StoredRow> rows;  // bodies point into `text`
  std::string text;
  std::string epoch;
};

class Tail {
 public:
  using Pieces = std::vector<std::shared_ptr<const TailPiece>>;

  // Writer thread: a row of the transaction under way; what became of it.
  void stage(RowId row, StreamId stream, std::uint64_t seq, UtcTime time, std::string_view body);
  void drop_staged();
  // Writer thread: everything staged is committed and may be read.
  void publish(const std::string& epoch);
  // Rows have changed or gone: readers go to the disk until new ones come.
  void clear();

  // The pieces with up to `most` rows after `after`; empty when the first of these is not here.
  [[nodiscard]] Pieces after(RowId after, std::size_t most) const;

 private:
  void forget();  // mutex_ held

  std::shared_ptr<TailPiece> staged_;  // writer thread's
  std::size_t usual_bytes_ = 0;        // writer thread's: of a commit's text
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const TailPiece>> pieces_;  // guarded by mutex_
  std::size_t bytes_ = 0;                                // guarded by mutex_
};

}  // namespace twinsky
