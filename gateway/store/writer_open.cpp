// SPDX-License-Identifier: Apache-2.0
// How the writer opens its file, and what it does when the file turns out to be damaged.
#include "gateway/store/epoch.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/writer.hpp"

#include <algorithm>
#include <filesystem>

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

}  // namespace

OpenedStore::OpenedStore(const StoreSettings& settings, Tail& tail, Clock& clock, Log& log)
    : tables(settings.path, Tables::Access::write),
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
  SavedEpoch begun{journal.last() + 1, epoch, machine_id, now, reason};
  // Not behind the beginning of the epoch that holds: that one is not in doubt.
  if (first_row != 0 && !epochs.empty()) {
    begun.first_row = std::clamp(first_row, epochs.back().first_row, begun.first_row);
  }
  transaction([&] {
    tables.save_epoch(begun);
    journal.restart_sequences(begun.first_row);
  });
  if (!epochs.empty() && epochs.back().first_row == begun.first_row) epochs.pop_back();
  epochs.push_back(begun);
}

void OpenedStore::accept(const Waiting& waiting) {
  const Entry& entry = waiting.entry;
  const std::string* body = &entry.body;
  if (entry.reference) {
    const auto known = tables.reference(entry.stream, *entry.reference);
    if (known && known->key.content_hash == entry.reference->content_hash) return;
    const std::uint64_t revision = known ? known->revision + 1 : 1;
    tables.save_reference({entry.stream, *entry.reference, revision});
    if (known) tables.erase_official(entry.stream, *entry.reference);
    for (const OfficialValue& value : entry.official) {
      const ReferenceKey& key = *entry.reference;
      tables.save_official({.stream = entry.stream,
                            .document = key.document,
                            .start = key.start,
                            .end = key.end,
                            .value = value,
                            .revision = revision,
                            .content_hash = key.content_hash});
    }
    revised = R"({"revision":)" + std::to_string(revision);
    if (entry.body != "{}") revised += ',';
    revised.append(entry.body, 1);
    body = &revised;
  }
  if (entry.amends) {
    const std::uint64_t seq =
        tables.seq_of(entry.stream, entry.time, epochs.back().first_row, journal.last());
    if (seq == 0) return;
    revised = R"({"amends":)" + std::to_string(seq) + ',';
    revised.append(entry.body, 1);
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
  for (const SavedReference& reference : piece.references) {
    if (!tables.reference(reference.stream, reference.key)) tables.save_reference(reference);
  }
  for (const HourRow& row : piece.hours) {
    const auto known = tables.hours_of(row.stream, row.start);
    const auto same = std::ranges::find(known, row.quantity, &HourRow::quantity);
    if (same == known.end()) tables.save_hour(row);
  }
  for (const OfficialRow& row : piece.official) {
    const ReferenceKey key{row.document, row.start, row.end, row.content_hash};
    if (!tables.reference(row.stream, key)) tables.save_official(row);
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
    : settings_(std::move(settings)), clock_(clock), log_(log), queue_(settings_.queue_bytes) {
  file_->path = settings_.path;
  file_->has_writer = true;
  try {
    open();
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& problem) {
    throw StoreError("no store can be kept in " + settings_.path + " (" + problem.what() +
                     "): look whether its directory exists, may be written by this user and has "
                     "free space");
  }
  thread_ = std::jthread([this] { run(); });
}

void Store::Writer::open() {
  const auto open_file = [this] {
    opened_ = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
    load();
    start_salvage();
  };
  try {
    open_file();
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& problem) {
    opened_.reset();
    if (fault_of(problem) == DiskFault::damaged) {
      replace_damaged_file(problem.what());
      load();
      start_salvage();
      return;
    }
    // On a full disk not even the files beside it can be made; SQLite calls that an I/O error.
    Upkeep::give_up_reserve(settings_);
    open_file();
  }
}

// What is in memory as well; before the thread starts. Done again when it meets damage.
void Store::Writer::load() {
  Tables& tables = opened_->tables;
  {
    const std::lock_guard lock(mutex_);
    streams_.clear();
    stream_ids_.clear();
    for (SavedStream& stream : tables.streams()) {
      const auto index = static_cast<std::size_t>(stream.stream);
      if (index >= streams_.size()) streams_.resize(index + 1);
      stream.last_time = opened_->journal.last_time(stream.stream);
      stream_ids_.emplace(stream.name, stream.stream);
      streams_[index] = std::move(stream);
    }
    sinks_.clear();
    for (const auto& [sink, row] : tables.cursors()) {
      const RowId possible = std::clamp<RowId>(row, 0, opened_->journal.last());
      sinks_[sink] = {.acknowledged = possible, .saved = possible};
    }
    retained_ = tables.retained();
    remembered_.clear();
    for (auto& [name, value] : tables.remembered()) remembered_.emplace(name, std::move(value));
    know_past();
    hours_done_ = tables.hours_done();
  }
  publish();
}

void Store::Writer::replace_damaged_file(const std::string& why) {
  const bool is_running = opened_ != nullptr;
  const RowId last_row = is_running ? opened_->journal.last() : 0;
  std::vector<SavedEpoch> epochs;
  if (is_running) epochs = opened_->epochs;
  opened_.reset();
  file_->is_damaged = false;
  const std::string damaged = set_aside(settings_.path, clock_.utc());
  log_.error("store", "the file is damaged (" + why + "); it was set aside as " + damaged +
                          ", a new one goes on, and what can be read is brought back");
  Inheritance inheritance = read_inheritance(damaged);
  if (is_running) {
    inheritance.epochs = std::move(epochs);
    inheritance.last_row = std::max(inheritance.last_row, last_row);
    inheritance = inheritance_in_memory(std::move(inheritance));
  }
  if (inheritance.epochs.empty()) {
    inheritance.epochs.push_back({1, random_epoch(), settings_.machine_id, clock_.utc(),
                                  "its name was lost with a damaged store"});
  }
  const SavedEpoch next{inheritance.last_row + 1, random_epoch(), settings_.machine_id,
                        clock_.utc(), "the store was damaged"};
  {
    Tables tables(settings_.path, Tables::Access::write);
    tables.begin();
    hand_over(tables, inheritance, damaged, next);
    tables.commit();
  }
  opened_ = std::make_unique<OpenedStore>(settings_, file_->tail, clock_, log_);
  rows_are_held_ = true;
  file_->tail.clear();
  ++file_->generation;
  if (inheritance.cursors_are_lost) {
    log_.warning("store",
                 "how far each sink had come is lost with it: they begin with the oldest sample");
  }
  const std::lock_guard lock(mutex_);
  know_past();
  cursors_are_lost_ = cursors_are_lost_ || inheritance.cursors_are_lost;
  if (!inheritance.rows_are_readable && inheritance.estimated_rows != 0) {
    gaps_.push_back({"salvage", "*", next.started, next.started, inheritance.estimated_rows, true,
                     "", 0, 0, ""});
    small_since_ = std::min(small_since_, clock_.now());
  }
  small_tables_of_ = damaged;
}

Inheritance Store::Writer::inheritance_in_memory(Inheritance read) const {
  const std::lock_guard lock(mutex_);
  read.streams = streams_;
  read.cursors.clear();
  read.cursors_are_lost = false;
  for (const auto& [sink, outbox] : sinks_) read.cursors[sink] = outbox.acknowledged;
  read.retained = retained_;
  read.remembered = {remembered_.begin(), remembered_.end()};
  return read;
}

void Store::Writer::start_salvage() {
  const std::string small_tables_of = std::exchange(small_tables_of_, {});
  std::vector<SalvageRange> ranges = opened_->tables.salvages();
  std::erase_if(ranges, [](const SalvageRange& range) { return range.file.empty(); });
  if (ranges.empty() && small_tables_of.empty()) return;
  salvages_.emplace_back([this, ranges, small_tables_of, generation = file_->generation.load()] {
    const Deliver deliver = [this, generation](Salvaged piece) {
      return this->deliver(std::move(piece), generation);
    };
    try {
      if (!small_tables_of.empty()) salvage_small_tables(small_tables_of, deliver);
    } catch (const std::exception&) {
      log_.warning("store", small_tables_of + " cannot be opened: its ledger is lost");
    }
    if (ranges.empty()) return;
    try {
      salvage_rows(ranges, deliver, log_);
    } catch (const std::exception& problem) {
      log_.error("store", "bringing back rows of " + ranges.front().file + " has ended early: " +
                              problem.what() + "; the next start goes on with it");
    }
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
