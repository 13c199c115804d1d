// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/notices.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds refused_pause{60'000};
// What takes a topic away says nothing, so it needs nobody's leave.
constexpr std::string_view clearing = "cleared";

}  // namespace

Notices::Notices(const Bulletin& bulletin, Store& store, const Format& format, std::string sink,
                 const Egress& egress)
    : bulletin_(bulletin),
      store_(store),
      format_(format),
      sink_(std::move(sink)),
      egress_(egress) {}

void Notices::start(bool can_retain, bool can_expire) {
  can_retain_ = can_retain;
  can_expire_ = can_expire;
  version_ = 0;
  completions_ = 0;
  waiting_.clear();
  turns_.clear();
  barred_.clear();
  const auto noted = store_.retained_topics(sink_);
  retained_ = {noted.begin(), noted.end()};
  for (const std::string& topic : retained_) {
    if (!rule_for(topic)) clear(topic);
  }
  refresh();
}

void Notices::refresh() {
  for (Bulletin::Change& change : bulletin_.changes_since(version_)) enqueue(std::move(change));
  const std::uint64_t completions = bulletin_.completions();
  if (completions == completions_) return;
  completions_ = completions;
  clear_obsolete();
}

std::optional<OutgoingNotice> Notices::take(MonotonicTime now) {
  for (auto turn = waiting_.begin(); turn != waiting_.end(); ++turn) {
    const auto bar = barred_.find(turn->second.notice.topic);
    if (bar != barred_.end() && bar->second > now) continue;
    OutgoingNotice taken{.change = std::move(turn->second), .message = {}, .rule = clearing};
    waiting_.erase(turn);
    const Notice& notice = taken.change.notice;
    const bool is_cleared = taken.change.withdrawn;
    turns_.erase(notice.topic);
    const bool retains = notice.retain == Retain::always || can_expire_;
    Message& message = taken.message;
    message.destination = format_.destination(notice.topic);
    message.payload = egress_.strips() ? egress_.stripped(notice.payload) : notice.payload;
    message.content_type = format_.content_type(message.payload);
    message.is_acknowledged = notice.is_acknowledged;
    message.retained = is_cleared || (retains && can_retain_);
    message.expiry = can_expire_ ? notice.expiry : milliseconds(0);
    if (!is_cleared) taken.rule = rule_for(notice.topic).value_or(clearing);
    if (message.retained && !is_cleared && retained_.insert(notice.topic).second) {
      store_.note_retained(sink_, notice.topic);
    }
    return taken;
  }
  return std::nullopt;
}

void Notices::acknowledged(const Bulletin::Change& change, bool stays) {
  const std::string& topic = change.notice.topic;
  barred_.erase(topic);
  if (!change.withdrawn || stays) return;
  retained_.erase(topic);
  store_.forget_retained(sink_, topic);
}

bool Notices::refused(Bulletin::Change change, MonotonicTime now) {
  const auto [bar, is_news] = barred_.insert_or_assign(change.notice.topic, now + refused_pause);
  if (!turns_.contains(change.notice.topic)) enqueue(std::move(change));
  return is_news;
}

bool Notices::left_out(const Bulletin::Change& change) {
  return left_out_.insert(change.notice.topic).second;
}

std::optional<std::string_view> Notices::rule_for(const std::string& topic) const {
  if (format_.destination(topic).empty()) return std::nullopt;
  return egress_.rule_for(topic);
}

MonotonicTime Notices::next_due() const {
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [turn, change] : waiting_) {
    const auto bar = barred_.find(change.notice.topic);
    if (bar == barred_.end()) return MonotonicTime::min();
    next = std::min(next, bar->second);
  }
  return next;
}

void Notices::enqueue(Bulletin::Change change) {
  if (!change.withdrawn && !rule_for(change.notice.topic)) {
    clear(change.notice.topic);
    return;
  }
  if (change.withdrawn && (!can_retain_ || !retained_.contains(change.notice.topic))) {
    // Nothing of it stands there; what waits need not go any more.
    const auto turn = turns_.find(change.notice.topic);
    if (turn == turns_.end()) return;
    waiting_.erase(turn->second);
    turns_.erase(turn);
    return;
  }
  const auto [turn, is_new] = turns_.try_emplace(change.notice.topic, last_turn_ + 1);
  if (is_new) ++last_turn_;
  waiting_[turn->second] = std::move(change);
}

void Notices::clear(const std::string& topic) {
  enqueue({.notice = {.topic = topic, .payload = {}}, .withdrawn = true});
}

void Notices::clear_obsolete() {
  for (const std::string& topic : retained_) {
    if (bulletin_.is_obsolete(topic)) clear(topic);
  }
}

}  // namespace twinsky
