// SPDX-License-Identifier: Apache-2.0
// How the writer opens its file, and what it does when the file turns out to be damaged.
#include "gateway/store/epoch.hpp"
#include "gateway/store/last_word.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/schema.hpp"
#include "gateway/store/writer.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/json_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace twinsky {
namespace {

// The stream of gaps belongs to the store itself.
StreamId ledger_stream(Tables& tables, Journal& journal) {
  std::int64_t next = 0;
  for (const SavedStream& stream : tables.streams()) {
    if (stream.name == LedgerBook::stream_name) return stream.stream;
    next = static_cast<std::int64_t>(stream.stream) + 1;
  }
  SavedStream made;
  made.stream = StreamId{next};
  made.name = LedgerBook::stream_name;
  journal.transaction([&] { tables.save_stream(made); });
  return made.stream;
}

std::string boot_id_of(const StoreSettings& settings) {
  return settings.boot_id.empty() ? kernel_boot_id() : settings.boot_id;
}

bool is_damage(const std::exception& problem, const std::string& path) {
  const DiskFault fault = fault_of(problem);
  return fault == DiskFault::damaged || (fault == DiskFault::suspect && has_lost_tables(path));
}

// A mistake of the configuration, and no disk in trouble.
bool may_not_write(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return true;
  const auto directory = std::filesystem::absolute(path, unknown).parent_path();
  return ::access(directory.c_str(), W_OK | X_OK) != 0 && errno == EACCES;
}

}  // namespace

OpenedStore::OpenedStore(const StoreSettings& settings, Tail& tail, Clock& clock, Log& log)
    : tables(settings.path, Tables::Access::write),
      identity(settings.path),
      journal(tables, tail),
      ledger_stream(twinsky::ledger_stream(tables, journal)),
      hold(journal, clock, log, settings.clock_wait, boot_id_of(settings), ledger_stream),
      ledger(journal, hold, clock, ledger_stream),
      upkeep(journal, hold, ledger, settings, clock, log),
      dropped_cursors(journal, hold, ledger, clock, log),
      epochs(tables.epochs()),
      witness(tables, journal, settings.path) {
  std::string why = why_new_epoch(epochs, settings.machine_id);
  if (why.empty()) why = witness.why_set_back(epochs);
  if (!why.empty()) {
    begin_epoch(random_epoch(), settings.machine_id, clock.utc(), why);
    log.notice("store", "epoch " + epochs.back().epoch + " begins: " + why);
  }
  transaction([&] { witness.begin_run(); });
  if (!witness.keep(epochs.back().epoch)) {
    log.warning("store",
                "no witness can be kept beside " + settings.path +
                    ": an older copy of it that comes back is noticed by its brokers only");
  }
  const auto unannounced = tables.ledger(true);
  if (unannounced.empty()) return;
  transaction([&] {
    for (const auto& [entry, row] : unannounced) ledger.announce(entry, row);
  });
}

void OpenedStore::begin_epoch(const std::string& epoch, const std::string& machine_id, UtcTime now,
                              const std::string& reason, RowId first_row) {
  constexpr std::size_t most_without_rows = 100;
  SavedEpoch begun{journal.last() + 1, epoch, machine_id, now, reason};
  // Not behind the beginning of the epoch that holds: that one is not in doubt.
  if (first_row != 0 && !epochs.empty()) {
    begun.first_row = std::clamp(first_row, epochs.back().first_row, begun.first_row);
  }
  std::size_t forgotten = 0;
  while (forgotten + most_without_rows < epochs.size() &&
         epochs[forgotten + 1].first_row <= journal.oldest()) {
    ++forgotten;
  }
  transaction([&] {
    for (std::size_t at = 0; at < forgotten; ++at) tables.erase_epoch(epochs[at].first_row);
    tables.save_epoch(begun);
    journal.restart_sequences(begun.first_row);
  });
  epochs.erase(epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(forgotten));
  if (!epochs.empty() && epochs.back().first_row == begun.first_row) epochs.pop_back();
  epochs.push_back(begun);
}

void OpenedStore::accept(const Waiting& waiting) {
  const Entry& entry = waiting.entry;
  const std::string* body = &entry.body;
  if (entry.official_key) {
    // Forgotten by its age, it would be taken for a new one as often as the agency shows it.
    if (upkeep.is_too_old(entry.official_key->start)) return;
    const auto known = tables.official_revision(entry.stream, *entry.official_key);
    if (known && known->key.content_hash == entry.official_key->content_hash) return;
    const std::uint64_t revision = known ? known->revision + 1 : 1;
    tables.save_official_revision({entry.stream, *entry.official_key, revision});
    if (known) tables.erase_official(entry.stream, *entry.official_key);
    for (const OfficialValue& value : entry.official) {
      const OfficialKey& key = *entry.official_key;
      tables.save_official({.stream = entry.stream,
                            .document = key.document,
                            .start = key.start,
                            .end = key.end,
                            .value = value,
                            .revision = revision,
                            .content_hash = key.content_hash});
    }
    revised = with_first_member(entry.body, "revision", std::to_string(revision));
    body = &revised;
  }
  if (entry.amends) {
    const std::uint64_t seq =
        tables.seq_of(entry.stream, entry.time, epochs.back().first_row, journal.last());
    if (seq == 0) return;
    revised = with_first_member(entry.body, "amends", std::to_string(seq));
    body = &revised;
  }
  if (entry.clock_unset) {
    hold.append(entry.stream, entry.time, *body, waiting.clock_offset);
  } else {
    journal.append(entry.stream, entry.time, *body);
  }
}

void OpenedStore::take_back(const Salvaged& piece, UtcTime now) {
  for (const LedgerRow& row : piece.ledger) {
    tables.insert_ledger(row, true);
    tables.add_to_ledger_sum(row.cause, row.count);
  }
  for (const OfficialRevision& saved : piece.revisions) {
    if (!tables.official_revision(saved.stream, saved.key)) tables.save_official_revision(saved);
  }
  for (const HourRow& row : piece.hours) {
    const auto known = tables.hours_of(row.stream, row.start);
    const auto same = std::ranges::find(known, row.quantity, &HourRow::quantity);
    if (same == known.end()) tables.save_hour(row);
  }
  for (const OfficialRow& row : piece.official) {
    const OfficialKey key{row.document, row.start, row.end, row.content_hash};
    if (!tables.official_revision(row.stream, key)) tables.save_official(row);
  }
  if (piece.range.last_row == 0) return;
  // Older ones than those that had to be deleted meanwhile are not wanted any more.
  RowId next = std::max(piece.range.first_row, journal.erased_until() + 1);
  if (next > piece.range.last_row) return;
  tables.erase_salvage(next);
  const auto lose_until = [&](RowId last) {
    if (next <= last) tables.save_salvage({next, last, "", false});
  };
  for (const SalvagedRow& salvaged : piece.rows) {
    if (salvaged.row.row < next) continue;
    lose_until(salvaged.row.row - 1);
    journal.bring_back(salvaged.row, salvaged.body);
    next = salvaged.row.row + 1;
  }
  lose_until(piece.done_until);
  SalvageRange rest = piece.range;
  rest.first_row = std::max(piece.done_until + 1, next);
  if (rest.first_row <= rest.last_row) tables.save_salvage(rest);
  if (piece.unreadable != 0) {
    LedgerRow gap{"salvage", "*", now, now, piece.unreadable, true, "", 0, 0, ""};
    if (!piece.rows.empty()) {
      gap.start = piece.rows.front().row.time;
      gap.end = piece.rows.back().row.time;
    }
    ledger.note(gap);
  }
  journal.save();  // the number of rows before the mark has changed
}

Store::Writer::Writer(StoreSettings settings, Clock& clock, Log& log)
    : settings_(std::move(settings)),
      clock_(clock),
      log_(log),
      queue_(settings_.queue_bytes),
      guard_("store", clock, log) {
  file_->path = settings_.path;
  file_->has_writer = true;
  file_->generation = 0;
  // Its disk may be in trouble from the start, and go before the first try that finds it well.
  beneath_ = device_beneath(settings_.path);
  try {
    open_again();
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& problem) {
    if (may_not_write(settings_.path)) {
      throw StoreError("no store can be kept in " + settings_.path + " (" + problem.what() +
                       "): its directory must be writable for this user");
    }
    // A disk that is away may come back; until then values go out on `state`.
    enter_fault("disk_fault", "no store can be kept (" + std::string(problem.what()) + ")",
                first_retry);
  }
  thread_ = std::jthread([this] { run(); });
}

// The first time, and whenever there is no open file: after a lost one, or while its disk is away.
void Store::Writer::open_again() {
  if (left_) {
    begin_after_lost_file();
    return;
  }
  if (beneath_ && lies_on(settings_.path, *beneath_)) {
    throw std::runtime_error("what " + settings_.path + " lies on is not mounted");
  }
  if (!lock_) lock_ = std::make_unique<StoreLock>(settings_.path);
  if (has_file()) {
    resume();
  } else {
    open();
  }
}

// A disk that has failed is let go whole: as long as anything of it is open it cannot come back.
void Store::Writer::let_go() {
  opened_->tables.leave_companions();
  known_epochs_ = opened_->epochs;
  opened_.reset();
  file_->close();
  lock_.reset();
}

// The disk is back, with what it had or without.
void Store::Writer::resume() {
  std::unique_ptr<OpenedStore> fresh;
  try {
    fresh = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
  } catch (const std::exception& problem) {
    if (!is_damage(problem, settings_.path)) throw;
    replace_file("damaged", problem.what());
    return;
  }
  const bool is_behind =
      fresh->journal.last() < last_row() || !is_of_now(fresh->epochs.back().epoch);
  if (is_behind || !has_our_streams(*fresh)) {
    fresh->tables.leave_companions();
    fresh.reset();
    replace_file("found", "its newest samples are not there");
    return;
  }
  look_for_doubtful(fresh->tables);
  go_on_in(std::move(fresh));
}

// The one that held, or one that was to begin and may have, although the disk gave an error.
bool Store::Writer::is_of_now(const std::string& epoch) const {
  const std::lock_guard lock(mutex_);
  const auto held = std::ranges::find(epochs_had_, known_epochs_.back().epoch);
  return std::find(held, epochs_had_.end(), epoch) != epochs_had_.end();
}

void Store::Writer::open() {
  const auto open_file = [this] {
    opened_ = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
    if (file_->generation == 0) file_->renew();
    beneath_ = device_beneath(settings_.path);
    heed_last_word();
    load();
    start_salvage();
  };
  try {
    open_file();
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& problem) {
    opened_.reset();
    if (is_damage(problem, settings_.path)) {
      replace_file("damaged", problem.what());
      load();
      return;
    }
    // On a full disk not even the files beside it can be made; SQLite calls that an I/O error.
    Upkeep::give_up_reserve(settings_);
    open_file();
  }
}

// What the last process could not keep goes on record, so that the pause after it is no longer than
// it was. A disk that does not take it either is asked again at the next start.
void Store::Writer::heed_last_word() {
  LastWord word(settings_.path);
  const std::vector<LedgerRow> gaps = word.read();
  try {
    if (!gaps.empty()) {
      opened_->transaction([&] {
        for (const LedgerRow& gap : gaps) opened_->ledger.note(gap);
        for (const SavedStream& stream : opened_->tables.streams()) {
          for (const LedgerRow& gap : gaps) {
            if (gap.stream == stream.name) opened_->journal.know_time(stream.stream, gap.end);
          }
        }
        opened_->journal.save();
      });
    }
    word.clear();
  } catch (const std::exception& problem) {
    log_.warning("store",
                 std::string("what was lost at the last stop cannot be put on record yet: ") +
                     problem.what());
  }
  for (const LedgerRow& gap : gaps) {
    log_.warning("store", counted(gap.count, "sample") + " of " + gap.stream +
                              ": lost with the last process (" + gap.cause + ")");
  }
}

// What is in memory as well; before the thread starts. Done again when it meets damage.
void Store::Writer::load() {
  Tables& tables = opened_->tables;
  {
    const std::lock_guard lock(mutex_);
    const std::vector<SavedStream> early_streams = std::exchange(streams_, {});
    const std::map<std::string, SinkCursor> early_sinks = std::exchange(sinks_, {});
    stream_ids_.clear();
    for (SavedStream& stream : tables.streams()) {
      const auto index = static_cast<std::size_t>(stream.stream);
      if (index >= streams_.size()) streams_.resize(index + 1);
      stream.last_time = opened_->journal.last_time(stream.stream);
      stream_ids_.emplace(stream.name, stream.stream);
      streams_[index] = std::move(stream);
    }
    for (auto& [name, value] : tables.remembered()) {
      if (!unsaved_remembered_.contains(name)) remembered_.insert_or_assign(name, std::move(value));
    }
    for (const auto& [sink, row] : tables.cursors()) {
      const RowId possible = std::clamp<RowId>(row, 0, opened_->journal.last());
      sinks_[sink] = {.acknowledged = possible, .claimed = possible, .saved = possible};
      const auto claim = remembered_.find(claim_of(sink));
      if (claim == remembered_.end()) continue;
      const RowId claimed = std::strtoll(claim->second.c_str(), nullptr, 10);
      sinks_[sink].claimed = std::clamp(claimed, possible, opened_->journal.last());
    }
    const std::string named = topics_of("");
    for (auto at = remembered_.lower_bound(named); at != remembered_.end(); ++at) {
      if (!at->first.starts_with(named)) break;
      // SQLite sees no byte that changes. Without its rules a sink counts as one that takes all, so
      // that rather too much is called lost than too little.
      const auto rules = topic_rules_of(at->second);
      if (rules) topics_.try_emplace(at->first.substr(named.size()), *rules);
    }
    for (auto& [sink, topics] : tables.retained()) retained_[sink].merge(topics);
    know_past();
    hours_done_ = tables.hours_done();
    if (!std::exchange(has_file_, true)) {
      take_up(early_streams);
      for (const auto& [sink, cursor] : early_sinks) unready_sinks_.insert(sink);
    }
  }
  publish();
}

// Streams that were asked for while there was no file have numbers of their own.
void Store::Writer::take_up(const std::vector<SavedStream>& early) {
  for (const SavedStream& stream : early) {
    const auto found = stream_ids_.find(stream.name);
    const StreamId id = found == stream_ids_.end() ? make_stream(stream.name) : found->second;
    early_ids_.push_back(id);
    if (stream.meta_hash != 0)
      revise_meta(streams_[static_cast<std::size_t>(id)], stream.meta_hash);
  }
}

// Sets the file at the path aside; `what` becomes part of its name there.
void Store::Writer::replace_file(const std::string& what, const std::string& why) {
  try_directory_of(settings_.path);
  if (opened_) known_epochs_ = opened_->epochs;
  opened_.reset();
  file_->is_damaged = false;
  const std::string aside = set_aside(settings_.path, what, clock_.utc());
  mend_schema(aside);
  log_.error("store", "the file is " + what + " (" + why + "); it was set aside as " + aside +
                          ", a new one goes on, and what can be read is brought back");
  if (in_doubt_) {
    try {
      Tables tables(aside, Tables::Access::set_aside);
      look_for_doubtful(tables);
    } catch (const std::exception&) {
      in_doubt_->is_kept = false;  // it cannot be read, so it is not brought back either
    }
  }
  Inheritance inheritance = read_inheritance(aside);
  if (has_file()) {
    inheritance.epochs = known_epochs_;
    inheritance = inheritance_in_memory(std::move(inheritance));
    // What the file says of its own bounds may be lost with it.
    const std::lock_guard lock(mutex_);
    inheritance.first_row = oldest_row_;
    inheritance.last_row = std::max(inheritance.last_row, last_row_);
    inheritance.sure_until = last_row_;
    if (!inheritance.rows_are_readable) inheritance.lost_rows = rows_;
  }
  begin_anew(std::move(inheritance), aside, "the store was " + what);
  start_salvage();
  publish();
}

// What a file holds that has lost its name can still be read as long as it is open.
void Store::Writer::begin_after_lost_file() {
  std::filesystem::create_directories(std::filesystem::absolute(settings_.path).parent_path());
  if (!lock_) lock_ = std::make_unique<StoreLock>(settings_.path);
  try_directory_of(settings_.path);
  const UtcTime now = clock_.utc();
  const std::string found = set_aside(settings_.path, "found", now);
  const std::string name = settings_.path + " (open until " + iso8601(now) + ")";
  Inheritance inheritance = inheritance_in_memory({});
  Journal& journal = left_->journal;
  inheritance.epochs = left_->epochs;
  inheritance.first_row = journal.oldest();
  inheritance.last_row = journal.last();
  inheritance.sure_until = journal.last();
  try {
    std::string text;
    std::vector<StoredRow> rows;
    left_->tables.read(journal.last(), journal.last(), 1, text, rows);
    inheritance.salvages = left_->tables.salvages();
    inheritance.rows_are_readable = !rows.empty();
  } catch (const std::exception&) {
    inheritance.rows_are_readable = false;
  }
  if (!inheritance.rows_are_readable) {
    inheritance.lost_rows = journal.count();
  }
  const bool is_readable = inheritance.rows_are_readable;
  begin_anew(std::move(inheritance), name, "the store's file was lost: " + left_why_);
  log_.error(
      "store",
      "the file " + settings_.path + " " + left_why_ + "; a new one goes on, and " +
          (is_readable ? "what it held is brought back, since it is still open"
                       : "what it held is lost, since it cannot be read any more") +
          (std::filesystem::exists(found) ? "; what was found there is kept as " + found : ""));
  start_salvage();
  publish();
}

// A new file that takes over what is known; the rows come back from `rows_in`.
void Store::Writer::begin_anew(Inheritance inheritance, const std::string& rows_in,
                               const std::string& reason) {
  if (inheritance.epochs.empty()) {
    inheritance.epochs.push_back({1, random_epoch(), settings_.machine_id, clock_.utc(),
                                  "its name was lost with a damaged store"});
  }
  const SavedEpoch next{inheritance.last_row + 1, random_epoch(), settings_.machine_id,
                        clock_.utc(), reason};
  {
    Tables tables(settings_.path, Tables::Access::write);
    tables.begin();
    hand_over(tables, inheritance, rows_in, next);
    tables.commit();
  }
  opened_ = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
  rows_are_held_ = true;
  file_->tail.clear();
  file_->renew();
  if (inheritance.cursors_are_lost) {
    log_.warning("store",
                 "how far each sink had come is lost with it: they begin with the oldest sample");
  }
  const std::lock_guard lock(mutex_);
  know_past();
  cursors_are_lost_ = cursors_are_lost_ || inheritance.cursors_are_lost;
  if (inheritance.lost_rows != 0) {
    gaps_.push_back(
        {"salvage", "*", next.started, next.started, inheritance.lost_rows, true, "", 0, 0, ""});
    small_since_ = std::min(small_since_, clock_.now());
  }
  small_tables_of_ = rows_in;
  sure_until_ = inheritance.sure_until;
}

// Before each commit: what goes into a file that nobody finds again is lost.
void Store::Writer::look_at_file() {
  switch (opened_->identity.look()) {
    case FileNow::same:
    case FileNow::unknown:
      break;
    case FileNow::truncated: {
      // VACUUM makes it shorter as well, but then all of its pages are there.
      if (!opened_->tables.is_whole_file()) {
        replace_file("damaged", "it was made shorter while it was open");
        break;
      }
      opened_->identity.accept_size();
      break;
    }
    case FileNow::disk_gone:
      throw std::runtime_error("what " + settings_.path + " lies on is not mounted any more");
    case FileNow::wal_cut:
      // A checkpoint of another program makes it shorter as well, but then all of it is in the
      // file.
      if (!opened_->tables.is_whole_wal()) {
        replace_file("damaged", "its WAL was made shorter while it was open");
        break;
      }
      opened_->identity.note_wal();
      break;
    case FileNow::deleted:
      leave_file("was deleted while it was open");
      return;
    case FileNow::wal_lost:
      leave_file("lost its WAL while it was open");
      return;
    case FileNow::replaced:
      leave_file("was replaced while it was open");
      return;
    case FileNow::remounted:
      if (goes_on_in_other_file()) {
        log_.notice("store", "the disk of " + settings_.path + " is back; it goes on");
        reopen();
      } else {
        leave_file("was replaced by a file of another disk while it was open");
      }
      return;
  }
  if (!lock_->is_in_place()) lock_ = std::make_unique<StoreLock>(settings_.path);
}

// The disk is mounted again. (Of one that lies where ours did, nothing may be opened while ours is:
// both would share the index of the WAL.)
bool Store::Writer::goes_on_in_other_file() {
  try {
    Tables other(settings_.path, Tables::Access::read);
    const auto epochs = other.epochs();
    return !epochs.empty() && epochs.back().epoch == opened_->epochs.back().epoch &&
           epochs.back().first_row == opened_->epochs.back().first_row &&
           other.newest_row() >= opened_->journal.last();
  } catch (const std::exception&) {
    return false;
  }
}

bool Store::Writer::has_file() const {
  const std::lock_guard lock(mutex_);
  return has_file_;
}

RowId Store::Writer::last_row() const {
  const std::lock_guard lock(mutex_);
  return last_row_;
}

void Store::Writer::leave_file(const std::string& why) {
  opened_->tables.leave_companions();
  left_ = std::move(opened_);
  left_why_ = why;
  lock_ = nullptr;  // it may lie where nobody finds it, too
}

// Reads from the file at the path how far it has come.
void Store::Writer::reopen() {
  auto fresh = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
  if (!has_our_streams(*fresh)) {
    leave_file("has streams of another process");
    return;
  }
  opened_->tables.leave_companions();
  go_on_in(std::move(fresh));
}

bool Store::Writer::has_our_streams(OpenedStore& store) {
  const std::lock_guard lock(mutex_);
  for (SavedStream& stream : store.tables.streams()) {
    const auto index = static_cast<std::size_t>(stream.stream);
    if (index == streams_.size()) {
      stream_ids_.emplace(stream.name, stream.stream);
      streams_.push_back(stream);
    }
    if (index >= streams_.size() || streams_[index].name != stream.name) return false;
  }
  return true;
}

void Store::Writer::go_on_in(std::unique_ptr<OpenedStore> store) {
  opened_ = std::move(store);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [sink, cursor] : sinks_) cursor.saved = 0;
    runs_ = opened_->witness.runs();
  }
  rows_are_held_ = true;
  file_->tail.clear();
  file_->renew();
  start_salvage();
  publish();
}

Inheritance Store::Writer::inheritance_in_memory(Inheritance read) const {
  const std::lock_guard lock(mutex_);
  read.streams = streams_;
  read.cursors.clear();
  read.cursors_are_lost = false;
  for (const auto& [sink, cursor] : sinks_) read.cursors[sink] = cursor.acknowledged;
  read.retained = retained_;
  read.remembered = {remembered_.begin(), remembered_.end()};
  return read;
}

void Store::Writer::start_salvage() {
  const std::string small_tables_of = std::exchange(small_tables_of_, {});
  const RowId sure_until = std::exchange(sure_until_, 0);
  const OpenAside open = [left = std::shared_ptr<OpenedStore>(std::move(left_)),
                          small_tables_of](const std::string& file) {
    if (left && file == small_tables_of) return std::shared_ptr<Tables>(left, &left->tables);
    return std::make_shared<Tables>(file, Tables::Access::set_aside);
  };
  std::vector<SalvageRange> ranges = opened_->tables.salvages();
  std::erase_if(ranges, [](const SalvageRange& range) { return range.file.empty(); });
  if (ranges.empty() && small_tables_of.empty()) return;
  const auto guard = std::make_shared<Guard>("salvage", clock_, log_);
  {
    const std::lock_guard lock(mutex_);
    salvage_guards_.push_back(guard);
  }
  const Deliver deliver = [this, generation = file_->generation.load()](Salvaged piece) {
    return this->deliver(std::move(piece), generation);
  };
  salvages_.emplace_back(
      [this, guard, open, deliver,
       work = SalvageWork{.small_tables_of = small_tables_of,
                          .ranges = ranges,
                          .sure_until = sure_until}](const std::stop_token& stop) {
        salvage(work, open, deliver, *guard, stop, log_);
      });
}

// On the salvage's thread. When the new file was damaged as well, the thread of the next one goes
// on with the rows that this one has not brought back; nobody else has the small tables.
bool Store::Writer::deliver(Salvaged piece, unsigned generation) {
  const auto shared = std::make_shared<const Salvaged>(std::move(piece));
  std::unique_lock lock(mutex_);
  const auto is_superseded = [this, shared, generation] {
    return shared->range.last_row != 0 && generation != file_->generation;
  };
  if (stopping_ || is_superseded()) return false;
  const UtcTime now = clock_.utc();
  change([shared, now, is_superseded](OpenedStore& store) {
    if (!is_superseded()) store.take_back(*shared, now);
  });
  // A disk in trouble is waited for; the change stays in line.
  while (!wait_for_commit(lock, MonotonicTime::max())) {
    if (stopping_ || ended_) return false;
    clock_.wait(lock, committed_, clock_.now() + std::chrono::seconds(1));
  }
  return true;
}

}  // namespace twinsky
