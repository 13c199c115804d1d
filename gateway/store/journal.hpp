// SPDX-License-Identifier: Apache-2.0
// Numbers rows and the samples of each stream, and keeps both right through failed transactions,
// crashes and deletion. What a commit writes is the rows themselves; how far each stream has come
// is saved now and then and read again from the rows that came later. Writer thread only.
#pragma once

#include "gateway/store/tables.hpp"
#include "gateway/store/tail.hpp"

#include <optional>
#include <string>
#include <vector>

namespace twinsky {

class Journal {
 public:
  Journal(Tables& tables, Tail& tail);

  // Does `work` in one transaction. When it throws nothing has happened.
  template <class Work>
  void transaction(Work&& work) {
    tables_.begin();
    try {
      work();
      tables_.commit();
    } catch (...) {
      tables_.rollback();
      rolled_back();
      throw;
    }
    committed();
  }

  // Inside a transaction.
  RowId append(StreamId stream, UtcTime time, const std::string& body, bool time_is_right = true);
  bool bring_back(const StoredRow& row, const std::string& body);  // with the numbers it has
  // The oldest. What older ones are still to be brought back is not any more.
  void erase(RowId first, RowId last);
  void erase_between(RowId first, RowId last);  // older ones stay
  // A new epoch from this row on: all streams begin again at 1 there.
  void restart_sequences(RowId first_row);
  void know_time(StreamId stream, UtcTime time);  // of a sample whose time was not to be trusted
  void save();                                    // how far every stream has come
  void save_when_due();

  // As of now, inside a transaction as of its end.
  [[nodiscard]] RowId oldest() const { return now_.oldest; }  // last() + 1 when there is none
  [[nodiscard]] RowId erased_until() const { return now_.erased_until; }  // since the start
  [[nodiscard]] RowId last() const { return now_.last; }
  [[nodiscard]] std::uint64_t count() const { return now_.count; }
  [[nodiscard]] std::optional<UtcTime> last_time(StreamId stream) const;
  [[nodiscard]] Tables& tables() { return tables_; }

 private:
  struct Stream {
    std::uint64_t seq = 0;
    std::uint64_t committed_seq = 0;
    std::optional<UtcTime> last_time;
    bool unsaved = false;
  };
  struct Position {
    RowId oldest = 1;
    RowId erased_until = 0;
    RowId last = 0;
    std::uint64_t count = 0;
  };

  Stream& at(StreamId stream);
  void touch(std::size_t index);
  void find_oldest();
  void committed();
  void rolled_back();

  Tables& tables_;
  Tail& tail_;
  std::vector<Stream> streams_;       // by StreamId
  std::vector<std::size_t> touched_;  // in this transaction
  Position now_;
  Position committed_;
  RowId saved_last_ = 0;
};

}  // namespace twinsky
