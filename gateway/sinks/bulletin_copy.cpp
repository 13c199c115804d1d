// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/bulletin_copy.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds refused_pause{60'000};
// Who does not take announcements has rules, which do not change by themselves, and every try costs
// all of them.
constexpr milliseconds refused_announcements_pause{3'600'000};
// How long after it was asked for an announcement goes again, and how soon all of them do once more
// at most.
constexpr milliseconds least_delay{1'000};
constexpr milliseconds longest_delay{10'000};
constexpr milliseconds asked_again_pause{60'000};
// What takes a topic away says nothing, so it needs nobody's leave.
constexpr std::string_view clearing = "cleared";

// Among the retained topics are noted: what their destinations begin with, behind this word,
constexpr std::string_view place_word = "//";
// and whole destinations, of what stands where none of ours begins any more.
constexpr char whole = '/';
// What a session says itself of all that begins so.
constexpr auto own_topics = std::to_array<std::string_view>({"status", "mark", "newest"});

}  // namespace

BulletinCopy::BulletinCopy(const Bulletin& bulletin, Store& store, const Format& format,
                           std::string sink, const Egress& egress, std::uint32_t seed)
    : bulletin_(bulletin),
      store_(store),
      format_(format),
      words_(format.announcements()),
      place_(std::string(place_word) + format.destination({})),
      sink_(std::move(sink)),
      egress_(egress),
      announced_(store, sink_),
      random_(seed) {}

void BulletinCopy::start(bool can_retain, bool can_expire, bool announces) {
  can_retain_ = can_retain;
  can_expire_ = can_expire;
  announces_ = announces;
  version_ = 0;
  completions_ = 0;
  waiting_.clear();
  turns_.clear();
  barred_.clear();
  next_.clear();
  said_.clear();
  recall();
  for (const std::string& topic : retained_) {
    if (!rule_for(topic)) clear(topic);
  }
  for (const auto& [subject, notes] : announced_.all()) {
    if (!rule_for(subject)) clear(subject);
  }
  refresh();
}

// What stands elsewhere is noted by its whole destination, which no rule lets go.
void BulletinCopy::recall() {
  retained_.clear();
  std::string place;
  for (const std::string& noted : announced_.recall()) {
    if (noted.starts_with(place_word)) {
      place = noted;
    } else {
      retained_.insert(noted);
    }
  }
  is_place_noted_ = place == place_;
  if (place.empty() || is_place_noted_) return;
  std::set<std::string, std::less<>> topics;
  std::swap(topics, retained_);
  topics.insert(own_topics.begin(), own_topics.end());
  for (const std::string& topic : topics) {
    const bool is_elsewhere = topic.starts_with(whole);
    const std::string now = is_elsewhere ? topic : whole + place.substr(place_word.size()) + topic;
    retained_.insert(now);
    if (is_elsewhere) continue;
    store_.note_retained(sink_, now);
    store_.forget_retained(sink_, topic);
  }
  store_.forget_retained(sink_, place);
}

std::string BulletinCopy::destination(std::string_view topic) const {
  return topic.starts_with(whole) ? std::string(topic.substr(1)) : format_.destination(topic);
}

void BulletinCopy::refresh() {
  for (Bulletin::Change& change : bulletin_.changes_since(version_)) {
    if (is_announcement(change.posting.topic)) barred_.erase(change.posting.topic);
    enqueue(std::move(change));
  }
  const std::uint64_t completions = bulletin_.completions();
  if (completions == completions_) return;
  completions_ = completions;
  clear_obsolete();
}

std::optional<OutgoingPosting> BulletinCopy::take(MonotonicTime now) {
  while (next_.empty()) {
    const auto turn = std::ranges::find_if(
        waiting_, [&](const auto& waiting) { return due(waiting.second.posting.topic) <= now; });
    if (turn == waiting_.end()) return std::nullopt;
    Bulletin::Change change = std::move(turn->second);
    waiting_.erase(turn);
    turns_.erase(change.posting.topic);
    if (!is_announcement(change.posting.topic)) return outgoing(std::move(change));
    announce(change);
  }
  OutgoingPosting taken = std::move(next_.front());
  next_.pop_front();
  return taken;
}

OutgoingPosting BulletinCopy::outgoing(Bulletin::Change change) {
  OutgoingPosting taken{.change = std::move(change), .message = {}, .rule = clearing};
  const Posting& posting = taken.change.posting;
  const bool is_cleared = taken.change.withdrawn;
  const bool retains = posting.retain == Retain::always || can_expire_;
  Message& message = taken.message;
  message.destination = destination(posting.topic);
  message.payload = stripped(posting);
  message.content_type = format_.content_type(message.payload);
  message.is_acknowledged = posting.is_acknowledged;
  message.retained = is_cleared || (retains && can_retain_);
  message.expiry = can_expire_ ? posting.expiry : milliseconds(0);
  if (!is_cleared) taken.rule = rule_for(posting.topic).value_or(clearing);
  if (message.retained && !is_cleared && retained_.insert(posting.topic).second) {
    if (!std::exchange(is_place_noted_, true)) store_.note_retained(sink_, place_);
    store_.note_retained(sink_, posting.topic);
  }
  return taken;
}

// First what was announced elsewhere is taken back, then the parts that are gone; at last it is
// announced as it is now.
void BulletinCopy::announce(const Bulletin::Change& change) {
  const std::string& subject = change.posting.topic;
  std::optional<Announced::Note>& last = last_said_[subject];
  last.reset();
  std::string payload;
  if (!change.withdrawn) {
    payload = stripped(change.posting);
    last = {format_.destination(subject), words_->announcement(payload).parts};
  }
  std::set<std::string> elsewhere;
  std::set<std::string> gone;
  for (const auto& [destination, parts] : announced_.of(subject)) {
    if (last && destination == last->destination) {
      std::ranges::set_difference(parts, last->parts, std::inserter(gone, gone.end()));
    } else {
      elsewhere.insert(destination);
    }
  }
  for (const std::string& destination : elsewhere) say(change, destination, {});
  if (!last) return;
  announced_.note(subject, *last);
  if (!gone.empty()) say(change, last->destination, words_->written(payload, gone));
  say(change, last->destination, words_->written(payload, {}));
}

void BulletinCopy::say(const Bulletin::Change& change, std::string destination,
                       std::string payload) {
  const std::string_view content_type = format_.content_type(payload);
  const auto rule = payload.empty() ? std::nullopt : rule_for(change.posting.topic);
  ++said_[change.posting.topic];
  next_.push_back({.change = change,
                   .message = {.destination = std::move(destination),
                               .payload = std::move(payload),
                               .content_type = content_type,
                               .retained = can_retain_},
                   .rule = rule.value_or(clearing)});
}

// A message of the subject has met its fate. Answers whether it was the last.
bool BulletinCopy::settle(const std::string& subject) {
  const auto said = said_.find(subject);
  if (said == said_.end() || --said->second > 0) return false;
  said_.erase(said);
  return true;
}

void BulletinCopy::acknowledged(const Bulletin::Change& change, bool stays) {
  const std::string& topic = change.posting.topic;
  if (is_announcement(topic)) {
    was_refused_ = false;
    if (settle(topic) && !turns_.contains(topic)) announced_.settle(topic, last_said_[topic]);
    return;
  }
  barred_.erase(topic);
  if (!change.withdrawn || stays) return;
  retained_.erase(topic);
  store_.forget_retained(sink_, topic);
}

bool BulletinCopy::refused(Bulletin::Change change, MonotonicTime now) {
  const std::string topic = change.posting.topic;
  if (!turns_.contains(topic)) enqueue(std::move(change));
  if (!is_announcement(topic)) {
    return barred_.insert_or_assign(topic, now + refused_pause).second;
  }
  settle(topic);
  announced_from_ = now + refused_announcements_pause;
  return !std::exchange(was_refused_, true);
}

bool BulletinCopy::left_out(const Bulletin::Change& change) {
  if (is_announcement(change.posting.topic)) settle(change.posting.topic);
  return left_out_.insert(change.posting.topic).second;
}

void BulletinCopy::announce_again(MonotonicTime now) {
  const bool is_first = asked_again_at_ == MonotonicTime::min();
  if (!is_first && now < asked_again_at_ + longest_delay) return;  // what still comes is the answer
  asked_again_at_ = is_first ? now : std::max(now, asked_again_at_ + asked_again_pause);
  std::uniform_int_distribution delay(least_delay.count(), longest_delay.count());
  std::uint64_t all = 0;
  for (Bulletin::Change& change : bulletin_.changes_since(all)) {
    if (!is_announcement(change.posting.topic)) continue;
    barred_.insert_or_assign(change.posting.topic, asked_again_at_ + milliseconds(delay(random_)));
    enqueue(std::move(change));
  }
}

std::optional<std::string_view> BulletinCopy::rule_for(const std::string& topic) const {
  if (topic.starts_with(whole) || format_.destination(topic).empty()) return std::nullopt;
  return egress_.rule_for(topic);
}

// What names another topic goes only where that goes too.
std::optional<std::string_view> BulletinCopy::rule_for(const Posting& posting) const {
  const auto rule = rule_for(posting.topic);
  if (!rule || !is_announcement(posting.topic)) return rule;
  const Announcement announcement = words_->announcement(stripped(posting));
  const bool may_go = std::ranges::all_of(announcement.subjects, [&](const std::string& subject) {
    return rule_for(subject).has_value();
  });
  return may_go && !announcement.parts.empty() ? rule : std::nullopt;
}

std::string BulletinCopy::stripped(const Posting& posting) const {
  return egress_.strips() ? egress_.stripped(posting.payload) : posting.payload;
}

MonotonicTime BulletinCopy::due(const std::string& topic) const {
  const auto bar = barred_.find(topic);
  const MonotonicTime due = bar == barred_.end() ? MonotonicTime::min() : bar->second;
  return is_announcement(topic) ? std::max(due, announced_from_) : due;
}

MonotonicTime BulletinCopy::next_due() const {
  MonotonicTime next = next_.empty() ? MonotonicTime::max() : MonotonicTime::min();
  for (const auto& [turn, change] : waiting_) next = std::min(next, due(change.posting.topic));
  return next;
}

bool BulletinCopy::stands(const std::string& topic) const {
  if (is_announcement(topic)) return !announced_.of(topic).empty();
  return can_retain_ && retained_.contains(topic);
}

void BulletinCopy::enqueue(Bulletin::Change change) {
  const std::string topic = change.posting.topic;
  if (!announces_ && is_announcement(topic)) return;
  if (!change.withdrawn && !rule_for(change.posting)) {
    clear(topic);
    return;
  }
  if (change.withdrawn && !stands(topic)) {
    // Nothing of it stands there; what waits need not go any more.
    const auto turn = turns_.find(topic);
    if (turn == turns_.end()) return;
    waiting_.erase(turn->second);
    turns_.erase(turn);
    return;
  }
  const auto [turn, is_new] = turns_.try_emplace(topic, last_turn_ + 1);
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
  for (const auto& [subject, notes] : announced_.all()) {
    if (bulletin_.is_obsolete(subject)) clear(subject);
  }
}

}  // namespace twinsky
