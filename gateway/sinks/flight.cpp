// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/flight.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr milliseconds first_retry{1'000};
constexpr milliseconds longest_retry{60'000};

}  // namespace

bool Flight::takes(StreamId stream, RowId row) const {
  const auto lane = lanes_.find(stream);
  return lane == lanes_.end() || (!lane->second.hold && !has_met_fate(lane->second, row));
}

bool Flight::has_met_fate(StreamId stream, RowId row) const {
  const auto lane = lanes_.find(stream);
  return lane != lanes_.end() && has_met_fate(lane->second, row);
}

bool Flight::has_met_fate(const Lane& lane, RowId row) {
  return row <= lane.acknowledged || std::ranges::any_of(lane.in_ledger, [&](const Span& span) {
           return span.first_row <= row && row <= span.last_row;
         });
}

void Flight::sent(const Span& span) {
  lanes_[span.stream].messages.push_back({.span = span});
}

void Flight::acknowledged(const Span& span, MonotonicTime now) {
  Lane& lane = lanes_[span.stream];
  Sent* const message = find_unknown(lane, span);
  if (message == nullptr) return;
  message->fate = Fate::acknowledged;
  retire_front(lane, now);
}

void Flight::refused(const Span& span, MonotonicTime now) {
  Lane& lane = lanes_[span.stream];
  Sent* const message = find_unknown(lane, span);
  if (message == nullptr) return;
  message->fate = Fate::refused;
  if (!lane.hold) {
    lane.hold.emplace(Hold{.resume = 0,
                           .since = now,
                           .retry_at = MonotonicTime::max(),
                           .backoff = Backoff(first_retry, longest_retry, seed_)});
  }
  retire_front(lane, now);
}

void Flight::abandoned(const Span& span, MonotonicTime now) {
  Lane& lane = lanes_[span.stream];
  if (Sent* const message = find_unknown(lane, span)) {
    message->fate = Fate::in_ledger;
  } else {
    lane.messages.push_back({.span = span, .fate = Fate::in_ledger});
  }
  retire_front(lane, now);
}

// A row is under way once at most.
Flight::Sent* Flight::find_unknown(Lane& lane, const Span& span) {
  const auto message = std::ranges::find_if(lane.messages, [&](const Sent& one) {
    return one.fate == Fate::unknown && one.span.first_row == span.first_row;
  });
  return message == lane.messages.end() ? nullptr : &*message;
}

// What is not known to have arrived is read again, but for what the ledger has.
void Flight::forget_messages(Lane& lane) {
  for (const Sent& message : lane.messages) {
    if (message.fate == Fate::in_ledger) lane.in_ledger.push_back(message.span);
  }
  lane.messages.clear();
}

RowId Flight::connection_lost(RowId read, MonotonicTime now) {
  RowId resume = read;
  for (auto& [stream, lane] : lanes_) {
    if (lane.messages.empty()) continue;
    const RowId first = lane.messages.front().span.first_row;
    forget_messages(lane);
    if (lane.hold) {
      // Perhaps the far end hung up because of it: the others come first.
      lane.hold->resume = first;
      lane.hold->retry_at = now + lane.hold->backoff.next();
    } else {
      resume = std::min(resume, first - 1);
    }
  }
  return resume;
}

std::optional<Flight::Retry> Flight::due(MonotonicTime now) const {
  for (const auto& [stream, lane] : lanes_) {
    if (lane.hold && lane.messages.empty() && lane.hold->retry_at <= now) {
      return Retry{.stream = stream, .resume = lane.hold->resume};
    }
  }
  return std::nullopt;
}

MonotonicTime Flight::next_due() const {
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [stream, lane] : lanes_) {
    if (lane.hold && lane.messages.empty()) next = std::min(next, lane.hold->retry_at);
  }
  return next;
}

void Flight::skipped(StreamId stream, RowId next_resume) {
  lanes_[stream].hold->resume = next_resume;
}

void Flight::release(StreamId stream) {
  lanes_[stream].hold.reset();
}

std::optional<Flight::Retry> Flight::held_since(MonotonicTime before) const {
  for (const auto& [stream, lane] : lanes_) {
    if (lane.hold && lane.messages.empty() && lane.hold->since <= before) {
      return Retry{.stream = stream, .resume = lane.hold->resume};
    }
  }
  return std::nullopt;
}

std::size_t Flight::held() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(lanes_, [](const auto& lane) { return lane.second.hold.has_value(); }));
}

RowId Flight::cursor(RowId read) const {
  RowId cursor = read;
  for (const auto& [stream, lane] : lanes_) {
    if (!lane.messages.empty()) {
      cursor = std::min(cursor, lane.messages.front().span.first_row - 1);
    } else if (lane.hold) {
      cursor = std::min(cursor, lane.hold->resume - 1);
    }
  }
  return cursor;
}

void Flight::retire_front(Lane& lane, MonotonicTime now) {
  while (!lane.messages.empty() && (lane.messages.front().fate == Fate::acknowledged ||
                                    lane.messages.front().fate == Fate::in_ledger)) {
    lane.acknowledged = std::max(lane.acknowledged, lane.messages.front().span.last_row);
    lane.messages.pop_front();
    std::erase_if(lane.in_ledger,
                  [&](const Span& span) { return span.last_row <= lane.acknowledged; });
    if (!lane.hold) continue;
    lane.hold->resume = lane.acknowledged + 1;
    lane.hold->since = now;
    lane.hold->retry_at = now;
    lane.hold->backoff.reset();
  }
  if (lane.messages.empty() || lane.messages.front().fate != Fate::refused) return;
  if (std::ranges::any_of(lane.messages,
                          [](const Sent& one) { return one.fate == Fate::unknown; })) {
    return;
  }
  lane.hold->resume = lane.messages.front().span.first_row;
  lane.hold->retry_at = now + lane.hold->backoff.next();
  forget_messages(lane);
}

}  // namespace twinsky
