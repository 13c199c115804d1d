// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/journal.hpp"

#include <algorithm>

namespace twinsky {
namespace {

// How many rows a start has to read again at most, beside those of one commit.
constexpr RowId rows_between_saves = 10'000;

}  // namespace

Journal::Journal(Tables& tables, Tail& tail) : tables_(tables), tail_(tail) {
  const RowCount mark = tables_.mark();
  now_.last = mark.last_row;
  now_.count = mark.rows;
  for (const SavedStream& saved : tables_.streams()) {
    Stream& stream = at(saved.stream);
    stream.seq = saved.last_seq;
    stream.last_time = saved.last_time;
  }
  RowId unmarked = 0;
  tables_.tail(mark.last_row, [&](StreamId id, std::uint64_t seq, UtcTime time) {
    Stream& stream = at(id);
    stream.seq = std::max(stream.seq, seq);
    stream.last_time = std::max(stream.last_time.value_or(time), time);
    stream.unsaved = true;
    ++unmarked;
  });
  const RowId newest = tables_.newest_row();
  const RowId oldest = tables_.oldest_row();
  if (newest != 0 && (oldest < 1 || newest > largest_row)) {
    report_damage("samples stand in impossible rows");
  }
  now_.last = std::max(now_.last, newest);
  now_.count += static_cast<std::uint64_t>(unmarked);
  if (now_.last - mark.last_row != unmarked) report_damage("samples are missing");
  find_oldest();
  saved_last_ = mark.last_row;
  committed_ = now_;
  for (Stream& stream : streams_) stream.committed_seq = stream.seq;
}

void Journal::find_oldest() {
  const RowId oldest = tables_.oldest_row();
  // A search that is led astray by noise may find a row that there never was.
  if (oldest > now_.last) report_damage("samples stand in impossible rows");
  now_.oldest = oldest == 0 ? now_.last + 1 : oldest;
  // Damage on the way to the oldest row hides those before it; their number tells.
  const auto most = static_cast<std::uint64_t>(now_.last - now_.oldest + 1);
  if (now_.count > most && !tables_.is_sound()) report_damage("the oldest samples are missing");
  now_.count = std::min(now_.count, most);
}

Journal::Stream& Journal::at(StreamId stream) {
  const auto index = static_cast<std::size_t>(stream);
  if (index >= streams_.size()) streams_.resize(index + 1);
  return streams_[index];
}

void Journal::touch(std::size_t index) {
  if (streams_[index].seq == streams_[index].committed_seq) touched_.push_back(index);
}

RowId Journal::append(StreamId id, UtcTime time, const std::string& body, bool time_is_right) {
  Stream& stream = at(id);
  tables_.insert(now_.last + 1, id, stream.seq + 1, time, body);
  tail_.stage(now_.last + 1, id, stream.seq + 1, time, body);
  touch(static_cast<std::size_t>(id));
  ++stream.seq;
  stream.unsaved = true;
  if (time_is_right) know_time(id, time);
  ++now_.count;
  return ++now_.last;
}

void Journal::know_time(StreamId id, UtcTime time) {
  Stream& stream = at(id);
  stream.last_time = std::max(stream.last_time.value_or(time), time);
  stream.unsaved = true;
}

bool Journal::bring_back(const StoredRow& row, const std::string& body) {
  if (!tables_.insert_missing(row.row, row.stream, row.seq, row.time, body)) return false;
  now_.oldest = std::min(now_.oldest, row.row);
  ++now_.count;
  return true;
}

void Journal::erase(RowId first, RowId last) {
  now_.count -= tables_.erase(first, last);
  now_.erased_until = last;
  find_oldest();
  save();  // rows that are gone cannot be read again
  tail_.clear();
}

void Journal::erase_between(RowId first, RowId last) {
  now_.count -= tables_.erase_between(first, last);
  save();
  tail_.clear();
}

void Journal::restart_sequences(RowId first_row) {
  for (std::size_t index = 0; index < streams_.size(); ++index) {
    touch(index);
    streams_[index].seq = 0;
    streams_[index].unsaved = true;
  }
  if (first_row <= now_.last) {
    tables_.renumber(first_row);
    for (const StreamShare& share : tables_.shares(first_row, now_.last)) {
      at(share.stream).seq = share.last_seq;
    }
    tail_.clear();
  }
  save();
}

void Journal::save() {
  for (std::size_t index = 0; index < streams_.size(); ++index) {
    Stream& stream = streams_[index];
    if (!stream.unsaved) continue;
    tables_.save_progress(StreamId{static_cast<std::int64_t>(index)}, stream.seq, stream.last_time);
    stream.unsaved = false;
  }
  tables_.save_mark({now_.last, now_.count});
  saved_last_ = now_.last;
}

void Journal::save_when_due() {
  if (now_.last - saved_last_ >= rows_between_saves) save();
}

std::optional<UtcTime> Journal::last_time(StreamId stream) const {
  const auto index = static_cast<std::size_t>(stream);
  return index < streams_.size() ? streams_[index].last_time : std::nullopt;
}

void Journal::committed() {
  for (const std::size_t index : touched_) streams_[index].committed_seq = streams_[index].seq;
  touched_.clear();
  committed_ = now_;
}

void Journal::rolled_back() {
  for (const std::size_t index : touched_) streams_[index].seq = streams_[index].committed_seq;
  touched_.clear();
  tail_.drop_staged();
  now_ = committed_;
  // Whatever was saved in it is not.
  for (Stream& stream : streams_) stream.unsaved = true;
  saved_last_ = 0;
}

}  // namespace twinsky
