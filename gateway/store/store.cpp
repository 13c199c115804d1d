// SPDX-License-Identifier: Apache-2.0
// What other threads call: each takes the mutex for a moment, changes what is in memory and leaves
// the rest to the writer.
#include "gateway/store/store.hpp"

#include "gateway/model/invariant.hpp"
#include "gateway/model/stable_hash.hpp"
#include "gateway/store/writer.hpp"

#include <algorithm>
#include <charconv>

namespace twinsky {
namespace {

constexpr std::chrono::seconds note_within{2};
// A disk that once took longer is not waited for again so soon: `state` comes on the same thread.
constexpr std::chrono::minutes note_unseen_for{1};
constexpr std::int64_t first_early_stream = std::int64_t{1} << 40;

}  // namespace

StreamId Store::Writer::stream(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = stream_ids_.find(name);
  return found != stream_ids_.end() ? found->second : make_stream(name);
}

StreamId Store::Writer::make_stream(std::string_view name) {
  SavedStream made;
  const auto index = static_cast<std::int64_t>(streams_.size());
  made.stream = StreamId{has_file_ ? index : first_early_stream + index};
  made.name = name;
  streams_.push_back(made);
  stream_ids_.emplace(name, made.stream);
  if (has_file_) change([made](OpenedStore& store) { store.tables.save_stream(made); });
  return made.stream;
}

std::size_t Store::Writer::index_of(StreamId stream) const {
  const auto index = static_cast<std::size_t>(real(stream));
  if (index < streams_.size()) return index;
  throw BrokenInvariant("the store is handed a sample of stream " + std::to_string(index) +
                        ", which it never made");
}

// The number that a stream has in `streams_`, and in the file once there is one.
StreamId Store::Writer::real(StreamId stream) const {
  const auto number = static_cast<std::int64_t>(stream);
  if (number < first_early_stream) return stream;
  const std::int64_t early = number - first_early_stream;
  return has_file_ ? early_ids_.at(static_cast<std::size_t>(early)) : StreamId{early};
}

std::optional<UtcTime> Store::Writer::last_time(StreamId stream) const {
  const std::lock_guard lock(mutex_);
  return streams_[index_of(stream)].last_time;
}

int Store::Writer::meta_revision(StreamId id, std::string_view content) {
  const std::lock_guard lock(mutex_);
  return revise_meta(at(id), stable_hash(content));
}

int Store::Writer::revise_meta(SavedStream& stream, std::uint64_t hash) {
  if (stream.meta_revision != 0 && stream.meta_hash == hash) return stream.meta_revision;
  stream.meta_hash = hash;
  if (!has_file_) return 0;  // which it is, only the file can tell
  ++stream.meta_revision;
  change([saved = stream](OpenedStore& store) { store.tables.save_stream(saved); });
  return stream.meta_revision;
}

void Store::Writer::append(Entry&& entry) {
  milliseconds offset{0};
  if (entry.clock_unset) offset = clock_offset(clock_);
  const std::lock_guard lock(mutex_);
  SavedStream& stream = at(entry.stream);
  if (!entry.clock_unset) {
    stream.last_time = std::max(stream.last_time.value_or(entry.time), entry.time);
  }
  if (!entry.official.empty()) ++hours_changes_[real(entry.stream)];
  if (queue_.empty()) first_waiting_ = clock_.now();
  queue_.push({std::move(entry), offset});
  const MonotonicTime due =
      is_much_waiting() ? MonotonicTime::min() : first_waiting_ + settings_.commit_every;
  if (due < wake_at_) wake_writer();
}

void Store::Writer::set_pace(milliseconds commit_every, milliseconds keep) {
  const std::lock_guard lock(mutex_);
  settings_.commit_every = commit_every;
  keep_ = keep;
  wake_writer();
}

bool Store::Writer::is_much_waiting() const {
  return queue_.size() >= settings_.commit_rows || queue_.bytes() >= settings_.queue_bytes / 4;
}

void Store::Writer::change(Change change) {
  changes_.push_back(std::move(change));
  small_since_ = std::min(small_since_, clock_.now());
  if (small_since_ + settings_.commit_every < wake_at_) wake_writer();
}

void Store::Writer::note_gap(LedgerRow row) {
  const std::lock_guard lock(mutex_);
  gaps_.push_back(std::move(row));
  small_since_ = std::min(small_since_, clock_.now());
  if (small_since_ + settings_.commit_every < wake_at_) wake_writer();
}

void Store::Writer::add_sink(const std::string& sink, bool from_oldest, TopicRules topics) {
  const std::lock_guard lock(mutex_);
  unready_sinks_.erase(sink);
  keep_remembered(topics_of(sink), text_of(topics));
  const auto before = topics_.contains(sink) ? std::optional(topics_[sink]) : std::nullopt;
  topics_[sink] = std::move(topics);
  if (const auto known = sinks_.find(sink); known != sinks_.end()) {
    known->second.from_oldest = from_oldest;
    if (before) change_topics(sink, *before, known->second.acknowledged, known->second.claimed);
    return;
  }
  const RowId row = cursors_are_lost_ ? 0 : from_oldest ? oldest_row_ - 1 : last_row_;
  sinks_[sink] = {.acknowledged = row, .claimed = row, .saved = row, .from_oldest = from_oldest};
  if (!has_file_) return;
  change([sink, row](OpenedStore& store) {
    store.tables.save_cursor(sink, row);
    store.dropped_cursors.come_back(sink, row);
  });
  if (before) change_topics(sink, *before, row, row);
}

// A subscriber misses the numbers of a stream that may not go to its sink for a while.
void Store::Writer::change_topics(const std::string& sink, const TopicRules& before, RowId cursor,
                                  RowId claimed) {
  const TopicRules& now = topics_[sink];
  if (!has_file_ || text_of(before) == text_of(now)) return;
  std::vector<StreamId> withheld;
  std::vector<StreamId> allowed;
  for (std::size_t index = 0; index < streams_.size(); ++index) {
    const std::string topic = topic_of_stream(streams_[index].name);
    const bool may_go = rule_for(now, topic).has_value();
    if (may_go == rule_for(before, topic).has_value()) continue;
    (may_go ? allowed : withheld).push_back(static_cast<StreamId>(index));
  }
  if (withheld.empty() && allowed.empty()) return;
  change([sink, withheld, allowed, cursor, claimed](OpenedStore& store) {
    if (!withheld.empty()) {
      store.dropped_cursors.withhold(sink, withheld, cursor + 1, claimed);
    }
    if (!allowed.empty()) store.dropped_cursors.allow_again(sink, allowed, cursor);
  });
}

std::optional<std::uint64_t> Store::Writer::remove_sink(const std::string& sink,
                                                        std::string_view cause) {
  // Its retained topics stay noted, for the day it comes back.
  const std::lock_guard lock(mutex_);
  const auto removed = sinks_.extract(sink);
  if (removed.empty()) return std::nullopt;
  unasked_.erase(sink);
  if (!has_file_) return 0;
  const SinkCursor& cursor = removed.mapped();
  const RowId first = std::max(cursor.acknowledged + 1, oldest_row_);
  const RowId waiting = std::max<RowId>(last_row_ - first + 1, 0);
  // Where it begins again with the oldest, nothing is lost before it is deleted.
  const RowId lost = cursor.from_oldest ? 0 : waiting;
  const RowId on_their_way = cursor.claimed;
  change([sink, cause = std::string(cause), first, lost, on_their_way](OpenedStore& store) {
    store.tables.erase_cursor(sink);
    store.dropped_cursors.drop(sink, cause, first, first + lost - 1, on_their_way);
  });
  return static_cast<std::uint64_t>(waiting);
}

RowId Store::Writer::cursor(const std::string& sink) const {
  const std::lock_guard lock(mutex_);
  const auto found = sinks_.find(sink);
  return found == sinks_.end() ? 0 : found->second.acknowledged;
}

bool Store::Writer::claim(const std::string& sink, RowId until) {
  const std::lock_guard lock(mutex_);
  if (unready_sinks_.contains(sink)) return false;
  const auto found = sinks_.find(sink);
  if (found == sinks_.end() || until <= found->second.claimed) return true;
  is_claim_denied_ = is_claim_denied_ || is_deleting_;
  if (is_deleting_) return false;
  found->second.claimed = until;
  return true;
}

void Store::Writer::acknowledge(const std::string& sink, RowId row) {
  const std::lock_guard lock(mutex_);
  const auto found = sinks_.find(sink);
  if (found == sinks_.end() || row <= found->second.acknowledged) return;
  SinkCursor& cursor = found->second;
  cursor.acknowledged = std::min(row, last_row_);
  if (is_due(cursor, clock_.now()) || due_of(cursor) < wake_at_) wake_writer();
}

RowId Store::Writer::sendable() const {
  const std::lock_guard lock(mutex_);
  return sendable_;
}

void Store::Writer::on_commit(std::function<void()> notify) {
  const std::lock_guard lock(notify_mutex_);
  notify_ = std::move(notify);
}

void Store::Writer::notify() {
  const std::lock_guard lock(notify_mutex_);
  if (notify_) notify_();
}

std::string Store::Writer::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

std::vector<std::string> Store::Writer::retained_topics(const std::string& sink) const {
  const std::lock_guard lock(mutex_);
  const auto found = retained_.find(sink);
  if (found == retained_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void Store::Writer::note_retained(const std::string& sink, std::string_view topic) {
  std::unique_lock lock(mutex_);
  if (!retained_[sink].insert(std::string(topic)).second) return;
  change([sink, text = std::string(topic)](OpenedStore& store) {
    store.tables.save_retained(sink, text);
  });
  // On the disk before it is on the broker, unless the disk is in trouble or slow.
  if (!fault_.empty() || clock_.now() < notes_wait_from_) return;
  if (wait_for_commit(lock, clock_.now() + note_within)) return;
  notes_wait_from_ = clock_.now() + note_unseen_for;
}

void Store::Writer::forget_retained(const std::string& sink, std::string_view topic) {
  const std::lock_guard lock(mutex_);
  if (retained_[sink].erase(std::string(topic)) == 0) return;
  change([sink, text = std::string(topic)](OpenedStore& store) {
    store.tables.erase_retained(sink, text);
  });
}

std::optional<std::string> Store::Writer::remembered(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = remembered_.find(name);
  if (found == remembered_.end()) return std::nullopt;
  return found->second;
}

void Store::Writer::remember(std::string_view name, std::string value) {
  const std::lock_guard lock(mutex_);
  keep_remembered(name, std::move(value));
}

void Store::Writer::keep_remembered(std::string_view name, std::string value) {
  const auto known = remembered_.find(name);
  if (known != remembered_.end() && known->second == value) return;
  remembered_.insert_or_assign(std::string(name), std::move(value));
  unsaved_remembered_.emplace(name);
  small_since_ = std::min(small_since_, clock_.now());
  if (small_since_ + settings_.commit_every < wake_at_) wake_writer();
}

bool Store::Writer::is_open() const {
  const std::lock_guard lock(mutex_);
  return has_file_;
}

bool Store::Writer::flush(MonotonicTime deadline) {
  std::unique_lock lock(mutex_);
  return wait_for_commit(lock, deadline);
}

bool Store::Writer::wait_for_commit(std::unique_lock<std::mutex>& lock, MonotonicTime deadline) {
  const std::uint64_t ticket = ++tickets_;
  wake_writer();
  while (committed_ticket_ < ticket && tried_ < ticket && !ended_ && clock_.now() < deadline) {
    clock_.wait(lock, committed_, deadline);
  }
  return committed_ticket_ >= ticket;
}

Store::Store(StoreSettings settings, Clock& clock, Log& log)
    : writer_(std::make_unique<Writer>(std::move(settings), clock, log)) {}
Store::~Store() = default;

StreamId Store::stream(std::string_view name) {
  return writer_->stream(name);
}
std::optional<UtcTime> Store::last_time(StreamId stream) const {
  return writer_->last_time(stream);
}
int Store::meta_revision(StreamId stream, std::string_view content) {
  return writer_->meta_revision(stream, content);
}
void Store::append(Entry entry) {
  writer_->append(std::move(entry));
}
void Store::note_gap(LedgerRow row) {
  writer_->note_gap(std::move(row));
}
void Store::add_sink(const std::string& sink, bool from_oldest, TopicRules topics) {
  writer_->add_sink(sink, from_oldest, std::move(topics));
}
std::optional<std::uint64_t> Store::remove_sink(const std::string& sink, std::string_view cause) {
  return writer_->remove_sink(sink, cause);
}
bool Store::rename_sink(const std::string& was, const std::string& sink) {
  return writer_->rename_sink(was, sink);
}
bool Store::claim(const std::string& sink, RowId until) {
  return writer_->claim(sink, until);
}
RowId Store::cursor(const std::string& sink) const {
  return writer_->cursor(sink);
}
void Store::acknowledge(const std::string& sink, RowId row) {
  writer_->acknowledge(sink, row);
}
RowId Store::sendable() const {
  return writer_->sendable();
}
void Store::on_commit(std::function<void()> notify) {
  writer_->on_commit(std::move(notify));
}
void Store::start_new_epoch(std::string_view reason) {
  writer_->start_new_epoch(reason);
}
void Store::distrust(std::string_view epoch, std::string_view reason) {
  writer_->distrust(epoch, reason);
}
Mark Store::mark(const std::string& sink) const {
  return writer_->mark(sink);
}
std::string Store::why_set_back(const Mark& seen) const {
  return writer_->why_set_back(seen);
}
void Store::note_asked(const std::string& sink) {
  writer_->note_asked(sink);
}
bool Store::release(bool without_the_others) {
  return writer_->release(without_the_others);
}
std::string Store::epoch() const {
  return writer_->epoch();
}
std::vector<std::string> Store::retained_topics(const std::string& sink) const {
  return writer_->retained_topics(sink);
}
void Store::note_retained(const std::string& sink, std::string_view topic) {
  writer_->note_retained(sink, topic);
}
void Store::forget_retained(const std::string& sink, std::string_view topic) {
  writer_->forget_retained(sink, topic);
}
std::optional<std::string> Store::remembered(std::string_view name) const {
  return writer_->remembered(name);
}
void Store::set_pace(milliseconds commit_every, milliseconds keep) {
  writer_->set_pace(commit_every, keep);
}
void Store::remember(std::string_view name, std::string value) {
  writer_->remember(name, std::move(value));
}
std::unique_ptr<StoreReader> Store::reader() const {
  return writer_->reader();
}
StoreStatus Store::status() const {
  return writer_->status();
}
std::map<std::string, GuardStatus> Store::exceptions() const {
  return writer_->exceptions();
}
bool Store::answers() const {
  return writer_->answers();
}
bool Store::is_open() const {
  return writer_->is_open();
}
MonotonicTime Store::alive() const {
  return writer_->alive();
}
bool Store::flush(MonotonicTime deadline) {
  return writer_->flush(deadline);
}

}  // namespace twinsky
