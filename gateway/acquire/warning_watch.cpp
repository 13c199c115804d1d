// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/warning_watch.hpp"

#include "gateway/model/json.hpp"
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

// Earlier versions kept the ids alone, with blanks between them.
std::map<std::string, WarningModeSnapshot> modes_of(const std::string& remembered, UtcTime now) {
  std::map<std::string, WarningModeSnapshot> modes;
  const Json list = Json::parse_or_null(remembered);
  if (!list.is_array()) {
    std::istringstream ids(remembered);
    for (std::string id; ids >> id;) {
      modes[id] = {.id = id, .feed = {}, .code = {}, .name = {}, .since = now};
    }
    return modes;
  }
  for (const Json& each : list) {
    const std::string id = each.text_of("id");
    modes[id] = {.id = id,
                 .feed = each.text_of("feed"),
                 .code = each.text_of("code"),
                 .name = each.text_of("name"),
                 .since = parse_time(each.text_of("since")).value_or(now)};
  }
  return modes;
}

}  // namespace

WarningWatch::WarningWatch(const Config& config, Store& store, Intake& intake, Clock& clock,
                           Log& log)
    : store_(store),
      intake_(intake),
      clock_(clock),
      log_(log),
      usual_(config.store),
      remembered_(modes_of(store_.remembered(memory_of_modes).value_or(""), clock_.utc())),
      believed_until_(clock.now() + longest_belief) {
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
  auto& names = in_force_[std::string(feed)];
  names.clear();
  if (in_force != nullptr) {
    for (const Warning& warning : *in_force) names.emplace(warning.code, warning.name);
  }
  settle();
}

void WarningWatch::look() {
  const std::lock_guard lock(mutex_);
  if (remembered_.empty() || clock_.now() < believed_until_) return;
  remembered_.clear();
  settle();
}

std::vector<WarningModeSnapshot> WarningWatch::holding() const {
  const std::lock_guard lock(mutex_);
  std::vector<WarningModeSnapshot> modes;
  for (const auto& [id, mode] : holding_) modes.push_back(mode);
  return modes;
}

// Nothing: the mode does not hold.
std::optional<WarningModeSnapshot> WarningWatch::held(const WarningMode& mode) const {
  const auto heard = in_force_.find(mode.feed);
  if (heard == in_force_.end()) {
    const auto before = remembered_.find(mode.id);
    return before == remembered_.end() ? std::nullopt : std::optional(before->second);
  }
  const auto found = std::ranges::find_if(
      heard->second, [&mode](const auto& warning) { return is_named(warning.first, mode.codes); });
  if (found == heard->second.end()) return std::nullopt;
  const auto before = holding_.find(mode.id);
  return WarningModeSnapshot{
      .id = mode.id,
      .feed = mode.feed,
      .code = found->first,
      .name = found->second,
      .since = before == holding_.end() ? clock_.utc() : before->second.since};
}

void WarningWatch::settle() {
  Modes now;
  for (const WarningMode& mode : modes_) {
    const auto holds = held(mode);
    if (!holds) continue;
    now[mode.id] = *holds;
    if (holding_.contains(mode.id)) continue;
    const std::string cause = holds->code.empty()
                                  ? "as before the restart"
                                  : holds->code + " of " + mode.feed + " is in force";
    const std::string message = cause + profile_of(mode);
    log_event(log_, LogLevel::notice, "warning_mode_on", mode.id, message);
    intake_.announce("warning_mode_on", mode.id, message);
  }
  for (const auto& [id, mode] : holding_) {
    if (now.contains(id)) continue;
    const std::string message = "none of its warnings is in force: all is as usual";
    log_event(log_, LogLevel::notice, "warning_mode_off", id, message);
    intake_.announce("warning_mode_off", id, message);
  }
  if (now == holding_) return;
  holding_ = std::move(now);
  remember();
  set_pace();
}

void WarningWatch::remember() {
  Json list = Json::array();
  for (const auto& [id, mode] : holding_) {
    list.push_back({{"id", id},
                    {"feed", mode.feed},
                    {"code", mode.code},
                    {"name", mode.name},
                    {"since", iso8601(mode.since)}});
  }
  store_.remember(memory_of_modes, list.dump());
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
