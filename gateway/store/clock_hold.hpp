// SPDX-License-Identifier: Apache-2.0
// Rows that were stamped before the clock was right. They wait, and all rows after them, until it
// is; then their times are put right in one statement. After `clock_wait` they go out marked, and
// are amended once the clock is set. Runs of rows with the same offset between UTC and monotonic
// time are a block, so several steps of the clock come out right too. Writer thread only.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/system/log.hpp"

#include <optional>
#include <string>
#include <vector>

namespace twinsky {

// UTC less monotonic time, as of now.
milliseconds clock_offset(const Clock& clock);

class ClockHold {
 public:
  // `ledger`: the stream whose bodies keep their mark.
  ClockHold(Journal& journal, Clock& clock, Log& log, milliseconds clock_wait, std::string boot_id,
            StreamId ledger);

  // Inside a transaction: appends a sample whose time is not to be trusted.
  RowId append(StreamId stream, UtcTime time, std::string body, milliseconds offset);
  void rolled_back() { blocks_ = saved_blocks_; }
  void committed() { saved_blocks_ = blocks_; }

  // Outside: does what is due, in a transaction of its own; true when there may be more at once.
  bool step(RowId first_row_of_epoch);
  // When step() should be called again; nothing waits: MonotonicTime::max().
  [[nodiscard]] MonotonicTime due() const;

  [[nodiscard]] RowId sendable() const;  // as far as this goes
  [[nodiscard]] bool waiting() const;

 private:
  template <class Work>
  void transaction(Work&& work);
  void put_right(const ClockBlock& block, milliseconds step);
  void amend_some(const ClockBlock& block, milliseconds step, RowId first_row_of_epoch);
  void release();

  Journal& journal_;
  Clock& clock_;
  Log& log_;
  const milliseconds clock_wait_;
  const std::string boot_id_;
  const StreamId ledger_;
  std::vector<ClockBlock> blocks_;        // the last one is open while its last_row is no_row_limit
  std::vector<ClockBlock> saved_blocks_;  // as of the last commit
  bool gave_up_ = false;                  // clock_wait has passed in this boot
};

}  // namespace twinsky
