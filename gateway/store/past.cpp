// SPDX-License-Identifier: Apache-2.0
// What sinks ask of the store's past, and what follows when a broker knows more of it than we do.
#include "gateway/store/epoch.hpp"
#include "gateway/store/writer.hpp"

#include <algorithm>
#include <optional>

namespace twinsky {
namespace {

// Of `remembered`: the last run whose rows could leave.
constexpr const char* released_name = "released_run";
// A mark is small.
constexpr std::size_t most_epochs_told = 4;

// nullopt as well when the disk is in trouble: then the row tells nothing.
std::optional<std::uint64_t> hash_of(StoreReader& reader, RowId row) {
  try {
    const auto& rows = reader.page(row - 1, 1);
    if (rows.empty() || rows.front().row != row) return std::nullopt;
    return row_hash(rows.front());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

// mutex_ held.
void Store::Writer::know_past() {
  epoch_ = opened_->epochs.back().epoch;
  saved_epoch_ = epoch_;
  epochs_had_.clear();
  for (const SavedEpoch& epoch : opened_->epochs) epochs_had_.push_back(epoch.epoch);
  runs_ = opened_->witness.runs();
  if (is_released_) return;  // another file came in its place
  const auto released = remembered_.find(released_name);
  first_unreleased_ =
      runs_.first_row_after(released == remembered_.end() ? std::string() : released->second);
  unasked_.clear();
  for (const auto& [sink, cursor] : sinks_) unasked_.insert(sink);
}

void Store::Writer::start_new_epoch(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  begin_epoch(reason, 0);
}

void Store::Writer::distrust(std::string_view epoch, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (epoch == epoch_) begin_epoch(reason, is_released_ ? 0 : first_unreleased_);
}

void Store::Writer::begin_epoch(std::string_view reason, RowId first_row) {
  epoch_ = random_epoch();
  epochs_had_.push_back(epoch_);
  epochs_.push_back({.epoch = epoch_, .reason = std::string(reason), .first_row = first_row});
  small_since_ = std::min(small_since_, clock_.now());
  wake_writer();
}

Mark Store::Writer::mark(const std::string& sink) const {
  Mark mark;
  {
    const std::lock_guard lock(mutex_);
    mark.epoch = epoch_;
    for (auto before = epochs_had_.rbegin(); before != epochs_had_.rend(); ++before) {
      if (*before == epoch_) continue;
      mark.after.push_back(*before);
      if (mark.after.size() == most_epochs_told) break;
    }
    if (!runs_.empty()) mark.run = name_of(runs_.newest());
    const auto found = sinks_.find(sink);
    if (found != sinks_.end()) mark.row = found->second.acknowledged;
  }
  if (mark.row > 0 && answers()) mark.hash = hash_of(*reader(), mark.row).value_or(0);
  return mark;
}

std::string Store::Writer::why_set_back(const Mark& seen) const {
  {
    const std::lock_guard lock(mutex_);
    std::string why = twinsky::why_set_back(seen, epochs_had_, runs_, last_row_);
    if (!why.empty() || seen.epoch != epoch_) return why;
    if (seen.row < oldest_row_ || seen.hash == 0) return {};
  }
  const std::uint64_t hash = answers() ? hash_of(*reader(), seen.row).value_or(0) : 0;
  if (hash == 0 || hash == seen.hash) return {};
  return "another sample in row " + std::to_string(seen.row) + " of this store";
}

void Store::Writer::note_asked(const std::string& sink) {
  const std::lock_guard lock(mutex_);
  unasked_.erase(sink);
}

bool Store::Writer::release(bool without_the_others) {
  const std::lock_guard lock(mutex_);
  if (!has_file_) return true;  // there are no rows, and sinks begin again when there is a file
  if (saved_epoch_ != epoch_) return false;
  if (!is_released_) {
    if (!unasked_.empty() && !without_the_others) return false;
    is_released_ = true;
    // On the disk before the first row has left, or a crash would have it numbered anew.
    remembered_.insert_or_assign(released_name, name_of(runs_.newest()));
    unsaved_remembered_.emplace(released_name);
    release_ticket_ = ++tickets_;
    wake_writer();
  }
  return committed_ticket_ >= release_ticket_ || !fault_.empty();
}

bool Store::Writer::rename_sink(const std::string& was, const std::string& sink) {
  const std::lock_guard lock(mutex_);
  if (!has_file_ || sinks_.contains(sink)) return false;
  const auto found = sinks_.find(was);
  const bool has_cursor = found != sinks_.end();
  RowId row = 0;
  if (has_cursor) {
    auto moved = sinks_.extract(found);
    moved.key() = sink;
    row = moved.mapped().acknowledged;
    sinks_.insert(std::move(moved));
    if (unasked_.erase(was) != 0) unasked_.insert(sink);
  }
  if (const auto rules = topics_.find(was); rules != topics_.end()) {
    keep_remembered(topics_of(sink), text_of(rules->second));
    topics_[sink] = rules->second;
  }
  const std::set<std::string> topics = std::exchange(retained_[was], {});
  retained_[sink].insert(topics.begin(), topics.end());
  change([was, sink, has_cursor, row, topics](OpenedStore& store) {
    if (has_cursor) {
      store.tables.erase_cursor(was);
      store.tables.save_cursor(sink, row);
    }
    for (const std::string& topic : topics) {
      store.tables.erase_retained(was, topic);
      store.tables.save_retained(sink, topic);
    }
    store.dropped_cursors.rename(was, sink);
  });
  return has_cursor;
}

}  // namespace twinsky
