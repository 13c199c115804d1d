// SPDX-License-Identifier: Apache-2.0
// What the store says of itself. The writer, who may wait for the disk, keeps in memory whatever is
// asked; nobody else opens the file for it, so that a disk that does not answer is told of at once
// by those who are not its victims.
#include "gateway/store/writer.hpp"

#include <algorithm>
#include <fstream>

namespace twinsky {
namespace {

constexpr std::chrono::seconds readers_wait_after{1};
constexpr std::chrono::seconds slow_commit{5};
constexpr std::chrono::minutes stalled_after{5};

std::uint64_t bytes_written_by_process() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::uint64_t value = 0;
  while (io >> key >> value) {
    if (key == "write_bytes:") return value;
  }
  return 0;
}

// Of the first row after `row`, where it is among the newest.
std::optional<UtcTime> time_in(const Tail& tail, RowId row) {
  for (const auto& piece : tail.after(row, 1)) {
    for (const StoredRow& each : piece->rows) {
      if (each.row > row) return each.time;
    }
  }
  return std::nullopt;
}

}  // namespace

// Rows up to here wait for this sink no more.
RowId Store::Writer::passed(const SinkCursor& cursor) const {
  return std::max(cursor.acknowledged, oldest_row_ - 1);
}

// After each commit. Asks the file only for what has changed and what memory has not.
void Store::Writer::publish_account() {
  OpenedStore& store = *opened_;
  if (store.ledger_changes_told != store.tables.ledger_changes()) {
    auto sums = store.tables.ledger_sums();
    store.ledger_changes_told = store.tables.ledger_changes();
    const std::lock_guard lock(mutex_);
    ledger_sums_ = std::move(sums);
  }
  std::vector<std::pair<std::string, RowId>> wanted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [sink, cursor] : sinks_) {
      const RowId row = passed(cursor);
      if (row >= last_row_ || row == cursor.oldest_after) continue;
      if (!time_in(file_->tail, row)) wanted.emplace_back(sink, row);
    }
  }
  for (const auto& [sink, row] : wanted) {
    const auto time = store.tables.time_after(row);
    const std::lock_guard lock(mutex_);
    const auto found = sinks_.find(sink);
    if (found == sinks_.end()) continue;
    found->second.oldest_after = row;
    found->second.oldest = time;
  }
}

milliseconds Store::Writer::busy_for() const {
  const MonotonicTime since{MonotonicTime::duration(busy_since_.load())};
  if (since == MonotonicTime{}) return milliseconds(0);
  return std::chrono::round<milliseconds>(clock_.now() - since);
}

StoreStatus Store::Writer::status() const {
  StoreStatus status;
  {
    const std::lock_guard lock(mutex_);
    status.last_row = last_row_;
    status.rows = rows_;
    status.size_bytes = size_bytes_;
    status.queue_dropped = queue_.dropped();
    status.queued = queue_.size() + in_round_ + doubtful_;
    status.disk_fault = fault_;
    status.ledger_sums = ledger_sums_;
    status.epoch = epoch_;
    status.clock_waiting = clock_waiting_;
    for (const auto& [sink, cursor] : sinks_) {
      SinkBacklog& backlog = status.sinks[sink];
      backlog = backlog_of(cursor.acknowledged, oldest_row_, last_row_, cursor.oldest);
      if (backlog.rows == 0) continue;
      if (const auto time = time_in(file_->tail, passed(cursor))) backlog.oldest = time;
    }
    std::uint64_t waiting = 0;
    for (const auto& [sink, backlog] : status.sinks) waiting = std::max(waiting, backlog.rows);
    if (!status.sinks.empty()) {
      status.offline_days = endurance_.days({.rows = rows_,
                                             .size_bytes = size_bytes_,
                                             .limit_bytes = limit_bytes_,
                                             .waiting = waiting});
    }
  }
  const milliseconds busy = busy_for();
  if (status.disk_fault.empty() && busy >= slow_commit) {
    status.disk_fault = "no answer for " +
                        std::to_string(std::chrono::floor<std::chrono::seconds>(busy).count()) +
                        " s";
  }
  status.bytes_written = bytes_written_by_process();
  return status;
}

std::map<std::string, GuardStatus> Store::Writer::exceptions() const {
  std::map<std::string, GuardStatus> all{{guard_.name(), guard_.status()}};
  const std::lock_guard lock(mutex_);
  for (const auto& guard : salvage_guards_) {
    GuardStatus& one = all[guard->name()];
    const GuardStatus further = guard->status();
    one.exceptions += further.exceptions;
    if (!further.problem.empty()) one.problem = further.problem;
  }
  return all;
}

bool Store::Writer::answers() const {
  return busy_for() < readers_wait_after;
}

MonotonicTime Store::Writer::alive() const {
  const milliseconds busy = busy_for();
  // A slow disk is a state (see status), not a stall; one that never answers is.
  return busy < stalled_after ? clock_.now() : clock_.now() - busy;
}

}  // namespace twinsky
