// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/replay.hpp"

#include "gateway/model/setting.hpp"
#include "gateway/model/topic_filter.hpp"
#include "gateway/model/topic_rules.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace twinsky {
namespace {

// So often it reads a page or sends a message: 25 000 rows or 10 000 records a second at most.
constexpr milliseconds step_every{20};
constexpr std::size_t most_under_way = 2;
constexpr std::size_t rows_at_once = 500;
// How many pages are looked at for a row of a stream that has few, before all rows are.
constexpr int most_probes = 20;
constexpr std::size_t requests_of_an_asker = 4;
constexpr std::size_t most_ends = 32;
// What the format writes around records.
constexpr std::size_t envelope_bytes = 1024;
constexpr std::size_t most_bytes = 64U << 10U;
constexpr milliseconds hour = std::chrono::hours(1);
constexpr std::string_view rule_of_ends = "replay_for";

}  // namespace

Replay::Replay(StoreReader& reader, const Format& format, const Egress& egress,
               std::size_t records_in_a_message)
    : reader_(reader),
      format_(format),
      words_(*format.replay()),
      egress_(egress),
      records_in_a_message_(records_in_a_message),
      batcher_(format, {}) {}

void Replay::start(std::size_t largest_payload) {
  largest_payload_ = std::min(largest_payload, most_bytes);
  const std::size_t bytes = largest_payload_ - std::min(largest_payload_, envelope_bytes);
  batcher_.clear();
  batcher_.set_limits({.records = records_in_a_message_, .bytes = bytes});
  waiting_.clear();
  answering_.reset();
  ends_.clear();
  under_way_ = 0;
}

void Replay::ask(const Call& call, MonotonicTime now) {
  auto asked = words_.asked(call);
  if (!asked.problem) {
    const std::string& stream = asked.request.stream;
    const auto waiting = waiting_.find(asked.request.asker);
    if (!stream.empty() && !egress_.rule_for(topic_of_stream(stream))) {
      asked.problem = {.word = "unknown_stream",
                       .message = "no stream " + in_quotes(stream) + " goes here"};
    } else if (waiting != waiting_.end() && waiting->second.size() >= requests_of_an_asker) {
      asked.problem = {.word = "busy", .message = "as many requests as may wait do already"};
    } else if (const auto wait = waits_for_quota(asked.request.asker, 1, now)) {
      asked.problem = {
          .word = "quota", .message = "all records of this hour were had", .retry_after = wait};
    }
  }
  if (asked.problem) {
    say(asked.request, {.problem = std::move(asked.problem)});
    return;
  }
  const std::string asker = asked.request.asker;
  waiting_[asker].push_back(std::move(asked.request));
}

std::optional<ReplayAnswer> Replay::take(RowId until, MonotonicTime now) {
  if (next_due() > now) return std::nullopt;
  next_at_ = now + step_every;
  if (ends_.empty() && (answering_ || begin(until))) {
    try {
      if (auto made = piece(now)) {
        ++under_way_;
        return made;
      }
    } catch (const std::exception& damage) {
      finish({.records = answering_->records,
              .problem = ReplayProblem{.word = "unreadable", .message = damage.what()}});
    }
  }
  if (ends_.empty()) return std::nullopt;
  ReplayAnswer end = std::move(ends_.front());
  ends_.pop_front();
  ++under_way_;
  return end;
}

void Replay::refused(const std::string& asker) {
  settle();
  if (!answering_ || answering_->request.asker != asker) return;
  answering_.reset();
  batcher_.clear();
}

MonotonicTime Replay::next_due() const {
  return is_idle() || under_way_ >= most_under_way ? MonotonicTime::max() : next_at_;
}

// The next request of the next asker. Answers whether there is one.
bool Replay::begin(RowId until) {
  if (waiting_.empty()) return false;
  auto next = waiting_.upper_bound(last_asker_);
  if (next == waiting_.end()) next = waiting_.begin();
  last_asker_ = next->first;
  answering_.emplace(Answering{.request = std::move(next->second.front())});
  next->second.pop_front();
  if (next->second.empty()) waiting_.erase(next);
  Answering& answering = *answering_;
  answering.next = 1;
  answering.end = until + 1;
  answering.is_located = !answering.request.is_by_number();
  if (answering.is_located) return true;
  const RowRange rows = reader_.rows_of_epoch(answering.request.epoch);
  answering.next = std::max<RowId>(rows.first, 1);
  answering.end = rows.last < until ? rows.last + 1 : until + 1;
  answering.before = answering.end;
  return true;
}

// Of one stream the numbers rise with the rows: half of them are left with each step, as long as
// the stream has a row among the next few thousand.
void Replay::locate() {
  Answering& own = *answering_;
  if (own.probe == 0) {
    if (own.before - own.next <= static_cast<RowId>(rows_at_once) || own.probes >= most_probes) {
      own.is_located = true;
      return;
    }
    own.probe = own.next + (own.before - own.next) / 2;
  }
  const RowId middle = own.next + (own.before - own.next) / 2;
  const auto& rows = reader_.page(own.probe - 1, rows_at_once);
  const auto found = std::ranges::find_if(rows, [&](const StoredRow& row) {
    return row.row < own.before && reader_.name_of(row.stream) == own.request.stream;
  });
  const RowId seen = rows.empty() ? own.before : rows.back().row + 1;
  if (found == rows.end() && seen < own.before) {
    own.probe = ++own.probes < most_probes ? seen : 0;
    return;
  }
  if (found != rows.end() && found->seq < own.request.first) {
    own.next = found->row + 1;
  } else {
    own.before = middle;
  }
  own.probe = 0;
  own.probes = 0;
}

void Replay::read() {
  Answering& own = *answering_;
  const auto& rows = reader_.page(own.next - 1, rows_at_once);
  if (rows.empty()) own.is_read = true;
  for (const StoredRow& row : rows) {
    if (row.row >= own.end) break;
    own.next = row.row + 1;
    const Text& text = text_of(row);
    if (!text.rule) continue;
    const ReplayRequest& request = own.request;
    if (request.is_by_number() && row.seq > request.last) own.is_read = true;
    const bool is_wanted = request.is_by_number()
                               ? row.seq >= request.first && row.seq <= request.last
                               : row.time >= request.from && row.time < request.to;
    if (!is_wanted) continue;
    StoredRow kept = row;
    std::string body;
    if (egress_.strips()) kept.body = body = egress_.stripped(row.body);
    batcher_.add(kept, text.head);
  }
  if (!rows.empty() && rows.back().row + 1 >= own.end) own.is_read = true;
  if (own.is_read || batcher_.open_bytes() > 2 * most_bytes) batcher_.flush();
}

Replay::Text& Replay::text_of(const StoredRow& row) {
  const auto [place, is_new] = answering_->texts.try_emplace(row.stream);
  Text& text = place->second;
  if (is_new) {
    const auto& [wanted, topics] = std::tie(answering_->request.stream, answering_->request.topics);
    const std::string& name = reader_.name_of(row.stream);
    const std::string topic = topic_of_stream(name);
    const bool is_wanted =
        (wanted.empty() || wanted == name) && (topics.empty() || matches(topics, topic));
    if (is_wanted) text.rule = egress_.rule_for(topic);
  }
  if (!text.rule) return text;
  const std::string& epoch = reader_.epoch_of(row.row);
  if (text.epoch != epoch || text.head.empty()) {
    text.epoch = epoch;
    text.head = format_.head(reader_.name_of(row.stream), epoch);
  }
  return text;
}

// nullopt: so many more he may have now; else when he may.
std::optional<milliseconds> Replay::waits_for_quota(const std::string& asker, std::size_t records,
                                                    MonotonicTime now) {
  const auto [place, is_first] = allowances_.try_emplace(asker);
  Allowance& allowance = place->second;
  if (is_first || now >= allowance.since + hour) allowance = {.since = now};
  if (allowance.records + records <= words_.records_per_hour()) return std::nullopt;
  return std::chrono::ceil<milliseconds>(allowance.since + hour - now);
}

// One step. A message, where it gave one.
std::optional<ReplayAnswer> Replay::piece(MonotonicTime now) {
  Answering& own = *answering_;
  auto batch = batcher_.next();
  if (!batch && !own.is_located) {
    locate();
    return std::nullopt;
  }
  if (!batch && !own.is_read) {
    read();
    batch = batcher_.next();
    if (!batch && !own.is_read) return std::nullopt;
  }
  if (!batch) {
    finish({.records = own.records});
    return std::nullopt;
  }
  if (batch->payload.size() + envelope_bytes > largest_payload_) return std::nullopt;
  const std::size_t records = batch->span.records;
  if (const auto wait = waits_for_quota(own.request.asker, records, now)) {
    finish({.records = own.records,
            .problem = ReplayProblem{.word = "quota",
                                     .message = "as many records as may be had in an hour were",
                                     .retry_after = wait}});
    return std::nullopt;
  }
  allowances_[own.request.asker].records += records;
  own.records += records;
  const std::string payload =
      words_.piece(own.request, reader_.name_of(batch->span.stream), batch->payload);
  return ReplayAnswer{.message = {.destination = own.request.reply_to,
                                  .payload = payload,
                                  .content_type = format_.content_type(payload),
                                  .correlation = own.request.correlation},
                      .asker = own.request.asker,
                      .rule = own.texts.at(batch->span.stream).rule.value_or(std::string_view()),
                      .records = records};
}

void Replay::finish(const ReplayEnd& end) {
  say(answering_->request, end);
  answering_.reset();
  batcher_.clear();
}

void Replay::say(const ReplayRequest& request, const ReplayEnd& end) {
  if (ends_.size() >= most_ends) return;  // who asks without end is not answered without end
  std::string payload = words_.end(request, end);
  const std::string_view content_type = format_.content_type(payload);
  ends_.push_back({.message = {.destination = request.reply_to,
                               .payload = std::move(payload),
                               .content_type = content_type,
                               .correlation = request.correlation},
                   .asker = request.asker,
                   .rule = rule_of_ends});
}

}  // namespace twinsky
