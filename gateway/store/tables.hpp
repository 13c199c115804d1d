// SPDX-License-Identifier: Apache-2.0
// One connection to a store file and every SQL statement that the program knows, each prepared
// once, at its first use. All members may throw what `fault_of` tells apart. One thread.
#pragma once

#include "gateway/store/store.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// What a failure of SQLite asks of us.
enum class DiskFault : std::uint8_t {
  full,       // make room
  suspect,    // perhaps damaged: look at the file's tables
  damaged,    // set the file aside
  overtaken,  // another process has written: read where it stands
  locked,     // another program holds its lock: wait, and hold on to the file
  other,      // say so, try again
};
DiskFault fault_of(const std::exception& problem) noexcept;
// SQLite has no checksums: what it reads without complaint may still be what was never written.
// Throws what `fault_of` calls damaged.
[[noreturn]] void report_damage(const char* what);
// For who reads a damaged file while no daemon does.
std::string damage_text(const std::string& path, const std::exception& problem);

struct SavedStream {
  StreamId stream{};
  std::string name;
  std::uint64_t last_seq = 0;
  std::optional<UtcTime> last_time;
  int meta_revision = 0;
  std::uint64_t meta_hash = 0;
};

struct SavedEpoch {
  RowId first_row = 0;
  std::string epoch;
  std::string machine_id;
  UtcTime started{};
  std::string reason;
};

struct OfficialRevision {
  StreamId stream{};
  OfficialKey key;
  std::uint64_t revision = 0;
};

struct ClockBlock {
  RowId first_row = 0;
  RowId last_row = 0;
  std::string boot_id;
  milliseconds offset{0};  // UTC less monotonic time
  milliseconds since{0};   // monotonic
  bool released = false;
  bool operator==(const ClockBlock&) const = default;
};

// Rows that are not there although newer and older ones are.
struct SalvageRange {
  RowId first_row = 0;
  RowId last_row = 0;
  std::string file;  // the damaged one that has them; empty: they are lost
  bool hold = false;
};

// The samples of one stream in a range of rows.
struct StreamShare {
  StreamId stream{};
  std::uint64_t count = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  UtcTime start{};
  UtcTime end{};
};

struct SeqRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct RowCount {
  RowId last_row = 0;
  std::uint64_t rows = 0;
};

// The tables that grow with time beside the samples.
enum class Held : std::uint8_t { hours, official, revisions, ledger };

struct FileSize {
  std::int64_t pages = 0;
  std::int64_t free_pages = 0;
  std::int64_t page_bytes = 0;
};

// Of a new file: two thirds of the bytes per small commit of SQLite's usual 4096.
inline constexpr std::int64_t new_page_bytes = 1024;
inline constexpr RowId no_row_limit = std::int64_t{1} << 62;
inline constexpr RowId largest_row = std::int64_t{1} << 53;  // of what was ever written

class Tables {
 public:
  enum class Access : std::uint8_t {
    write,      // makes the file and its tables when there are none, brings old ones up to date
    read,       // beside a daemon
    set_aside,  // a damaged file: nothing is changed
  };
  Tables(const std::string& path, Access access);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // Closing it will touch neither WAL nor index, whose names may be another file's.
  void leave_companions();

  void begin();
  void commit();
  void rollback() noexcept;

  // Samples.
  void insert(RowId row, StreamId stream, std::uint64_t seq, UtcTime time, const std::string& body);
  bool insert_missing(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
                      const std::string& body);  // false: the row was there
  [[nodiscard]] RowId oldest_row();              // 0: none
  [[nodiscard]] RowId newest_row();
  [[nodiscard]] RowId newest_row_until(RowId row);
  [[nodiscard]] std::optional<UtcTime> time_after(RowId row);
  // Replaces `rows` by up to `most` rows of [first, last] whose bodies are views into `text`.
  void read(RowId first, RowId last, std::size_t most, std::string& text,
            std::vector<StoredRow>& rows);
  // The newest record of a stream and time, from `first` on and among the newest; 0: none.
  [[nodiscard]] std::uint64_t seq_of(StreamId stream, UtcTime time, RowId first, RowId newest);
  // Replaces `rows` by those of a stream, as read().
  void read_stream(StreamId stream, RowId first, UtcTime since, std::string& text,
                   std::vector<StoredRow>& rows);
  // The last row that may be sent.
  [[nodiscard]] RowId sendable();
  // The numbers of each stream from this row on begin again at 1; what an amendment names with
  // them, and it amends nothing any more where that stands before.
  void renumber(RowId first);
  void tail(RowId after, const std::function<void(StreamId, std::uint64_t, UtcTime)>& each);

  // Deletion.
  // Of rows, up to which all are older than `before`; 0: none is. Where a time is impossible at
  // `now` those of the rows around it tell: a clock was wrong, or an agency.
  [[nodiscard]] RowId too_old_until(RowId first, RowId last, UtcTime before, UtcTime now);
  [[nodiscard]] std::vector<StreamShare> shares(RowId first, RowId last);
  // The oldest, and what older ones are still to be brought back.
  std::uint64_t erase(RowId first, RowId last);
  // Some that have older ones: they are noted as missing.
  std::uint64_t erase_between(RowId first, RowId last);
  // Of a table beside the samples, as of now.
  [[nodiscard]] std::int64_t rows_held(Held table);
  // Deletes of the oldest about so many, or those of one moment where that has more, if they began
  // (gaps: ended) before a time. How many; 0: there are none.
  std::int64_t forget(Held table, UtcTime before, std::int64_t about);

  // Small tables.
  [[nodiscard]] RowCount mark();
  void save_mark(const RowCount& mark);
  [[nodiscard]] std::vector<SavedStream> streams();
  void save_stream(const SavedStream& stream);  // all but its progress, which is kept when known
  void save_progress(StreamId stream, std::uint64_t last_seq, std::optional<UtcTime> last_time);
  [[nodiscard]] std::vector<SavedEpoch> epochs(RowId from = 0);
  void save_epoch(const SavedEpoch& epoch);
  void erase_epoch(RowId first_row);
  [[nodiscard]] std::map<std::string, RowId> cursors();
  void save_cursor(const std::string& sink, RowId row);
  void erase_cursor(const std::string& sink);
  [[nodiscard]] std::map<std::string, std::set<std::string>> retained();
  void save_retained(const std::string& sink, const std::string& topic);
  void erase_retained(const std::string& sink, const std::string& topic);
  [[nodiscard]] std::map<std::string, std::string> remembered();
  void save_remembered(const std::string& name, const std::string& value);
  [[nodiscard]] std::optional<OfficialRevision> official_revision(StreamId stream,
                                                                  const OfficialKey& key);
  void save_official_revision(const OfficialRevision& saved);
  [[nodiscard]] std::vector<OfficialRevision> official_revisions(UtcTime from, std::size_t most);

  // Hours.
  void save_hour(const HourRow& row);
  [[nodiscard]] std::vector<HourRow> hours(StreamId stream, Quantity quantity, UtcTime from,
                                           UtcTime to);
  [[nodiscard]] std::vector<HourRow> hours_of(StreamId stream, UtcTime start);
  [[nodiscard]] std::vector<HourRow> hours_from(UtcTime start, std::size_t most);
  [[nodiscard]] RowId hours_done();
  void save_hours_done(RowId row);
  [[nodiscard]] std::optional<UtcTime> first_hour(StreamId stream, Quantity quantity, UtcTime from);

  // Official values.
  void save_official(const OfficialRow& row);
  void erase_official(StreamId stream, const OfficialKey& key);  // all of a document's interval
  [[nodiscard]] std::vector<OfficialRow> official(StreamId stream, Quantity quantity, UtcTime from,
                                                  UtcTime to);
  [[nodiscard]] std::optional<UtcTime> first_official(StreamId stream, Quantity quantity,
                                                      UtcTime from);
  [[nodiscard]] std::vector<OfficialRow> official_from(UtcTime start, std::size_t most);

  // Ledger.
  // Of the numbers of a row with a sink, those that no other row of it has.
  [[nodiscard]] std::vector<SeqRange> not_in_ledger(const LedgerRow& row);
  std::int64_t insert_ledger(const LedgerRow& row, bool announced);
  void replace_ledger(std::int64_t entry, const LedgerRow& row, bool announced);
  void add_to_ledger_sum(const std::string& cause, std::uint64_t count);
  [[nodiscard]] std::map<std::string, std::uint64_t> ledger_sums();
  // How often a sum was added to on this connection: as long as it is the same, so are they.
  [[nodiscard]] std::uint64_t ledger_changes() const { return ledger_changes_; }
  [[nodiscard]] std::vector<std::pair<std::int64_t, LedgerRow>> ledger(bool unannounced_only);

  // Rows stamped by a clock that was not set.
  [[nodiscard]] std::vector<ClockBlock> clock_blocks();
  void save_clock_block(const ClockBlock& block);
  void erase_clock_block(RowId first_row);
  void restamp(RowId first, RowId last, milliseconds step, StreamId except);
  // Up to `most` rows of [first, last] that carry the mark.
  void read_marked(RowId first, RowId last, std::size_t most, std::string& text,
                   std::vector<StoredRow>& rows);

  // Rows are numbered without a gap but for these: being brought back, or lost.
  [[nodiscard]] std::vector<SalvageRange> salvages();
  void save_salvage(const SalvageRange& range);
  void erase_salvage(RowId first_row);

  // From here on all that is read is of one moment, until the end or rollback(): the WAL grows.
  void hold_moment();
  [[nodiscard]] std::int64_t version();  // of the schema
  // Of the tables that grow beside the samples: how many rows are noted, and how many there are.
  [[nodiscard]] std::map<std::string, std::int64_t> holdings();
  [[nodiscard]] std::map<std::string, std::int64_t> counts();

  // Throws what `fault_of` calls suspect when the file has not the tables that statements need.
  void prepare_all();
  // Has the file all its pages, without those in the WAL?
  [[nodiscard]] bool is_whole_file();
  // Do all pages hang together? Reads the whole file. Throws, as for any damage, when the text of a
  // table is not its version's: SQLite believes that text.
  [[nodiscard]] bool is_sound();
  // All that it holds at this moment, into a file that is empty.
  void copy_into(const std::string& file);
  [[nodiscard]] FileSize size();
  void limit_pages(std::int64_t pages);
  // Is all of the WAL there that the file has not? Makes a checkpoint.
  [[nodiscard]] bool is_whole_wal();
  void checkpoint();  // copies the WAL into the file, as far as readers let it

 private:
  struct Connection;
  void open_for_writing(const std::string& path);
  std::unique_ptr<Connection> connection_;
  std::uint64_t ledger_changes_ = 0;
};

// Is a file for certain not what a store is, of which a statement said that something is missing? A
// disk that does not answer says nothing.
bool has_lost_tables(const std::string& path) noexcept;

}  // namespace twinsky
