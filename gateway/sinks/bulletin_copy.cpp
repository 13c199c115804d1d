// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/bulletin_copy.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds refused_pause{60'000};
// What takes a topic away says nothing, so it needs nobody's leave.
constexpr std::string_view clearing = "cleared";

}  // namespace

BulletinCopy::BulletinCopy(const Bulletin& bulletin, Store& store, const Format& format,
                           std::string sink, const Egress& egress)
    : bulletin_(bulletin),
      store_(store),
      format_(format),
      sink_(std::move(sink)),
      egress_(egress) {}

void BulletinCopy::start(bool can_retain, bool can_expire) {
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

void BulletinCopy::refresh() {
  for (Bulletin::Change& change : bulletin_.changes_since(version_)) enqueue(std::move(change));
  const std::uint64_t completions = bulletin_.completions();
  if (completions == completions_) return;
  completions_ = completions;
  clear_obsolete();
}

std::optional<OutgoingPosting> BulletinCopy::take(MonotonicTime now) {
  for (auto turn = waiting_.begin(); turn != waiting_.end(); ++turn) {
    const auto bar = barred_.find(turn->second.posting.topic);
    if (bar != barred_.end() && bar->second > now) continue;
    OutgoingPosting taken{.change = std::move(turn->second), .message = {}, .rule = clearing};
    waiting_.erase(turn);
    const Posting& posting = taken.change.posting;
    const bool is_cleared = taken.change.withdrawn;
    turns_.erase(posting.topic);
    const bool retains = posting.retain == Retain::always || can_expire_;
    Message& message = taken.message;
    message.destination = format_.destination(posting.topic);
    message.payload = egress_.strips() ? egress_.stripped(posting.payload) : posting.payload;
    message.content_type = format_.content_type(message.payload);
    message.is_acknowledged = posting.is_acknowledged;
    message.retained = is_cleared || (retains && can_retain_);
    message.expiry = can_expire_ ? posting.expiry : milliseconds(0);
    if (!is_cleared) taken.rule = rule_for(posting.topic).value_or(clearing);
    if (message.retained && !is_cleared && retained_.insert(posting.topic).second) {
      store_.note_retained(sink_, posting.topic);
    }
    return taken;
  }
  return std::nullopt;
}

void BulletinCopy::acknowledged(const Bulletin::Change& change, bool stays) {
  const std::string& topic = change.posting.topic;
  barred_.erase(topic);
  if (!change.withdrawn || stays) return;
  retained_.erase(topic);
  store_.forget_retained(sink_, topic);
}

bool BulletinCopy::refused(Bulletin::Change change, MonotonicTime now) {
  const auto [bar, is_news] = barred_.insert_or_assign(change.posting.topic, now + refused_pause);
  if (!turns_.contains(change.posting.topic)) enqueue(std::move(change));
  return is_news;
}

bool BulletinCopy::left_out(const Bulletin::Change& change) {
  return left_out_.insert(change.posting.topic).second;
}

std::optional<std::string_view> BulletinCopy::rule_for(const std::string& topic) const {
  if (format_.destination(topic).empty()) return std::nullopt;
  return egress_.rule_for(topic);
}

MonotonicTime BulletinCopy::next_due() const {
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [turn, change] : waiting_) {
    const auto bar = barred_.find(change.posting.topic);
    if (bar == barred_.end()) return MonotonicTime::min();
    next = std::min(next, bar->second);
  }
  return next;
}

void BulletinCopy::enqueue(Bulletin::Change change) {
  if (!change.withdrawn && !rule_for(change.posting.topic)) {
    clear(change.posting.topic);
    return;
  }
  if (change.withdrawn && (!can_retain_ || !retained_.contains(change.posting.topic))) {
    // Nothing of it stands there; what waits need not go any more.
    const auto turn = turns_.find(change.posting.topic);
    if (turn == turns_.end()) return;
    waiting_.erase(turn->second);
    turns_.erase(turn);
    return;
  }
  const auto [turn, is_new] = turns_.try_emplace(change.posting.topic, last_turn_ + 1);
  if (is_new) ++last_turn_;
  waiting_[turn->second] = std::move(change);
}

void BulletinCopy::clear(const std::string& topic) {
  enqueue({.posting = {.topic = topic, .payload = {}}, .withdrawn = true});
}

void BulletinCopy::clear_obsolete() {
  for (const std::string& topic : retained_) {
    if (bulletin_.is_obsolete(topic)) clear(topic);
  }
}

}  // namespace twinsky
