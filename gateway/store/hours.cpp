// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/hours.hpp"

#include "gateway/store/writer.hpp"

namespace twinsky {
namespace {

// A restart goes through so many rows at most to know what came before.
constexpr RowId recalled_rows = 20'000;

}  // namespace

void Store::Writer::keep_hours(std::vector<HoursOfStream> hours, RowId done) {
  const auto shared = std::make_shared<const std::vector<HoursOfStream>>(std::move(hours));
  const std::lock_guard lock(mutex_);
  for (const HoursOfStream& each : *shared) {
    if (!each.rows.empty()) ++hours_changes_[each.rows.front().stream];
  }
  hours_done_ = done;
  change([shared, done](OpenedStore& store) {
    for (const HoursOfStream& each : *shared) {
      for (const HourRow& row : each.rows) store.tables.save_hour(row);
      store.journal.append(each.record_stream, each.record_time, each.record_body);
    }
    store.tables.save_hours_done(done);
  });
}

std::vector<HourRow> Store::Writer::hours_of(StreamId stream, UtcTime start) const {
  return file_->reading(
      [&] { return Tables(file_->path, Tables::Access::read).hours_of(stream, start); });
}

RowId Store::Writer::hours_done() const {
  const std::lock_guard lock(mutex_);
  return hours_done_;
}

std::uint64_t Store::Writer::changes_of_hours(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto stream = stream_ids_.find(name);
  if (stream == stream_ids_.end()) return 0;
  const auto changes = hours_changes_.find(stream->second);
  return changes == hours_changes_.end() ? 0 : changes->second;
}

RowId Store::Writer::oldest() const {
  const std::lock_guard lock(mutex_);
  return oldest_row_;
}

void Store::Writer::recall(StreamId stream, UtcTime since,
                           const std::function<void(const StoredRow&)>& each) const {
  RowId last = 0;
  {
    const std::lock_guard lock(mutex_);
    last = last_row_;
    if (last != 0) stream = real(stream);
  }
  if (last == 0) return;
  std::string text;
  std::vector<StoredRow> rows;
  try {
    file_->reading([&] {
      Tables(file_->path, Tables::Access::read)
          .read_stream(stream, std::max<RowId>(last - recalled_rows, 1), since, text, rows);
    });
  } catch (const std::exception& problem) {
    if (fault_of(problem) != DiskFault::damaged) throw;  // what came before the damage is good
  }
  for (const StoredRow& row : rows) each(row);
}

void Store::keep_hours(std::vector<HoursOfStream> hours, RowId done) {
  writer_->keep_hours(std::move(hours), done);
}
std::vector<HourRow> Store::hours_of(StreamId stream, UtcTime start) const {
  return writer_->hours_of(stream, start);
}
RowId Store::hours_done() const {
  return writer_->hours_done();
}
std::uint64_t Store::changes_of_hours(std::string_view stream) const {
  return writer_->changes_of_hours(stream);
}
RowId Store::oldest() const {
  return writer_->oldest();
}
void Store::recall(StreamId stream, UtcTime since,
                   const std::function<void(const StoredRow&)>& each) const {
  writer_->recall(stream, since, each);
}

}  // namespace twinsky
