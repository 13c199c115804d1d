// SPDX-License-Identifier: Apache-2.0
// How long the sinks may stay away until a cap takes what they have not seen: from the rate at
// which rows really come and the room that they really take. Pure; one thread.
#pragma once

#include "gateway/store/store.hpp"

#include <deque>

namespace twinsky {

class Endurance {
 public:
  // The newest row, after a commit.
  void note(MonotonicTime now, RowId newest);

  struct Room {
    std::uint64_t rows = 0;        // kept
    std::int64_t size_bytes = 0;   // that they take, with all that is made of them
    std::int64_t limit_bytes = 0;  // max_size, or less where the disk has less
    std::uint64_t waiting = 0;     // of the sink that has most to catch up with
  };
  // nullopt in the first ten minutes, and while there is too little to reckon from.
  [[nodiscard]] std::optional<double> days(const Room& room) const;

 private:
  struct Seen {
    MonotonicTime time{};
    RowId row = 0;
  };
  std::deque<Seen> seen_;  // one for each ten minutes of the newest day
  Seen newest_;
};

}  // namespace twinsky
