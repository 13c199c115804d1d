// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/batch.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr std::size_t longest_close = 2;  // of a format

}  // namespace

void Span::add(const StoredRow& row) {
  if (records == 0) {
    stream = row.stream;
    first_row = row.row;
    first_seq = row.seq;
    first_time = row.time;
  }
  last_row = row.row;
  last_seq = row.seq;
  last_time = row.time;
  ++records;
}

void Batcher::add(const StoredRow& row, std::string_view head) {
  const auto [place, is_new] = open_.try_emplace(row.stream);
  Batch& batch = place->second;
  std::string& payload = batch.payload;
  const std::size_t before = payload.size();
  format_.append(payload, head, row);
  if (before != 0 && payload.size() + longest_close > limits_.bytes) {
    // The record begins the next batch instead.
    payload.resize(before);
    open_bytes_ -= before;
    close(batch);
    format_.append(batch.payload, head, row);
    open_bytes_ += batch.payload.size();
  } else {
    open_bytes_ += payload.size() - before;
  }
  batch.span.add(row);
  if (batch.span.records < limits_.records && batch.payload.size() < limits_.bytes) return;
  open_bytes_ -= batch.payload.size();
  close(batch);
  open_.erase(place);
}

void Batcher::flush() {
  const auto begun = std::ssize(ready_);
  for (auto& [stream, batch] : open_) close(batch);
  std::sort(ready_.begin() + begun, ready_.end(),
            [](const Batch& a, const Batch& b) { return a.span.first_row < b.span.first_row; });
  open_.clear();
  open_bytes_ = 0;
}

std::optional<Batch> Batcher::next() {
  if (ready_.empty()) return std::nullopt;
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  return batch;
}

void Batcher::drop(StreamId stream) {
  const auto open = open_.find(stream);
  if (open != open_.end()) {
    open_bytes_ -= open->second.payload.size();
    open_.erase(open);
  }
  std::erase_if(ready_, [&](const Batch& batch) { return batch.span.stream == stream; });
}

void Batcher::clear() {
  open_.clear();
  ready_.clear();
  open_bytes_ = 0;
}

std::optional<RowId> Batcher::first_row() const {
  std::optional<RowId> first;
  const auto take = [&](const Batch& batch) {
    if (!first || batch.span.first_row < *first) first = batch.span.first_row;
  };
  for (const Batch& batch : ready_) take(batch);
  for (const auto& [stream, batch] : open_) take(batch);
  return first;
}

void Batcher::close(Batch& batch) {
  format_.close(batch.payload);
  ready_.push_back(std::exchange(batch, {}));
}

}  // namespace twinsky
