// SPDX-License-Identifier: Apache-2.0
// The store's writer: takes what others handed over and commits it in groups. Others meet it at one
// mutex, which is never held while the disk works.
#pragma once

#include "gateway/store/clock_hold.hpp"
#include "gateway/store/dropped_cursors.hpp"
#include "gateway/store/endurance.hpp"
#include "gateway/store/file_identity.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/ledger_book.hpp"
#include "gateway/store/mark.hpp"
#include "gateway/store/queue.hpp"
#include "gateway/store/reader.hpp"
#include "gateway/store/salvage.hpp"
#include "gateway/store/store.hpp"
#include "gateway/store/store_lock.hpp"
#include "gateway/store/upkeep.hpp"
#include "gateway/store/witness.hpp"
#include "gateway/system/guard.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace twinsky {

// A store file that is open for writing, with everything that writes into it.
struct OpenedStore {
  OpenedStore(const StoreSettings& settings, Tail& tail, Clock& clock, Log& log);

  template <class Work>
  void transaction(Work&& work) {
    try {
      journal.transaction(work);
    } catch (...) {
      hold.rolled_back();
      dropped_cursors.rolled_back();
      throw;
    }
    hold.committed();
    dropped_cursors.committed();
  }
  // Inside a transaction: gives the sample its numbers and keeps it, unless it is a repetition.
  void accept(const Waiting& waiting);
  void take_back(const Salvaged& piece, UtcTime now);
  // `first_row`: rows from there on that are not sent yet get new numbers; 0: only those to come.
  void begin_epoch(const std::string& epoch, const std::string& machine_id, UtcTime now,
                   const std::string& reason, RowId first_row = 0);

  Tables tables;
  FileIdentity identity;
  Journal journal;
  const StreamId ledger_stream;
  ClockHold hold;
  LedgerBook ledger;
  Upkeep upkeep;
  DroppedCursors dropped_cursors;
  std::vector<SavedEpoch> epochs;
  std::optional<std::uint64_t> ledger_changes_told;  // of those that `tables` has counted
  std::string revised;  // a body with its revision or what it amends; its memory is used again
  Witness witness;
};

struct Store::Writer {
  Writer(StoreSettings settings, Clock& clock, Log& log);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As the members of Store.
  StreamId stream(std::string_view name);
  std::optional<UtcTime> last_time(StreamId stream) const;
  int meta_revision(StreamId stream, std::string_view content);
  void append(Entry&& entry);
  void note_gap(LedgerRow row);
  void add_sink(const std::string& sink, bool from_oldest, TopicRules topics);
  std::optional<std::uint64_t> remove_sink(const std::string& sink, std::string_view cause);
  bool rename_sink(const std::string& was, const std::string& sink);
  RowId cursor(const std::string& sink) const;
  bool claim(const std::string& sink, RowId until);
  void acknowledge(const std::string& sink, RowId row);
  RowId sendable() const;
  void on_commit(std::function<void()> notify);
  void start_new_epoch(std::string_view reason);
  void distrust(std::string_view epoch, std::string_view reason);
  Mark mark(const std::string& sink) const;
  std::string why_set_back(const Mark& seen) const;
  void note_asked(const std::string& sink);
  bool release(bool without_the_others);
  std::string epoch() const;
  std::vector<std::string> retained_topics(const std::string& sink) const;
  void note_retained(const std::string& sink, std::string_view topic);
  void forget_retained(const std::string& sink, std::string_view topic);
  std::optional<std::string> remembered(std::string_view name) const;
  void remember(std::string_view name, std::string value);
  void set_pace(milliseconds commit_every, milliseconds keep);
  void keep_hours(std::vector<HoursOfStream> hours, RowId done);
  std::vector<HourRow> hours_of(StreamId stream, UtcTime start) const;
  RowId hours_done() const;
  std::uint64_t changes_of_hours(std::string_view stream) const;
  RowId oldest() const;
  void recall(StreamId stream, UtcTime since,
              const std::function<void(const StoredRow&)>& each) const;
  std::unique_ptr<StoreReader> reader() const { return make_reader(file_); }
  StoreStatus status() const;
  bool answers() const;
  bool is_open() const;
  MonotonicTime alive() const;
  std::map<std::string, GuardStatus> exceptions() const;
  bool flush(MonotonicTime deadline);

 private:
  static constexpr milliseconds first_retry{1'000};
  // A change of a small table; may be done again after a failed commit.
  using Change = std::function<void(OpenedStore&)>;
  struct SinkCursor {
    RowId acknowledged = 0;
    RowId claimed = 0;  // later ones, up to here, may be under way
    RowId saved = 0;
    MonotonicTime save_after = MonotonicTime::min();  // the first one goes to the disk at once
    bool from_oldest = false;                         // where it would start if it were new
    // For status(): the time of the first row after `oldest_after`, where the tail has it not.
    RowId oldest_after = -1;
    std::optional<UtcTime> oldest;
  };
  // The names by which they are remembered.
  static std::string claim_of(const std::string& sink);
  static std::string topics_of(const std::string& sink);
  static MonotonicTime due_of(const SinkCursor& cursor);
  static bool is_due(const SinkCursor& cursor, MonotonicTime now);
  struct NewEpoch {
    std::string epoch;
    std::string reason;
    RowId first_row = 0;
  };
  // What one round of the writer takes along.
  struct Round {
    std::vector<Waiting> batch;
    std::size_t done = 0;  // of the batch
    DroppedByStream dropped;
    std::vector<LedgerRow> gaps;
    std::vector<Change> changes;
    std::map<std::string, std::string> remembered;
    std::map<std::string, RowId> cursors;
    std::vector<NewEpoch> epochs;
    std::uint64_t ticket = 0;
    bool is_last = false;
    bool is_good = true;
    // What the commit that is tried holds, of the batch and in rows.
    struct Part {
      std::size_t samples = 0;
      RowId last_row = 0;
    };
    std::optional<Part> doubtful;
    std::string mark;  // of its changes, in the file; empty: it has none
    [[nodiscard]] bool has_small_things() const;
  };
  // A transaction whose commit failed: it may be on the disk all the same, as when all was written
  // and only the disk's last word was an error. The file tells when it is opened again.
  struct InDoubt {
    std::vector<Waiting> part;
    DroppedByStream dropped;
    std::vector<LedgerRow> gaps;
    std::vector<Change> changes;
    RowId after = 0;   // its rows: after this one
    RowId last = 0;    // up to here
    std::string mark;  // see Round
    bool is_kept = false;
  };

  // Opening (writer_open.cpp).
  void open_again();
  void open();
  void load();
  void know_past();  // past.cpp
  void take_up(const std::vector<SavedStream>& early);
  void look_at_file();
  bool goes_on_in_other_file();
  void leave_file(const std::string& why);
  void let_go();
  void resume();
  void reopen();
  bool is_of_now(const std::string& epoch) const;
  bool has_our_streams(OpenedStore& store);
  void go_on_in(std::unique_ptr<OpenedStore> store);
  bool has_file() const;
  RowId last_row() const;
  void replace_file(const std::string& what, const std::string& why);
  void begin_after_lost_file();
  void begin_anew(Inheritance inheritance, const std::string& rows_in, const std::string& reason);
  Inheritance inheritance_in_memory(Inheritance read) const;
  void start_salvage();
  bool deliver(Salvaged piece, unsigned generation);
  void heed_last_word();

  // Writer thread.
  void run();
  MonotonicTime next_round() const;
  void take_round(Round& round);
  void give_back(Round& round);
  void turn(Round& round);
  void rest_after(Round& round);
  bool play(Round& round);
  template <class Work>
  bool expect_disk_trouble(Round& round, Work&& work);
  void doubt(Round& round);
  void look_for_doubtful(Tables& tables);
  void resolve_doubt(Round& round);
  void use_real_streams(Round& round) const;
  void write(Round& round);
  void write_small_things(Round& round);
  void replace_file_if_damaged();
  void look_after();
  void publish();
  void publish_account();
  milliseconds busy_for() const;
  void failed(const std::exception& problem, Round& round);
  Sacrifice sacrifice(bool is_last) const;
  void enter_fault(const std::string& cause, const std::string& what, milliseconds retry_after);
  void leave_fault();
  std::vector<std::string> stream_names() const;
  WantedRowsNow wanted_for_deletion();
  void end_deletion();
  void notify();

  // mutex_ held.
  void begin_epoch(std::string_view reason, RowId first_row);
  std::size_t index_of(StreamId stream) const;
  RowId passed(const SinkCursor& cursor) const;
  bool is_much_waiting() const;
  StreamId make_stream(std::string_view name);
  int revise_meta(SavedStream& stream, std::uint64_t hash);
  void change_topics(const std::string& sink, const TopicRules& before, RowId cursor,
                     RowId claimed);
  StreamId real(StreamId stream) const;
  SavedStream& at(StreamId stream) { return streams_[index_of(stream)]; }
  void change(Change change);
  void keep_remembered(std::string_view name, std::string value);
  void wake_writer() { changed_.notify_one(); }
  void leave_last_word();
  bool wait_for_commit(std::unique_lock<std::mutex>& lock, MonotonicTime deadline);

  // What others read is const once the thread runs, but for these two: commit_every is guarded by
  // mutex_, keep is the writer thread's and follows keep_.
  StoreSettings settings_;
  Clock& clock_;
  Log& log_;
  const std::shared_ptr<SharedFile> file_ = std::make_shared<SharedFile>();
  std::unique_ptr<StoreLock> lock_;       // taken before anything is opened
  std::unique_ptr<OpenedStore> opened_;   // writer thread's, once it runs; nullptr: there is none
  std::unique_ptr<OpenedStore> left_;     // writer thread's: a file that has lost its name
  std::string left_why_;                  // writer thread's
  std::optional<dev_t> beneath_;          // writer thread's: what the file's disk is mounted on
  std::vector<SavedEpoch> known_epochs_;  // writer thread's: as of when the file was let go
  bool rows_are_held_ = true;             // writer thread's: as far as it knows
  std::optional<InDoubt> in_doubt_;       // writer thread's; while no file is open
  int tries_at_once_ = 0;                 // writer thread's: since the last good commit
  std::uint64_t marks_ = 0;               // writer thread's
  bool is_disk_full_ = false;             // writer thread's: so the last commit said
  milliseconds retry_after_{0};           // writer thread's
  std::string small_tables_of_;           // a damaged file whose rows are still to be brought back
  RowId sure_until_ = 0;                  // of its rows, as was known when it was lost
  std::atomic<MonotonicTime::rep> busy_since_{0};  // 0: waits
  std::atomic<std::size_t> in_round_{0};           // samples taken that are not committed yet
  std::atomic<std::size_t> doubtful_{0};           // and those in doubt

  std::mutex notify_mutex_;       // held while it is called
  std::function<void()> notify_;  // guarded by notify_mutex_

  mutable std::mutex mutex_;
  std::condition_variable changed_;    // the writer waits here
  std::condition_variable committed_;  // others wait here

  // All below are guarded by mutex_.
  milliseconds keep_ = settings_.keep;
  Queue queue_;
  MonotonicTime first_waiting_{};
  MonotonicTime wake_at_ = MonotonicTime::min();  // until when the writer sleeps
  MonotonicTime last_round_ = MonotonicTime::min();
  bool was_busy_ = false;     // the last round had samples: more will come
  bool has_more_ = false;     // deletion or amending goes on
  bool is_deleting_ = false;  // rows are chosen and being deleted: no new claims
  bool is_claim_denied_ = false;
  bool stopping_ = false;
  bool ended_ = false;  // the writer's thread has
  std::vector<LedgerRow> gaps_;
  std::vector<Change> changes_;
  std::vector<NewEpoch> epochs_;
  std::set<std::string> unsaved_remembered_;
  MonotonicTime small_since_ = MonotonicTime::max();
  std::uint64_t tickets_ = 0;  // who waits for a commit holds one
  std::uint64_t tried_ = 0;
  std::uint64_t committed_ticket_ = 0;
  std::vector<SavedStream> streams_;  // by StreamId
  std::map<std::string, StreamId, std::less<>> stream_ids_;
  bool has_file_ = false;                // or had one: false only before the first is open
  std::vector<StreamId> early_ids_;      // of streams that were asked for before that
  std::set<std::string> unready_sinks_;  // came before that, and do not know their cursors
  std::map<StreamId, std::uint64_t> hours_changes_;
  RowId hours_done_ = 0;
  std::map<std::string, SinkCursor> sinks_;
  std::map<std::string, TopicRules> topics_;  // of sinks that were taken out, too
  bool cursors_are_lost_ = false;             // a sink that comes now need not be a new one
  std::map<std::string, std::set<std::string>> retained_;
  std::map<std::string, std::string, std::less<>> remembered_;
  std::string epoch_;
  std::string saved_epoch_;              // the last one on the disk
  std::vector<std::string> epochs_had_;  // ascending; the last one is epoch_
  RunBook runs_;
  bool is_released_ = false;  // in this run: a sink's rows may leave
  std::uint64_t release_ticket_ = 0;
  RowId first_unreleased_ = 0;     // rows from there on have left to nobody, while none may
  std::set<std::string> unasked_;  // sinks whose brokers may still know better
  RowId oldest_row_ = 1;
  RowId last_row_ = 0;
  RowId sendable_ = 0;
  std::uint64_t rows_ = 0;
  std::map<std::string, std::uint64_t> ledger_sums_;
  MonotonicTime notes_wait_from_ = MonotonicTime::min();  // before it note_retained() does not
  std::int64_t size_bytes_ = 0;
  std::int64_t limit_bytes_ = 0;
  Endurance endurance_;
  bool clock_waiting_ = false;
  MonotonicTime clock_due_ = MonotonicTime::max();
  std::string fault_;  // empty: all is well
  MonotonicTime retry_at_{};

  Guard guard_;                                         // writer thread's, but for its status
  std::vector<std::shared_ptr<Guard>> salvage_guards_;  // guarded by mutex_
  std::vector<std::jthread> salvages_;                  // writer thread's
  std::jthread thread_;
};

}  // namespace twinsky
