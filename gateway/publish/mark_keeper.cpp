// SPDX-License-Identifier: Apache-2.0
#include "gateway/publish/mark_keeper.hpp"

#include "gateway/publish/formats.hpp"

#include <utility>

namespace twinsky {
namespace {

constexpr std::chrono::minutes show_every{1};

}  // namespace

MarkKeeper::MarkKeeper(const Store& store, std::string gateway, std::string sink)
    : store_(store), gateway_(std::move(gateway)), sink_(std::move(sink)) {}

void MarkKeeper::start(bool may_show) {
  may_show_ = may_show;
  epoch_.clear();
}

std::optional<std::string> MarkKeeper::take(MonotonicTime now) {
  if (next_due() > now) return std::nullopt;
  return show(now);
}

std::optional<std::string> MarkKeeper::take_last() {
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

std::string MarkKeeper::show(MonotonicTime now) {
  const Mark mark = store_.mark(sink_);
  epoch_ = mark.epoch;
  row_ = mark.row;
  shown_at_ = now;
  return mark_document(gateway_, mark);
}

}  // namespace twinsky
