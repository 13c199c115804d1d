// SPDX-License-Identifier: Apache-2.0
// Samples that wait for the writer, bounded in bytes. What official sources say has a share of it:
// when that is full the oldest of theirs goes, and when all is full theirs goes before the oldest
// of a sensor, which nobody can fetch again. What goes is counted. Not locked: the owner's mutex
// guards it.
#pragma once

#include "gateway/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

struct Waiting {
  Entry entry;
  milliseconds clock_offset{0};  // of UTC to monotonic time, where the clock was not set
  std::uint64_t number = 0;      // in the order of arrival; the queue's own
};

// What was dropped of a stream for one cause; becomes a row of the ledger.
struct Dropped {
  UtcTime start{};
  UtcTime end{};
  std::uint64_t count = 0;
};
using DroppedByStream = std::map<std::pair<StreamId, std::string>, Dropped>;
void add(Dropped& to, const Dropped& more);

class Queue {
 public:
  explicit Queue(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void push(Waiting waiting);
  // The oldest that wait, at most so many, into `batch`; what it still had is kept by now and must
  // not come into the queue once more. Its memory is used again.
  void take(std::vector<Waiting>& batch, std::size_t most);
  // What could not be kept of a batch, from `first` on: before all others again.
  void give_back(std::vector<Waiting>& batch, std::size_t first);

  DroppedByStream take_dropped() { return std::exchange(dropped_, {}); }
  void give_back_dropped(const DroppedByStream& dropped);

  // Why there is no room: the cause that dropped samples are noted with.
  void set_cause(std::string cause) { cause_ = std::move(cause); }

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return own_.size() + official_.size(); }
  [[nodiscard]] std::size_t bytes() const { return own_.bytes + official_.bytes; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_in_all_; }

 private:
  // Those of one kind, in the order of arrival.
  struct Lane {
    std::vector<Waiting> waiting;
    std::size_t first = 0;  // those before are dropped
    std::size_t bytes = 0;

    [[nodiscard]] std::size_t size() const { return waiting.size() - first; }
    void push(Waiting&& one);
    void forget_dropped();
    void put_before(std::vector<Waiting>& earlier);
  };

  static std::size_t bytes_of(const Waiting& waiting);
  Lane& lane_of(const Waiting& waiting) { return waiting.entry.official_key ? official_ : own_; }
  void take_both(std::vector<Waiting>& batch);
  void drop_surplus();
  void drop_oldest_of(Lane& lane);

  const std::size_t limit_bytes_;
  Lane own_;       // of sensors and of the gateway itself
  Lane official_;  // with an official key
  std::uint64_t last_number_ = 0;
  std::string cause_ = "queue_full";
  DroppedByStream dropped_;
  std::uint64_t dropped_in_all_ = 0;
};

}  // namespace twinsky
