// SPDX-License-Identifier: Apache-2.0
// The store: every accepted sample, in the order of acceptance, until it is old; and the outbox of
// each sink, which is nothing but a cursor into it.
//
// One writer thread owns the only writing connection (SQLite, WAL, synchronous=FULL). The others
// hand it values through a bounded queue and never wait for the disk. A sample is accepted when the
// commit that holds it has returned.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/flag.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/topic_rules.hpp"
#include "gateway/store/ledger.hpp"
#include "gateway/system/guard.hpp"
#include "gateway/system/log.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

using RowId = std::int64_t;  // 0: before the first row
enum class StreamId : std::int64_t {};

struct StoreSettings {
  std::string path;
  milliseconds commit_every{1000};
  std::size_t commit_rows =
      1000;  // a commit holds so many samples at most, and comes at once for them
  std::int64_t max_size_bytes = 1'000'000'000;
  milliseconds keep{std::chrono::days(400)};
  std::int64_t minimum_free_bytes = 50'000'000;
  std::size_t queue_bytes = 4U << 20U;
  milliseconds clock_wait{600'000};
  std::string machine_id;  // binds the epoch: a cloned card starts a new one
  std::string boot_id{};   // monotonic time is comparable within it; empty: as the kernel says
  bool operator==(const StoreSettings&) const = default;
};

// An official value is stored once per revision: a repeat is dropped, a changed value for a known
// interval gets the next revision. The body then begins with `"revision":N`.
struct OfficialKey {
  std::string document;  // which of the feed's documents
  UtcTime start{};
  UtcTime end{};
  std::uint64_t content_hash = 0;
};

// One of its readings as it is kept for comparisons (official.hpp).
struct OfficialValue {
  Quantity quantity{};
  std::optional<double> value;
  Flag flag = Flag::not_evaluated;
  std::optional<double> gas_reference_k;
};

struct Entry {
  StreamId stream{};
  UtcTime time{};
  std::string body;  // a JSON object (record.hpp)
  std::optional<OfficialKey> official_key;
  bool clock_unset = false;  // `time` waits for the right clock
  // Puts right the newest record of the stream that has this `time`: the body then begins with
  // `"amends":N`. Dropped where there is no such record among the newest of the epoch.
  bool amends = false;
  std::vector<OfficialValue> official = {};  // with `official_key`
};

struct StoredRow {
  RowId row = 0;
  StreamId stream{};
  std::uint64_t seq = 0;
  UtcTime time{};
  std::string_view body;
};

struct SinkBacklog {
  RowId cursor = 0;
  std::uint64_t rows = 0;         // waiting to be acknowledged
  std::optional<UtcTime> oldest;  // of these
};

struct StoreStatus {
  RowId last_row = 0;
  std::uint64_t rows = 0;  // kept
  std::int64_t size_bytes = 0;
  std::uint64_t bytes_written = 0;  // by this process
  std::uint64_t queue_dropped = 0;
  std::uint64_t queued = 0;  // samples in memory that are not on the disk yet
  std::string disk_fault;    // empty: all is well
  std::map<std::string, std::uint64_t> ledger_sums;  // by cause
  std::map<std::string, SinkBacklog> sinks;
  std::string epoch;
  bool clock_waiting = false;
  // How long the sinks may stay away at the present rate until a cap takes what they have not seen;
  // nullopt: not known yet.
  std::optional<double> offline_days;
};

// The store cannot be opened at all, with a sentence for people.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct HourRow;  // hours.hpp
struct HoursOfStream;
struct Mark;         // mark.hpp
struct OfficialRow;  // official.hpp

// Both ends are contained; none where first > last.
struct RowRange {
  RowId first = 0;
  RowId last = -1;
};

// Reads rows on a connection of its own; each call ends its statement, so the WAL does not grow.
// One thread.
class StoreReader {
 public:
  virtual ~StoreReader() = default;

  // Up to `most` rows after `after`, in row order; empty when there are none. The views live until
  // the next call. Where rows are damaged or missing it throws, after a page of those before them:
  // StoreError when no writer is in this process, which would set the file aside.
  virtual const std::vector<StoredRow>& page(RowId after, std::size_t most) = 0;
  // The stream's name ("sensor/roof-pm") and the epoch that holds for a row.
  virtual const std::string& name_of(StreamId stream) = 0;
  virtual const std::string& epoch_of(RowId row) = 0;

  virtual std::vector<std::string> streams() = 0;  // their names
  // That it holds for, open at the end where it still does; none: there is no such epoch.
  virtual RowRange rows_of_epoch(std::string_view epoch) = 0;
  // The newest number of each stream in the epoch that holds now, by name.
  virtual std::map<std::string, std::uint64_t> newest_numbers() = 0;

  // Of a stream ("sensor/roof-pm", "ref/hk-epd/mong-kok"), from <= start < to, oldest first.
  virtual std::vector<HourRow> hours(std::string_view stream, Quantity quantity, UtcTime from,
                                     UtcTime to) = 0;
  virtual std::vector<OfficialRow> official(std::string_view stream, Quantity quantity,
                                            UtcTime from, UtcTime to) = 0;
  // Those up to the newest whose samples need not all be in a kept hour yet.
  virtual RowRange rows_without_hours() = 0;
  // The oldest that is kept, from `from` on.
  virtual std::optional<UtcTime> first_hour(std::string_view stream, Quantity quantity,
                                            UtcTime from) = 0;
  virtual std::optional<UtcTime> first_official(std::string_view stream, Quantity quantity,
                                                UtcTime from) = 0;
  // The whole of it, oldest entry first.
  virtual std::vector<LedgerRow> ledger() = 0;
};

// For reading a store file that a daemon may have open: export, status. Throws StoreError.
std::unique_ptr<StoreReader> open_store_reader(const std::string& path);
StoreStatus read_store_status(const std::string& path);
std::vector<LedgerRow> read_ledger(const std::string& path);
// A value that the daemon remembered.
std::optional<std::string> read_remembered(const std::string& path, const std::string& name);

// The newest record of a stream, where it is among the newest rows of the store.
struct StreamSummary {
  std::string name;
  std::uint64_t seq = 0;  // 0: none found
  UtcTime time{};
  std::string body;
};
std::vector<StreamSummary> read_streams(const std::string& path);

class Store {
 public:
  // Opens or makes the file, brings its schema up to date, sets a damaged one aside. Throws
  // StoreError when another process keeps it, it is not ours, or may not be written. When its disk
  // does not answer, or is away, samples wait in memory until there is a store.
  Store(StoreSettings settings, Clock& clock, Log& log);
  // Commits what is in the queue.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The handle of a stream, which is made when it is new. Any thread.
  StreamId stream(std::string_view name);
  // The time of the newest sample kept of a stream, as of opening plus what was appended.
  std::optional<UtcTime> last_time(StreamId stream) const;
  // The revision of a stream's `meta`: rises when `content` is another than before.
  int meta_revision(StreamId stream, std::string_view content);

  // Hands over a sample; never blocks. When the queue is full the oldest waiting sample goes, is
  // counted and enters the ledger with the next commit. Any thread.
  void append(Entry entry);
  // A gap: into the ledger and onto the stream `ledger`. Any thread.
  void note_gap(LedgerRow row);

  // How often samples are put on disk and how long they are kept, from now on: as long as this
  // object lives, as its settings say otherwise. Any thread.
  void set_pace(milliseconds commit_every, milliseconds keep);

  // A sink with a cursor. A new one starts at the newest row, or at the oldest; when the cursors
  // were lost with a damaged file, every one at the oldest. `topics` may go there: rows of other
  // streams are no loss, whatever becomes of them; it is kept, for when the sink is taken out. Any
  // thread.
  void add_sink(const std::string& sink, bool from_oldest, TopicRules topics = {});
  // Takes a sink out. What it had not been sent enters the ledger with this cause, and what passes
  // until it comes back (dropped_cursors.hpp). Answers how many rows waited for it; nullopt: there
  // was no such sink.
  std::optional<std::uint64_t> remove_sink(const std::string& sink,
                                           std::string_view cause = "sink_removed");
  // A sink has another id: cursor and retained topics are those of the one that there was. False:
  // there was none, or the new one has its own.
  bool rename_sink(const std::string& was, const std::string& sink);
  [[nodiscard]] RowId cursor(const std::string& sink) const;
  // Rows up to this one are about to be sent, so they stay until they are acknowledged as long as
  // others can be deleted. False while rows are being deleted: ask again when on_commit() is
  // called.
  [[nodiscard]] bool claim(const std::string& sink, RowId until);
  // All rows up to `row` are acknowledged; kept with the next commit, or by itself after a while.
  void acknowledge(const std::string& sink, RowId row);

  // Newest row that a sink may send: committed, and not waiting for the right clock.
  [[nodiscard]] RowId sendable() const;
  // Called on the writer thread after each commit that made new rows sendable, and when a claim
  // that was denied may be made again. When this returns, an earlier one is not running any more;
  // {} for none.
  void on_commit(std::function<void()> notify);

  // All streams start again at 1 in a new epoch. `reason` is logged.
  void start_new_epoch(std::string_view reason);
  // `epoch` cannot be trusted: a new one begins, if that one still holds. Rows belong to it from
  // the first one on that has left to nobody in a run whose past was not looked at: they may have
  // numbers that were used before. `reason` is logged.
  void distrust(std::string_view epoch, std::string_view reason);
  // What the broker of `sink` should remember (mark.hpp); reads the row that it had last.
  [[nodiscard]] Mark mark(const std::string& sink) const;
  // Why what a broker remembers tells that this store was set back; empty: it does not. Reads.
  [[nodiscard]] std::string why_set_back(const Mark& seen) const;
  // The broker of `sink` was asked, or cannot be reached.
  void note_asked(const std::string& sink);
  // Lets the rows of this run leave under the numbers that they have; from then on they keep them.
  // False, and to be asked again: this or a new epoch is on its way to the disk, or another broker
  // was not asked yet that may know better. Never waits.
  bool release(bool without_the_others);
  [[nodiscard]] std::string epoch() const;

  // Retained topics that a sink has on its broker, so that they can be cleared one day, after a
  // crash as well: a topic is noted before it is first published.
  std::vector<std::string> retained_topics(const std::string& sink) const;
  void note_retained(const std::string& sink, std::string_view topic);
  void forget_retained(const std::string& sink, std::string_view topic);

  // Values by name that survive a restart (drift of counters, last good configuration, …).
  std::optional<std::string> remembered(std::string_view name) const;
  void remember(std::string_view name, std::string value);

  // Hourly means (hours.hpp). Keeps those of a stream's hour, with the record that tells of it, in
  // one transaction; `done` is the row up to which every sample is in an hour that is kept.
  void keep_hours(std::vector<HoursOfStream> hours, RowId done);
  // All quantities of one stream and hour.
  [[nodiscard]] std::vector<HourRow> hours_of(StreamId stream, UtcTime start) const;
  // `done` of the last time.
  [[nodiscard]] RowId hours_done() const;
  // Rises when an hour or an official value of a stream was handed over: then, after a flush(),
  // what a reader sees may be another than before.
  [[nodiscard]] std::uint64_t changes_of_hours(std::string_view stream) const;
  // The oldest row that is kept.
  [[nodiscard]] RowId oldest() const;

  // The samples of a stream since a time, oldest first, as far as they are among the newest rows of
  // the store; reads the disk.
  void recall(StreamId stream, UtcTime since,
              const std::function<void(const StoredRow&)>& each) const;

  // Opens the file when it is first asked for something.
  std::unique_ptr<StoreReader> reader() const;
  // What the file would say, out of memory: asks no disk and waits for nobody. The oldest time of a
  // backlog may be two seconds behind its cursor.
  [[nodiscard]] StoreStatus status() const;
  // What nobody expected and was thrown in its threads, by their names.
  [[nodiscard]] std::map<std::string, GuardStatus> exceptions() const;
  // Not while the disk has kept the writer waiting for a second: who reads it would wait too.
  [[nodiscard]] bool answers() const;
  // False until there is a file for the first time. Then sinks have to be added once more, and the
  // revisions of `meta` asked for again.
  [[nodiscard]] bool is_open() const;
  // Monotonic time of the writer's last sign of life; for the watchdog.
  [[nodiscard]] MonotonicTime alive() const;

  // Commits now and waits for it, at most until `deadline`; false when it did not return in time.
  bool flush(MonotonicTime deadline);

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace twinsky
