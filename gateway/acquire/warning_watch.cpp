// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/warning_watch.hpp"

#include "gateway/system/events.hpp"

#include <algorithm>
#include <sstream>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view memory_of_modes = "warning_modes";
// A source that is not heard for so long after a start says nothing of what was before it.
constexpr milliseconds longest_belief = 3h;

bool is_named(const std::string& code, const std::vector<std::string>& codes) {
  return std::ranges::any_of(codes, [&code](std::string_view wanted) {
    if (!wanted.ends_with('*')) return code == wanted;
    wanted.remove_suffix(1);
    return code.starts_with(wanted);
  });
}

std::string profile_of(const WarningMode& mode) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::optional<milliseconds>& time) {
    if (time) text.append(", ").append(what).append(" ").append(duration_text(*time));
  };
  add("sensors at least every", mode.every);
  add("on disk every", mode.commit_every);
  add("kept for", mode.keep);
  return text;
}

}  // namespace

WarningWatch::WarningWatch(const Config& config, Store& store, Intake& intake, Clock& clock,
                           Log& log)
    : store_(store),
      intake_(intake),
      clock_(clock),
      log_(log),
      usual_(config.store),
      believed_until_(clock.now() + longest_belief) {
  std::istringstream ids(store_.remembered(memory_of_modes).value_or(""));
  for (std::string id; ids >> id;) remembered_.insert(id);
  holding_ = remembered_;
  follow(config);
}

void WarningWatch::follow(const Config& config) {
  const std::lock_guard lock(mutex_);
  modes_ = config.warning_modes;
  settle();
  set_pace();
}

void WarningWatch::take(std::string_view feed, const std::vector<Warning>* in_force) {
  const std::lock_guard lock(mutex_);
  std::set<std::string>& codes = in_force_[std::string(feed)];
  codes.clear();
  if (in_force != nullptr) {
    for (const Warning& warning : *in_force) codes.insert(warning.code);
  }
  settle();
}

void WarningWatch::look() {
  const std::lock_guard lock(mutex_);
  if (remembered_.empty() || clock_.now() < believed_until_) return;
  remembered_.clear();
  settle();
}

// Empty: nothing has the mode hold.
std::string WarningWatch::cause_of(const WarningMode& mode) const {
  const auto heard = in_force_.find(mode.feed);
  if (heard == in_force_.end()) {
    return remembered_.contains(mode.id) ? "as before the restart" : "";
  }
  const auto found = std::ranges::find_if(
      heard->second, [&mode](const std::string& code) { return is_named(code, mode.codes); });
  return found == heard->second.end() ? "" : *found + " of " + mode.feed + " is in force";
}

void WarningWatch::settle() {
  std::set<std::string> now;
  for (const WarningMode& mode : modes_) {
    const std::string cause = cause_of(mode);
    if (cause.empty()) continue;
    now.insert(mode.id);
    if (holding_.contains(mode.id)) continue;
    const std::string message = cause + profile_of(mode);
    log_event(log_, LogLevel::notice, "warning_mode_on", mode.id, message);
    intake_.announce("warning_mode_on", mode.id, message);
  }
  for (const std::string& id : holding_) {
    if (now.contains(id)) continue;
    const std::string message = "none of its warnings is in force: all is as usual";
    log_event(log_, LogLevel::notice, "warning_mode_off", id, message);
    intake_.announce("warning_mode_off", id, message);
  }
  if (now == holding_) return;
  holding_ = std::move(now);
  std::string ids;
  for (const std::string& id : holding_) ids.append(ids.empty() ? "" : " ").append(id);
  store_.remember(memory_of_modes, ids);
  set_pace();
}

// Of several that hold, the most careful one counts for each.
void WarningWatch::set_pace() {
  std::optional<milliseconds> every;
  milliseconds commit_every = usual_.commit_every;
  std::optional<milliseconds> keep;
  for (const WarningMode& mode : modes_) {
    if (!holding_.contains(mode.id)) continue;
    if (mode.every) every = std::min(*mode.every, every.value_or(*mode.every));
    if (mode.commit_every) commit_every = std::min(*mode.commit_every, commit_every);
    if (mode.keep) keep = std::max(*mode.keep, keep.value_or(*mode.keep));
  }
  intake_.set_longest_period(every);
  store_.set_pace(commit_every, keep.value_or(usual_.keep));
}

}  // namespace twinsky
