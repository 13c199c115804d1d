// SPDX-License-Identifier: Apache-2.0
// Keeps the retained `newest` of one far end current: the newest number of each stream, once all of
// it has arrived. Who was not there when the last record before a silence came sees by it that
// there was one. At most once a minute, and only where records may be asked for again. One thread.
#pragma once

#include "gateway/model/topic_rules.hpp"
#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/store/store.hpp"

#include <optional>
#include <string>

namespace twinsky {

class NewestKeeper {
 public:
  // All of these outlive this.
  NewestKeeper(const Store& store, StoreReader& reader, const Egress& egress,
               const ReplayFormat& words)
      : store_(store), reader_(reader), egress_(egress), words_(words) {}

  // A new connection. `may_show`: the far end retains, and the sink's rules let it go.
  void start(bool may_show) {
    may_show_ = may_show;
    row_ = 0;
    shown_at_ = MonotonicTime::min();
  }
  // The document that is due, when everything up to `row` has arrived.
  std::optional<std::string> take(RowId row, MonotonicTime now) {
    if (next_due(row) > now) return std::nullopt;
    return take_last(row, now);
  }
  // The same, however soon after the one before.
  std::optional<std::string> take_last(RowId row, MonotonicTime now) {
    if (next_due(row) == MonotonicTime::max()) return {};
    shown_at_ = now;  // or looked at: rows that wait for the right clock have numbers already
    if (row != store_.status().last_row) return {};
    row_ = row;
    std::map<std::string, std::uint64_t> numbers = reader_.newest_numbers();
    std::erase_if(numbers, [&](const auto& each) {
      return !egress_.rule_for(topic_of_stream(each.first)).has_value();
    });
    return words_.newest(store_.epoch(), numbers);
  }
  // The far end does not want it: no more on this connection.
  void refused() { may_show_ = false; }

  [[nodiscard]] MonotonicTime next_due(RowId row) const {
    if (!may_show_ || row == row_ || row < store_.sendable()) return MonotonicTime::max();
    const bool is_first = shown_at_ == MonotonicTime::min();
    return is_first ? shown_at_ : shown_at_ + std::chrono::minutes(1);
  }

 private:
  const Store& store_;
  StoreReader& reader_;
  const Egress& egress_;
  const ReplayFormat& words_;
  bool may_show_ = false;
  RowId row_ = 0;  // up to which it tells on this connection; 0: not yet
  MonotonicTime shown_at_ = MonotonicTime::min();
};

}  // namespace twinsky
