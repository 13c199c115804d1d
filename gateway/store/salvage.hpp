// SPDX-License-Identifier: Apache-2.0
// What to do with a damaged store file: it is set aside with its date, a new one takes over its
// small tables as far as they can be read, and a thread brings the rows back by ranges, with the
// numbers they had. The same with one that was deleted or replaced while it is open. Rows that some
// sink had not acknowledged come first; newer rows are sent after them, so the order holds and
// cursors stay right.
#pragma once

#include "gateway/store/hours.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/system/guard.hpp"
#include "gateway/system/log.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace twinsky {

// The small tables of a store, as far as they are known.
struct Inheritance {
  std::vector<SavedStream> streams;
  std::vector<SavedEpoch> epochs;
  std::map<std::string, RowId> cursors;
  bool cursors_are_lost = true;
  std::map<std::string, std::set<std::string>> retained;
  std::map<std::string, std::string> remembered;
  RowId first_row = 0;  // of the readable ones; 0: none
  RowId last_row = 0;   // the new store's rows come after it
  bool rows_are_readable = false;
  std::uint64_t lost_rows = 0;         // when none is readable: reckoned from the size of the file
  RowId sure_until = 0;                // as who had it open knows; 0: only the file tells
  std::vector<SalvageRange> salvages;  // rows that it had not itself
};

// Renames the file, if there is one, and what belongs to it to "<path>.<what>-<UTC>", and returns
// that. Throws when it cannot.
std::string set_aside(const std::string& path, const std::string& what, UtcTime now);
// Throws when no new file can be kept beside it: then the disk is in trouble, not the file.
void try_directory_of(const std::string& path);

// Reads what can be read within a second or so.
Inheritance read_inheritance(const std::string& damaged_file);

// Writes it into a new store, inside a transaction: rows are numbered on, in the epoch `next`.
void hand_over(Tables& tables, const Inheritance& inheritance, const std::string& damaged_file,
               const SavedEpoch& next);

struct SalvagedRow {
  StoredRow row;  // its body stands beside it
  std::string body;
};

// What one step brought to light.
struct Salvaged {
  SalvageRange range;  // as it is saved: begins with this piece; last_row 0: none
  RowId done_until = 0;
  std::vector<SalvagedRow> rows;
  std::uint64_t unreadable = 0;  // of those that there were
  std::vector<OfficialRevision> revisions;
  std::vector<LedgerRow> ledger;
  std::vector<HourRow> hours;
  std::vector<OfficialRow> official;
};
// Returns when the piece is kept; false when the work should end.
using Deliver = std::function<bool(Salvaged)>;

// Opens a file that was set aside; throws when it cannot be.
using OpenAside = std::function<std::shared_ptr<Tables>(const std::string& file)>;

struct SalvageWork {
  std::string small_tables_of;       // a file whose small tables nobody else has; empty: none
  std::vector<SalvageRange> ranges;  // of rows
  RowId sure_until = 0;              // there surely were all of them up to here
};
// Own thread: the official values that are known, the hours and the ledger, then the rows. What
// nobody expects is counted by `guard`, and the work goes on from the last piece that was kept.
void salvage(SalvageWork work, const OpenAside& open, const Deliver& deliver, Guard& guard,
             const std::stop_token& stop, Log& log);

}  // namespace twinsky
