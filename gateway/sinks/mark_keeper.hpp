// SPDX-License-Identifier: Apache-2.0
// Keeps the retained `mark` of one far end current: before the first record of a connection
// and of an epoch, then once a minute while records arrive, and at the end. That is at most 1440
// small messages a day, some 300 kB. One thread.
#pragma once

#include "gateway/store/mark.hpp"
#include "gateway/store/store.hpp"

#include <optional>
#include <string>
#include <utility>

namespace twinsky {

class MarkKeeper {
 public:
  MarkKeeper(const Store& store, std::string sink) : store_(store), sink_(std::move(sink)) {}

  // A new connection. `may_show`: the far end retains, and the sink's rules let it go.
  void start(bool may_show);
  // The one that is due; from then on it is on its way.
  std::optional<Mark> take(MonotonicTime now);
  // The last one, when more has arrived since.
  std::optional<Mark> take_last();
  // The far end does not want it: no more on this connection.
  void refused() { may_show_ = false; }

  // Records wait until it is on its way.
  [[nodiscard]] bool holds_records() const;
  [[nodiscard]] MonotonicTime next_due() const;

 private:
  [[nodiscard]] bool has_news() const;
  Mark show(MonotonicTime now);

  const Store& store_;
  const std::string sink_;
  bool may_show_ = false;
  std::string epoch_;  // as shown on this connection; empty: not yet
  RowId row_ = 0;
  MonotonicTime shown_at_{};
};

}  // namespace twinsky
