// SPDX-License-Identifier: Apache-2.0
// Samples of the transaction under way that SQLite has not got yet, shown to it as a table: one
// statement then inserts all of them, for half of what a statement each costs. One thread.
#pragma once

#include "gateway/store/store.hpp"

#include <string>
#include <vector>

struct sqlite3;

namespace twinsky {

class PendingRows {
 public:
  // Makes the table `pending` (row, stream, seq, ts, body) known on a connection, which ends before
  // this does. `row` is NULL where it follows the one before it, so that SQLite need not look for
  // its place.
  void show_to(sqlite3* database);

  void add(RowId row, StreamId stream, std::uint64_t seq, UtcTime time, const std::string& body);
  void clear() { count_ = 0; }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] RowId last() const { return rows_[count_ - 1].row; }

 private:
  struct Row {
    RowId row = 0;
    StreamId stream{};
    std::uint64_t seq = 0;
    UtcTime time{};
    std::string body;
  };
  struct Callbacks;

  std::vector<Row> rows_;  // the memory is used again
  std::size_t count_ = 0;
};

}  // namespace twinsky
