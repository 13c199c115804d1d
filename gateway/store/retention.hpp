// SPDX-License-Identifier: Apache-2.0
// Bounds the tables that grow beside the samples (hours, official values, what is known of them,
// the ledger): each by age, and by its share of the file once that is full, so that none of them
// eats the samples. Deletes from the oldest on, about 1000 rows in a transaction. The sums of the
// ledger stay, and so does what it said on its stream. Writer thread only.
#pragma once

#include "gateway/store/journal.hpp"
#include "gateway/system/log.hpp"

#include <array>
#include <deque>
#include <optional>

namespace twinsky {

// What a table may have of the file. Its size is reckoned from its rows: SQLite tells it only after
// reading the whole table.
struct TableShare {
  Held table;
  const char* rows_name;
  int percent;
  int row_bytes;  // mean, with its indices and the room that their pages leave free
};
// A year of ten sensors' hours with ten quantities each, and of the official values of a city, fit
// into theirs at the usual max_size of 1 GB. The rest is the samples'.
inline constexpr std::array<TableShare, 4> table_shares = {{
    {Held::hours, "hourly means", 15, 120},
    {Held::official, "official values", 14, 70},
    {Held::revisions, "marks of official values", 6, 42},
    {Held::ledger, "rows of the ledger", 5, 75},
}};

class Retention {
 public:
  Retention(Journal& journal, Log& log) : journal_(journal), log_(log) {}

  // The file is full with so many bytes: what has more than its share gives way; false: nothing
  // can.
  bool shrink(std::int64_t bytes);
  // What is older goes, from each of the tables by itself. A gap may be about samples that were
  // that old already, so it stays as long again.
  void forget(UtcTime now, milliseconds keep);
  // Deletes one piece of what is to go; true when there is more.
  bool step();
  // There is room again: what had to give way and has not yet stays.
  void stop_shrinking();
  [[nodiscard]] bool is_due() const { return !work_.empty(); }

 private:
  // By age or by size. A bound that is not set asks for nothing.
  struct Work {
    TableShare share;
    std::optional<UtcTime> before{};
    std::int64_t surplus = 0;  // so many of the oldest
    std::int64_t deleted = 0;
    bool is_done = false;
  };
  void delete_piece(Work& work);

  Journal& journal_;
  Log& log_;
  std::deque<Work> work_;
};

}  // namespace twinsky
