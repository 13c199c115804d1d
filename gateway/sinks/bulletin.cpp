// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/bulletin.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {

void Bulletin::post(Posting posting) {
  {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = kept_.try_emplace(posting.topic);
    const Change& standing = place->second.change;
    const bool stands = !is_new && !standing.withdrawn && posting.retain == Retain::always &&
                        standing.posting.retain == Retain::always &&
                        standing.posting.payload == posting.payload;
    if (stands) return;
    put(place, {.posting = std::move(posting), .withdrawn = false});
  }
  notify();
}

void Bulletin::withdraw(std::string_view topic) {
  {
    const std::lock_guard lock(mutex_);
    const auto place = kept_.find(topic);
    if (place == kept_.end() || place->second.change.withdrawn) return;
    put(place, {.posting = {.topic = std::string(topic), .payload = {}}, .withdrawn = true});
  }
  notify();
}

void Bulletin::declare_complete(std::vector<std::string> later,
                                std::function<bool(std::string_view)> is_former) {
  {
    const std::lock_guard lock(mutex_);
    ++completions_;
    later_ = std::move(later);
    is_former_ = std::move(is_former);
  }
  notify();
}

std::uint64_t Bulletin::completions() const {
  const std::lock_guard lock(mutex_);
  return completions_;
}

bool Bulletin::is_obsolete(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  if (completions_ == 0) return false;
  const auto place = kept_.find(topic);
  if (place != kept_.end()) return place->second.change.withdrawn;
  if (is_former_ && is_former_(topic)) return true;
  return std::ranges::none_of(later_,
                              [&](const std::string& start) { return topic.starts_with(start); });
}

std::vector<Bulletin::Change> Bulletin::changes_since(std::uint64_t& version) const {
  const std::lock_guard lock(mutex_);
  std::vector<Change> changes;
  for (auto place = by_version_.upper_bound(version); place != by_version_.end(); ++place) {
    const Change& change = place->second->second.change;
    if (version == 0 && change.withdrawn) continue;
    changes.push_back(change);
  }
  version = version_;
  return changes;
}

std::uint64_t Bulletin::subscribe(std::function<void()> notify) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.emplace(++last_handle_, std::move(notify));
  return last_handle_;
}

void Bulletin::unsubscribe(std::uint64_t handle) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.erase(handle);
}

void Bulletin::put(Topics::iterator place, Change change) {
  by_version_.erase(place->second.version);
  place->second = {.change = std::move(change), .version = ++version_};
  by_version_.emplace(version_, place);
}

void Bulletin::notify() {
  const std::lock_guard lock(subscribers_mutex_);
  for (const auto& [handle, call] : subscribers_) call();
}

}  // namespace twinsky
