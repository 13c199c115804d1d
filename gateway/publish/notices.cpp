// SPDX-License-Identifier: Apache-2.0
#include "gateway/publish/notices.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds refused_pause{60'000};
// What takes a topic away says nothing, so it needs nobody's leave.
constexpr std::string_view clearing = "cleared";

}  // namespace

Notices::Notices(const Bulletin& bulletin, Store& store, std::string sink, const Egress& egress)
    : bulletin_(bulletin), store_(store), sink_(std::move(sink)), egress_(egress) {}

void Notices::start(bool can_retain, bool can_expire) {
  can_retain_ = can_retain;
  can_expire_ = can_expire;
  version_ = 0;
  completions_ = 0;
  waiting_.clear();
  turns_.clear();
  barred_.clear();
  under_way_.clear();
  const auto noted = store_.retained_topics(sink_);
  retained_ = {noted.begin(), noted.end()};
  for (const std::string& topic : retained_) {
    if (!egress_.rule_for(topic)) clear(topic);
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

std::optional<OutgoingNotice> Notices::take(Place place, MonotonicTime now) {
  for (auto turn = waiting_.begin(); turn != waiting_.end(); ++turn) {
    const auto bar = barred_.find(turn->second.notice.topic);
    if (bar != barred_.end() && bar->second > now) continue;
    Bulletin::Change change = std::move(turn->second);
    waiting_.erase(turn);
    turns_.erase(change.notice.topic);
    const Notice& notice = change.notice;
    const bool retains =
        notice.retain == Retain::always || (notice.retain == Retain::expiring && can_expire_);
    OutgoingNotice message{
        .topic = notice.topic,
        .payload = egress_.strips() ? egress_.stripped(notice.payload) : notice.payload,
        .retained = change.withdrawn || (retains && can_retain_),
        .qos = notice.qos,
        .expiry = can_expire_ ? notice.expiry : milliseconds(0),
        .rule = change.withdrawn ? clearing : egress_.rule_for(notice.topic).value_or(clearing)};
    if (message.retained && !change.withdrawn && retained_.insert(notice.topic).second) {
      store_.note_retained(sink_, notice.topic);
    }
    under_way_.emplace(place, std::move(change));
    return message;
  }
  return std::nullopt;
}

void Notices::acknowledged(Place place) {
  const auto message = under_way_.extract(place);
  if (message.empty()) return;
  const std::string& topic = message.mapped().notice.topic;
  barred_.erase(topic);
  // The topic may have come back meanwhile.
  const bool stays = std::ranges::any_of(under_way_, [&](const auto& other) {
    return other.second.notice.topic == topic && !other.second.withdrawn;
  });
  if (!message.mapped().withdrawn || stays) return;
  retained_.erase(topic);
  store_.forget_retained(sink_, topic);
}

std::string Notices::refused(Place place, MonotonicTime now) {
  auto message = under_way_.extract(place);
  if (message.empty()) return {};
  std::string topic = message.mapped().notice.topic;
  const bool is_news = !barred_.contains(topic);
  barred_[topic] = now + refused_pause;
  if (!turns_.contains(topic)) enqueue(std::move(message.mapped()));
  return is_news ? topic : std::string();
}

bool Notices::left_out(Place place) {
  const auto message = under_way_.extract(place);
  return !message.empty() && left_out_.insert(message.mapped().notice.topic).second;
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
  if (!change.withdrawn && !egress_.rule_for(change.notice.topic)) {
    clear(change.notice.topic);
    return;
  }
  if (change.withdrawn && (!can_retain_ || !retained_.contains(change.notice.topic))) {
    // Nothing of it stands on the broker; what waits need not go any more.
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
