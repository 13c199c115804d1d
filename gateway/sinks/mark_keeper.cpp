// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/mark_keeper.hpp"

namespace twinsky {
namespace {

constexpr std::chrono::minutes show_every{1};

}  // namespace

void MarkKeeper::start(bool may_show) {
  may_show_ = may_show;
  epoch_.clear();
}

std::optional<Mark> MarkKeeper::take(MonotonicTime now) {
  if (next_due() > now) return std::nullopt;
  return show(now);
}

std::optional<Mark> MarkKeeper::take_last() {
  if (!may_show_ || epoch_.empty() || !has_news()) return std::nullopt;
  return show(shown_at_);
}

bool MarkKeeper::holds_records() const {
  return may_show_ && epoch_ != store_.epoch();
}

MonotonicTime MarkKeeper::next_due() const {
  if (holds_records()) return MonotonicTime::min();
  return may_show_ && has_news() ? shown_at_ + show_every : MonotonicTime::max();
}

bool MarkKeeper::has_news() const {
  return store_.cursor(sink_) != row_;
}

Mark MarkKeeper::show(MonotonicTime now) {
  Mark mark = store_.mark(sink_);
  epoch_ = mark.epoch;
  row_ = mark.row;
  shown_at_ = now;
  return mark;
}

}  // namespace twinsky
