// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/queue.hpp"

#include <algorithm>
#include <iterator>

namespace twinsky {
namespace {

void add(Dropped& to, const Dropped& more) {
  to.start = to.count == 0 ? more.start : std::min(to.start, more.start);
  to.end = to.count == 0 ? more.end : std::max(to.end, more.end);
  to.count += more.count;
}

}  // namespace

std::size_t Queue::bytes_of(const Waiting& waiting) {
  return sizeof(Waiting) + waiting.entry.body.capacity();
}

void Queue::push(Waiting waiting) {
  bytes_ += bytes_of(waiting);
  waiting_.push_back(std::move(waiting));
  if (bytes_ > limit_bytes_) drop_surplus();
}

void Queue::drop_surplus() {
  while (bytes_ > limit_bytes_ && size() > 1) {
    Waiting& oldest = waiting_[first_++];
    bytes_ -= bytes_of(oldest);
    add(dropped_[{oldest.entry.stream, cause_}], {oldest.entry.time, oldest.entry.time, 1});
    ++dropped_in_all_;
    oldest.entry.body = {};
  }
  if (first_ <= waiting_.size() / 2) return;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void Queue::take(std::vector<Waiting>& batch, std::size_t most) {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  bytes_ = 0;
  batch.swap(waiting_);
  if (batch.size() <= most) return;
  std::move(batch.begin() + static_cast<std::ptrdiff_t>(most), batch.end(),
            std::back_inserter(waiting_));
  batch.resize(most);
  for (const Waiting& waiting : waiting_) bytes_ += bytes_of(waiting);
}

void Queue::give_back(std::vector<Waiting>& batch, std::size_t first) {
  batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(first));
  for (const Waiting& waiting : batch) bytes_ += bytes_of(waiting);
  std::move(waiting_.begin() + static_cast<std::ptrdiff_t>(first_), waiting_.end(),
            std::back_inserter(batch));
  first_ = 0;
  waiting_.swap(batch);
  batch.clear();
  drop_surplus();
}

void Queue::give_back_dropped(const DroppedByStream& dropped) {
  for (const auto& [key, lost] : dropped) add(dropped_[key], lost);
}

}  // namespace twinsky
