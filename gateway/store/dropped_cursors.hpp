// SPDX-License-Identifier: Apache-2.0
// Sinks that were taken out or closed, or to which some streams may not go any more, and what they
// will never send. Their numbers are missing at
// whoever listens there, so they enter the ledger: counted in pieces of 1000 rows, each in a
// transaction of its own, so that two million of them hold up nobody; how far that has come is kept
// in the store. When the sink comes back it learns of it: what passed while it was away is counted
// as well, and what was told on the stream `ledger` before is told again. Writer thread only.
#pragma once

#include "gateway/store/ledger_book.hpp"
#include "gateway/store/upkeep.hpp"
#include "gateway/system/log.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

class DroppedCursors {
 public:
  // What `remembered` holds of them.
  static constexpr const char* name = "dropped_cursors";

  DroppedCursors(Journal& journal, ClockHold& hold, LedgerBook& ledger, Clock& clock, Log& log);

  // Inside a transaction. `first` to `last` are lost for the sink: none when last < first, as for a
  // sink that would begin again with the oldest row. Those up to `on_their_way` may have arrived.
  void drop(const std::string& sink, const std::string& cause, RowId first, RowId last,
            RowId on_their_way);
  // The sink goes on after `cursor`.
  void come_back(const std::string& sink, RowId cursor);
  // Streams that may not go there any more, from row `first` on, and streams that may again: what
  // they had between is lost for the sink. Those that never went there have no entry.
  void withhold(const std::string& sink, const std::vector<StreamId>& streams, RowId first,
                RowId on_their_way);
  void allow_again(const std::string& sink, const std::vector<StreamId>& streams, RowId cursor);
  void rename(const std::string& was, const std::string& sink);
  void rolled_back() { dropped_ = committed_; }
  void committed() { committed_ = dropped_; }

  // Outside: counts one piece in a transaction of its own; true when there may be more to do.
  bool step(const WantedRowsNow& wanted);

  // As it is kept; nullopt: the same as at the last call.
  std::optional<std::string> changed_text();

 private:
  static constexpr RowId away = -1;
  struct Dropped {
    std::string sink;
    std::string entered_as;  // what it was called when it was dropped
    std::string cause;
    RowId next = 1;  // to be counted, up to last
    RowId last = 0;
    std::int64_t first_entry = 0;     // in the ledger; 0: none yet
    RowId back_after = away;          // where it goes on
    RowId on_their_way = 0;           // up to here nobody knows
    std::vector<StreamId> streams{};  // these alone; empty: all that go there
    bool operator==(const Dropped&) const = default;
  };
  // A gap that is still growing.
  struct Open {
    std::int64_t entry = 0;
    LedgerRow row;
  };

  static bool has_work(const Dropped& dropped);
  void add(Dropped dropped);
  static std::string text_of(const std::vector<Dropped>& all);
  void count_piece(Dropped& dropped, const WantedRows& wanted);
  void count_gone(Dropped& dropped, RowId last, const WantedRows& wanted);
  void note(Dropped& dropped, const LedgerRow& row, StreamId stream);
  void finish(Dropped& dropped);
  void announce(std::int64_t entry, const LedgerRow& row);
  void tell_again(const Dropped& dropped);
  void save();

  Journal& journal_;
  ClockHold& hold_;
  LedgerBook& ledger_;
  Clock& clock_;
  Log& log_;
  std::vector<Dropped> dropped_;  // in the order of dropping
  std::vector<Dropped> committed_;
  std::map<std::pair<std::string, StreamId>, Open> open_;  // of the first one with work
  std::map<std::int64_t, RowId> told_;  // on the stream, by entry: where, in this run
  std::vector<Dropped> shown_;          // see changed_text()
};

}  // namespace twinsky
