// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/queue.hpp"

#include <algorithm>
#include <iterator>

namespace twinsky {
namespace {

// Official sources may fill a half. What they say at the first start, a day of every station, needs
// a quarter of the default.
constexpr std::size_t share_of_official = 2;

}  // namespace

void add(Dropped& to, const Dropped& more) {
  to.start = to.count == 0 ? more.start : std::min(to.start, more.start);
  to.end = to.count == 0 ? more.end : std::max(to.end, more.end);
  to.count += more.count;
}

std::size_t Queue::bytes_of(const Waiting& waiting) {
  const Entry& entry = waiting.entry;
  return sizeof(Waiting) + entry.body.capacity() +
         entry.official.capacity() * sizeof(OfficialValue) +
         (entry.official_key ? entry.official_key->document.capacity() : 0);
}

void Queue::Lane::push(Waiting&& one) {
  bytes += bytes_of(one);
  waiting.push_back(std::move(one));
}

void Queue::Lane::forget_dropped() {
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(first));
  first = 0;
}

// `earlier` gets the memory that was in use here.
void Queue::Lane::put_before(std::vector<Waiting>& earlier) {
  for (const Waiting& each : earlier) bytes += bytes_of(each);
  std::move(waiting.begin() + static_cast<std::ptrdiff_t>(first), waiting.end(),
            std::back_inserter(earlier));
  first = 0;
  waiting.swap(earlier);
  earlier.clear();
}

void Queue::push(Waiting waiting) {
  waiting.number = ++last_number_;
  Lane& lane = lane_of(waiting);
  lane.push(std::move(waiting));
  if (bytes() > limit_bytes_ || official_.bytes > limit_bytes_ / share_of_official) drop_surplus();
}

void Queue::drop_surplus() {
  while (official_.bytes > limit_bytes_ / share_of_official && official_.size() > 1) {
    drop_oldest_of(official_);
  }
  while (bytes() > limit_bytes_ && size() > 1) {
    drop_oldest_of(official_.size() > 0 ? official_ : own_);
  }
  for (Lane* const lane : {&own_, &official_}) {
    if (lane->first > lane->waiting.size() / 2) lane->forget_dropped();
  }
}

void Queue::drop_oldest_of(Lane& lane) {
  Waiting& oldest = lane.waiting[lane.first++];
  lane.bytes -= bytes_of(oldest);
  add(dropped_[{oldest.entry.stream, cause_}], {oldest.entry.time, oldest.entry.time, 1});
  ++dropped_in_all_;
  oldest.entry = {};
}

void Queue::take(std::vector<Waiting>& batch, std::size_t most) {
  batch.clear();
  own_.forget_dropped();
  official_.forget_dropped();
  own_.bytes = 0;
  official_.bytes = 0;
  if (official_.waiting.empty()) {
    batch.swap(own_.waiting);
  } else {
    take_both(batch);
  }
  if (batch.size() <= most) return;
  for (std::size_t at = most; at < batch.size(); ++at) {
    lane_of(batch[at]).push(std::move(batch[at]));
  }
  batch.resize(most);
}

// All of both, as they came.
void Queue::take_both(std::vector<Waiting>& batch) {
  batch.reserve(size());
  std::merge(std::make_move_iterator(own_.waiting.begin()),
             std::make_move_iterator(own_.waiting.end()),
             std::make_move_iterator(official_.waiting.begin()),
             std::make_move_iterator(official_.waiting.end()), std::back_inserter(batch),
             [](const Waiting& one, const Waiting& other) { return one.number < other.number; });
  own_.waiting.clear();
  official_.waiting.clear();
}

void Queue::give_back(std::vector<Waiting>& batch, std::size_t first) {
  std::vector<Waiting> official;
  std::size_t own = 0;
  for (std::size_t at = first; at < batch.size(); ++at) {
    if (batch[at].entry.official_key) {
      official.push_back(std::move(batch[at]));
    } else if (own != at) {
      batch[own++] = std::move(batch[at]);
    } else {
      ++own;
    }
  }
  batch.resize(own);
  own_.put_before(batch);
  official_.put_before(official);
  drop_surplus();
}

void Queue::give_back_dropped(const DroppedByStream& dropped) {
  for (const auto& [key, lost] : dropped) add(dropped_[key], lost);
}

}  // namespace twinsky
