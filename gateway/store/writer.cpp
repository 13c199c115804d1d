// SPDX-License-Identifier: Apache-2.0
// The writer's thread: rounds of "take what waits, commit it, look after the file".
#include "gateway/store/writer.hpp"

#include "gateway/model/fast_clock.hpp"
#include "gateway/store/last_word.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace twinsky {
namespace {

// A cursor goes to the disk once in this time, or after so many rows: what was acknowledged since
// is sent again after a crash.
constexpr std::chrono::seconds save_cursor_after{2};
constexpr RowId save_cursor_rows = 10'000;
constexpr milliseconds longest_retry{10'000};
constexpr milliseconds longest_retry_when_full{5'000};
constexpr int most_tries_at_once = 3;  // in vain, one after the other: the reserve, then rows
constexpr std::size_t rows_while_full = 50;
constexpr const char* mark_of_changes = "newest_changes";  // the name it is remembered by
constexpr std::size_t batch_kept = 4096;  // entries of memory that are kept for the next round

DroppedByStream by_stream(const std::vector<Waiting>& samples, const std::string& cause) {
  DroppedByStream lost;
  for (const Waiting& each : samples) {
    add(lost[{each.entry.stream, cause}], {each.entry.time, each.entry.time, 1});
  }
  return lost;
}

}  // namespace

MonotonicTime Store::Writer::due_of(const SinkCursor& cursor) {
  return cursor.acknowledged == cursor.saved ? MonotonicTime::max() : cursor.save_after;
}

bool Store::Writer::is_due(const SinkCursor& cursor, MonotonicTime now) {
  return now >= due_of(cursor) || cursor.acknowledged - cursor.saved >= save_cursor_rows;
}

std::string Store::Writer::claim_of(const std::string& sink) {
  return "claimed " + sink;
}

std::string Store::Writer::topics_of(const std::string& sink) {
  return "topics " + sink;
}

bool Store::Writer::Round::has_small_things() const {
  return !dropped.empty() || !gaps.empty() || !changes.empty() || !remembered.empty() ||
         !cursors.empty() || !epochs.empty() || is_last;
}

Store::Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_writer();
    committed_.notify_all();
  }
  thread_.join();
  salvages_.clear();
}

void Store::Writer::run() {
  const Presence presence(clock_);
  Round round;
  while (!round.is_last) {
    if (!guard_.turn([&] { turn(round); })) rest_after(round);
  }
  const std::lock_guard lock(mutex_);
  busy_since_ = 0;
  ended_ = true;
  if (!round.is_good) leave_last_word();
  committed_.notify_all();
}

// One round, or the wait for it.
void Store::Writer::turn(Round& round) {
  std::unique_lock lock(mutex_);
  const MonotonicTime next = next_round();
  if (clock_.now() < next) {
    wake_at_ = next;
    busy_since_ = 0;
    clock_.wait(lock, changed_, next);
    return;
  }
  wake_at_ = MonotonicTime::min();
  busy_since_ = clock_.now().time_since_epoch().count() | 1;  // 0 means that it waits
  round.is_good = false;
  take_round(round);
  lock.unlock();
  round.is_good = play(round);
  lock.lock();
  // What made room for the last samples is tried before they are given up.
  if (!round.is_good && round.is_last && retry_at_ <= clock_.now()) round.is_last = false;
  tried_ = round.ticket;
  if (round.is_good) committed_ticket_ = round.ticket;
  committed_.notify_all();
}

// Nobody expected it: what was taken waits again, and so does the writer.
void Store::Writer::rest_after(Round& round) {
  guard_.turn([&] { give_back(round); });
  std::unique_lock lock(mutex_);
  round.is_last = stopping_;
  busy_since_ = 0;
  const MonotonicTime until = clock_.now() + guard_.pause_length();
  while (!stopping_ && clock_.now() < until) clock_.wait(lock, changed_, until);
}

// What the disk does not take any more is lost with the process; the next start shall know of it.
void Store::Writer::leave_last_word() {
  const std::string cause = fault_.empty() ? "disk_fault" : fault_.substr(0, fault_.find(':'));
  std::vector<Waiting> waiting;
  queue_.take(waiting, queue_.size());
  DroppedByStream dropped = by_stream(waiting, cause);
  for (const auto& [key, lost] : queue_.take_dropped()) add(dropped[key], lost);
  std::vector<LedgerRow> rows;
  std::ranges::copy_if(gaps_, std::back_inserter(rows),
                       [](const LedgerRow& row) { return row.sink.empty(); });
  const auto note = [&](const DroppedByStream& all, bool is_estimated) {
    for (const auto& [key, lost] : all) {
      rows.push_back({key.second, at(key.first).name, lost.start, lost.end, lost.count,
                      is_estimated, "", 0, 0, ""});
    }
  };
  note(dropped, false);
  if (in_doubt_) note(by_stream(in_doubt_->part, cause), true);
  const bool is_noted = rows.empty() || LastWord(settings_.path).leave(rows);
  if (waiting.empty()) return;
  log_.error("store", "what was in memory is lost (" + counted(waiting.size(), "sample") +
                          "): it could not be kept (" + fault_ +
                          (is_noted ? "); the next start puts them on record"
                                    : "), and not even that could be written down"));
}

MonotonicTime Store::Writer::next_round() const {
  constexpr MonotonicTime now = MonotonicTime::min();
  if (stopping_ || tickets_ > tried_) return now;
  if (!fault_.empty()) return retry_at_;
  if (has_more_ || is_much_waiting()) return now;
  MonotonicTime next = clock_due_;
  if (!queue_.empty()) next = std::min(next, first_waiting_ + settings_.commit_every);
  // Samples come regularly: waking once for the commit is cheaper than being woken to wait for it.
  if (was_busy_) next = std::min(next, last_round_ + settings_.commit_every);
  if (small_since_ != MonotonicTime::max()) {
    next = std::min(next, small_since_ + settings_.commit_every);
  }
  for (const auto& [sink, cursor] : sinks_) {
    next = std::min(next, is_due(cursor, clock_.now()) ? now : due_of(cursor));
  }
  return next;
}

void Store::Writer::take_round(Round& round) {
  const MonotonicTime now = clock_.now();
  settings_.keep = keep_;
  round.is_last = stopping_;
  round.ticket = tickets_;
  round.done = 0;
  round.doubtful.reset();
  // Whole commits while more samples come; the rest comes with the next.
  const std::size_t whole = queue_.size() - queue_.size() % settings_.commit_rows;
  const bool takes_all = whole == 0 || stopping_ || tickets_ > tried_;
  queue_.take(round.batch, takes_all ? queue_.size() : whole);
  first_waiting_ = last_round_;  // what is left came later than that
  in_round_ = round.batch.size();
  round.dropped = queue_.take_dropped();
  round.gaps = std::exchange(gaps_, {});
  round.changes = std::exchange(changes_, {});
  round.epochs = std::exchange(epochs_, {});
  for (const std::string& name : unsaved_remembered_) {
    round.remembered[name] = remembered_.find(name)->second;
  }
  unsaved_remembered_.clear();
  for (auto& [sink, cursor] : sinks_) {
    // What was on its way when the process ended may have arrived.
    if (round.is_last) round.remembered[claim_of(sink)] = std::to_string(cursor.claimed);
    if (cursor.acknowledged == cursor.saved) continue;
    // It rides on a commit that comes anyway, when it could not wait for the next one.
    const bool rides = !round.batch.empty() && due_of(cursor) <= now + settings_.commit_every;
    if (!rides && !is_due(cursor, now) && !round.is_last) continue;
    round.cursors[sink] = cursor.acknowledged;
    cursor.saved = cursor.acknowledged;
    cursor.save_after = now + save_cursor_after;
  }
  small_since_ = MonotonicTime::max();
  was_busy_ = !round.batch.empty();
  last_round_ = now;
}

void Store::Writer::give_back(Round& round) {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.now();
  if (round.has_small_things()) small_since_ = now;
  if (round.done < round.batch.size()) {
    queue_.give_back(round.batch, round.done);
    first_waiting_ = now;
  }
  in_round_ = 0;
  queue_.give_back_dropped(std::exchange(round.dropped, {}));
  const auto put_before = [](auto& later, auto& earlier) {
    earlier.insert(earlier.end(), std::make_move_iterator(later.begin()),
                   std::make_move_iterator(later.end()));
    later = std::exchange(earlier, {});
  };
  put_before(gaps_, round.gaps);
  put_before(changes_, round.changes);
  put_before(epochs_, round.epochs);
  for (const auto& [name, value] : round.remembered) {
    if (remembered_.contains(name)) unsaved_remembered_.insert(name);
  }
  for (const auto& [sink, row] : round.cursors) {
    const auto found = sinks_.find(sink);
    if (found != sinks_.end()) found->second.saved = 0;
  }
}

// True when all of it is on the disk.
bool Store::Writer::play(Round& round) {
  const bool is_written = expect_disk_trouble(round, [&] {
    if (opened_) look_at_file();
    if (!opened_) open_again();
    resolve_doubt(round);
    if (is_disk_full_) opened_->upkeep.look_at_disk_again();
    replace_file_if_damaged();
    write(round);
  });
  if (!is_written) return false;
  if (round.batch.capacity() > batch_kept) round.batch = {};
  round.batch.clear();
  expect_disk_trouble(round, [&] {
    look_after();
    leave_fault();
  });
  return true;
}

// What the disk does is expected; what else is thrown is counted, and tried again like that.
template <class Work>
bool Store::Writer::expect_disk_trouble(Round& round, Work&& work) {
  try {
    work();
    return true;
  } catch (const std::runtime_error& problem) {
    failed(problem, round);
  } catch (const std::exception& problem) {
    guard_.caught();
    failed(problem, round);
  } catch (...) {
    guard_.caught();
    failed(std::runtime_error("something that is no std::exception"), round);
  }
  return false;
}

// What stands in the queue comes into the next transaction, so what may be on the disk must not.
void Store::Writer::doubt(Round& round) {
  InDoubt& doubtful = in_doubt_.emplace(InDoubt{});
  const auto first = round.batch.begin() + static_cast<std::ptrdiff_t>(round.done);
  const auto last = first + static_cast<std::ptrdiff_t>(round.doubtful->samples);
  std::move(first, last, std::back_inserter(doubtful.part));
  round.batch.erase(first, last);
  doubtful.dropped = std::exchange(round.dropped, {});
  doubtful.gaps = std::exchange(round.gaps, {});
  doubtful.changes = std::exchange(round.changes, {});
  doubtful.after = opened_->journal.last();
  doubtful.last = round.doubtful->last_row;
  doubtful.mark = round.mark;
  doubtful_ = doubtful.part.size();
}

// By the mark of its changes, or by row numbers and content. One without either can be done twice.
void Store::Writer::look_for_doubtful(Tables& tables) {
  if (!in_doubt_) return;
  InDoubt& doubtful = *in_doubt_;
  doubtful.is_kept = false;
  if (!doubtful.mark.empty()) {
    doubtful.is_kept = tables.remembered()[mark_of_changes] == doubtful.mark;
    return;
  }
  const RowId count = doubtful.last - doubtful.after;
  if (count == 0) return;
  std::string text;
  std::vector<StoredRow> rows;
  tables.read(doubtful.after + 1, doubtful.last, static_cast<std::size_t>(count), text, rows);
  auto row = rows.begin();
  bool is_kept = static_cast<RowId>(rows.size()) == count;
  for (const Waiting& waiting : doubtful.part) {
    const Entry& entry = waiting.entry;
    if (entry.official_key || entry.amends || entry.clock_unset)
      continue;  // may be stored otherwise
    row = std::find_if(row, rows.end(), [&entry](const StoredRow& one) {
      return one.stream == entry.stream && one.time == entry.time && one.body == entry.body;
    });
    is_kept = is_kept && row != rows.end();
    if (!is_kept) break;
    ++row;
  }
  doubtful.is_kept = is_kept;
}

// What of it is not on the disk comes before all that came later.
void Store::Writer::resolve_doubt(Round& round) {
  if (!in_doubt_) return;
  InDoubt doubtful = *std::exchange(in_doubt_, std::nullopt);
  doubtful_ = 0;
  if (doubtful.is_kept) {
    log_.notice("store", counted(doubtful.part.size(), "sample is", "samples are") +
                             " on the disk although it gave an error");
    return;
  }
  const auto put_before = [](auto& later, auto& earlier) {
    later.insert(later.begin(), std::make_move_iterator(earlier.begin()),
                 std::make_move_iterator(earlier.end()));
  };
  put_before(round.batch, doubtful.part);
  put_before(round.gaps, doubtful.gaps);
  put_before(round.changes, doubtful.changes);
  in_round_ = round.batch.size();
  const std::lock_guard lock(mutex_);
  queue_.give_back_dropped(doubtful.dropped);
}

void Store::Writer::use_real_streams(Round& round) const {
  const std::lock_guard lock(mutex_);
  if (early_ids_.empty()) return;
  for (Waiting& waiting : round.batch) waiting.entry.stream = real(waiting.entry.stream);
  DroppedByStream dropped;
  for (const auto& [key, lost] : round.dropped) dropped[{real(key.first), key.second}] = lost;
  round.dropped = std::move(dropped);
}

void Store::Writer::write(Round& round) {
  use_real_streams(round);
  while (!round.epochs.empty()) {
    const NewEpoch& begun = round.epochs.front();
    // It may have begun although the disk gave an error.
    if (begun.epoch != opened_->epochs.back().epoch) {
      opened_->begin_epoch(begun.epoch, settings_.machine_id, clock_.utc(), begun.reason,
                           begun.first_row);
    }
    log_.notice("store", "epoch " + begun.epoch + " begins: " + begun.reason);
    round.epochs.erase(round.epochs.begin());
  }
  const std::span<const Waiting> batch(round.batch);
  bool with_small_things = round.has_small_things();
  while (with_small_things || round.done < batch.size()) {
    // On a full disk the WAL cannot grow, so it is used again after each little part.
    const std::size_t most = is_disk_full_ ? rows_while_full : settings_.commit_rows;
    const auto part = batch.subspan(round.done).first(std::min(most, batch.size() - round.done));
    opened_->transaction([&] {
      if (with_small_things) write_small_things(round);
      for (const Waiting& waiting : part) opened_->accept(waiting);
      if (round.is_last && round.done + part.size() == batch.size()) {
        opened_->journal.save();
      } else {
        opened_->journal.save_when_due();
      }
      round.doubtful = {.samples = part.size(), .last_row = opened_->journal.last()};
    });
    round.doubtful.reset();
    // From here on it is kept: whatever fails now must not have it written once more.
    round.done += part.size();
    in_round_ = batch.size() - round.done;
    opened_->identity.note_wal();
    if (with_small_things) {
      round.mark.clear();
      round.dropped.clear();
      round.gaps.clear();
      round.changes.clear();
      round.remembered.clear();
      round.cursors.clear();
      with_small_things = false;
    }
    publish();
    if (is_disk_full_) opened_->tables.checkpoint();
    busy_since_ = clock_.now().time_since_epoch().count() | 1;
  }
}

void Store::Writer::write_small_things(Round& round) {
  round.mark.clear();
  if (!round.changes.empty()) {
    round.mark = name_of(opened_->witness.runs().newest()) + '/' + std::to_string(++marks_);
    opened_->tables.save_remembered(mark_of_changes, round.mark);
  }
  for (const Change& change : round.changes) change(*opened_);
  for (const auto& [sink, row] : round.cursors) opened_->tables.save_cursor(sink, row);
  for (const auto& [name, value] : round.remembered) opened_->tables.save_remembered(name, value);
  for (const LedgerRow& gap : round.gaps) opened_->ledger.note(gap);
  if (round.dropped.empty()) return;
  const std::vector<std::string> names = stream_names();
  for (const auto& [key, lost] : round.dropped) {
    const auto& [stream, cause] = key;
    opened_->ledger.note({cause, names.at(static_cast<std::size_t>(stream)), lost.start, lost.end,
                          lost.count, false, "", 0, 0, ""});
  }
}

// A reader saw it; the writer itself hardly ever looks at old rows.
void Store::Writer::replace_file_if_damaged() {
  if (file_->is_suspect.exchange(false) && has_lost_tables(settings_.path)) {
    file_->is_damaged = true;
  }
  if (!file_->is_damaged) return;
  replace_file("damaged", "seen while reading");
}

// What is due beside the samples: the clock and the bounds.
void Store::Writer::look_after() {
  bool more = opened_->hold.step(opened_->epochs.back().first_row);
  // What a sink has lost is counted before it is deleted.
  const auto for_counting = [this] {
    WantedRows wanted;
    wanted.stream_names = stream_names();
    wanted.epochs = opened_->epochs;
    const std::lock_guard lock(mutex_);
    wanted.topics = topics_;
    return wanted;
  };
  if (opened_->dropped_cursors.step(for_counting)) {
    more = true;
  } else {
    more = opened_->upkeep.step(wanted_for_deletion()) || more;
    end_deletion();
  }
  opened_->witness.keep_when_due(opened_->epochs.back().epoch, clock_.now());
  publish();
  const std::lock_guard lock(mutex_);
  if (auto text = opened_->dropped_cursors.changed_text()) {
    remembered_.insert_or_assign(DroppedCursors::name, std::move(*text));
  }
  has_more_ = more;
}

std::vector<std::string> Store::Writer::stream_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const SavedStream& stream : streams_) names.push_back(stream.name);
  return names;
}

WantedRowsNow Store::Writer::wanted_for_deletion() {
  return [this] {
    WantedRows wanted;
    wanted.stream_names = stream_names();
    wanted.epochs = opened_->epochs;
    const std::lock_guard lock(mutex_);
    is_deleting_ = true;
    for (const auto& [sink, cursor] : sinks_) {
      wanted.cursors[sink] = cursor.acknowledged;
      wanted.claimed[sink] = cursor.claimed;
    }
    wanted.topics = topics_;
    return wanted;
  };
}

void Store::Writer::end_deletion() {
  bool was_denied = false;
  {
    const std::lock_guard lock(mutex_);
    is_deleting_ = false;
    was_denied = std::exchange(is_claim_denied_, false);
  }
  if (was_denied) notify();
}

void Store::Writer::publish() {
  const Journal& journal = opened_->journal;
  // Only samples that wait for the clock and a salvage hold rows back.
  const bool may_be_held = rows_are_held_ || opened_->hold.waiting();
  const RowId sendable =
      may_be_held ? std::min(journal.last(), opened_->tables.sendable()) : journal.last();
  rows_are_held_ = sendable < journal.last();
  if (sendable == journal.last()) {
    file_->tail.publish(opened_->epochs.back().epoch);
  } else {  // some will still change
    file_->tail.drop_staged();
    file_->tail.clear();
  }
  bool is_more = false;
  {
    const std::lock_guard lock(mutex_);
    is_more = sendable > sendable_;
    oldest_row_ = journal.oldest();
    last_row_ = journal.last();
    rows_ = journal.count();
    sendable_ = sendable;
    size_bytes_ = opened_->upkeep.size_bytes();
    limit_bytes_ = opened_->upkeep.limit_bytes();
    endurance_.note(clock_.now(), last_row_);
    saved_epoch_ = opened_->epochs.back().epoch;
    if (epochs_.empty()) epoch_ = saved_epoch_;  // another file may have begun one of its own
    if (clock_waiting_ && !opened_->hold.waiting()) {
      for (SavedStream& stream : streams_) {
        stream.last_time = std::max(stream.last_time, journal.last_time(stream.stream));
      }
    }
    clock_waiting_ = opened_->hold.waiting();
    clock_due_ = opened_->hold.due();
  }
  publish_account();
  if (is_more) notify();
}

// What is in memory has the first turn; only when it is all but full, or would be lost with the
// process, unsent rows make room for it.
Sacrifice Store::Writer::sacrifice(bool is_last) const {
  const std::lock_guard lock(mutex_);
  const bool is_queue_used = queue_.bytes() >= settings_.queue_bytes / 4 * 3;
  return is_last || is_queue_used ? Sacrifice::unsent : Sacrifice::acknowledged;
}

void Store::Writer::failed(const std::exception& problem, Round& round) {
  DiskFault fault = fault_of(problem);
  // With these the disk goes on with the file that is open, and nothing of it is there.
  const bool stays_open = fault == DiskFault::full || fault == DiskFault::locked;
  if (round.doubtful && !stays_open) doubt(round);
  give_back(round);
  const bool is_last = round.is_last;
  is_disk_full_ = fault == DiskFault::full;
  try {
    if (!opened_) fault = DiskFault::other;
    if (fault == DiskFault::suspect) {
      fault = has_lost_tables(settings_.path) ? DiskFault::damaged : DiskFault::other;
    }
    switch (fault) {
      case DiskFault::damaged:
        end_deletion();
        replace_file("damaged", problem.what());
        leave_fault();
        return;
      case DiskFault::full: {
        std::size_t rows = 0;
        std::size_t bytes = 0;
        {
          const std::lock_guard lock(mutex_);
          rows = std::min(queue_.size(), settings_.commit_rows);
          bytes = rows == 0 ? 0 : queue_.bytes() / queue_.size() * rows;
        }
        const bool has_room =
            opened_->upkeep.make_room(wanted_for_deletion(), rows, bytes, sacrifice(is_last));
        end_deletion();
        // Tried again at once, unless that has just been done in vain.
        if (has_room && ++tries_at_once_ <= most_tries_at_once) {
          publish();
          enter_fault("disk_full", problem.what(), milliseconds(0));
          return;
        }
        break;
      }
      case DiskFault::overtaken:
        reopen();
        if (++tries_at_once_ > most_tries_at_once) break;
        enter_fault("disk_fault", problem.what(), milliseconds(0));
        return;
      case DiskFault::suspect:
      case DiskFault::locked:
      case DiskFault::other:
        break;
    }
  } catch (const std::exception&) {
    end_deletion();  // the first problem is what is told; without a file the next round opens one
  }
  // A disk that has failed is let go whole; one that is full or locked by another program is there.
  if (opened_ && !stays_open) let_go();
  const milliseconds longest = is_disk_full_ ? longest_retry_when_full : longest_retry;
  retry_after_ = std::clamp(2 * retry_after_, first_retry, longest);
  enter_fault(is_disk_full_ ? "disk_full" : "disk_fault", problem.what(), retry_after_);
}

void Store::Writer::enter_fault(const std::string& cause, const std::string& what,
                                milliseconds retry_after) {
  const std::lock_guard lock(mutex_);
  if (fault_.empty()) {
    log_.error("store",
               what + ": samples wait in memory (" + std::to_string(settings_.queue_bytes >> 10U) +
                   " KiB), then the oldest are lost; look at the disk of " + settings_.path);
  }
  fault_ = cause + ": " + what;
  queue_.set_cause(cause);
  retry_at_ = clock_.now() + retry_after;
}

void Store::Writer::leave_fault() {
  const std::lock_guard lock(mutex_);
  tries_at_once_ = 0;
  is_disk_full_ = false;
  retry_after_ = milliseconds(0);
  if (fault_.empty()) return;
  fault_.clear();
  queue_.set_cause("queue_full");
  log_.notice("store", "the disk takes samples again");
}

}  // namespace twinsky
