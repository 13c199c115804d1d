// SPDX-License-Identifier: Apache-2.0
// Our own format, which README.md beside this folder describes: JSON arrays of records, and the
// documents as they are, all below twinsky/v1/<gateway>/ unless the sink says otherwise; and beside
// it, for Home Assistant, what there is to be found there.
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/station.hpp"
#include "gateway/sinks/discovery.hpp"
#include "gateway/sinks/documents.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/sinks/replay_document.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view turns_discovery_off = R"("home_assistant": false)";

// Below what Home Assistant is told; empty: it is not.
std::string prefix_of(const SinkSettings& sink) {
  const Settings& settings = sink.settings;
  if (!settings.has("home_assistant_prefix")) return {};
  const bool is_wanted =
      settings.has("home_assistant") ? settings.boolean("home_assistant") : !sink.is_reticent;
  return is_wanted ? settings.text("home_assistant_prefix") : "";
}

// In `topics`: the gateway's id, and at the end what each topic is called here.
constexpr std::string_view gateway_word = "{gateway}";
constexpr std::string_view topic_word = "{topic}";
constexpr std::string_view usual_topics = "twinsky/v1/{gateway}/{topic}";
constexpr std::size_t longest_base = 128;

// What all topics of a sink begin with: "twinsky/v1/mk-roof/".
std::string base_of(const SinkSettings& sink, std::string_view gateway) {
  std::string base(sink.settings.has("topics") ? sink.settings.text("topics") : usual_topics);
  base.resize(base.size() - topic_word.size());
  const auto at = base.find(gateway_word);
  if (at != std::string::npos) base.replace(at, gateway_word.size(), gateway);
  return base;
}

constexpr std::string_view to_ask = "cmd/replay/";
constexpr std::string_view to_answer = "reply/replay/";

class NativeReplay final : public ReplayFormat {
 public:
  NativeReplay(const Settings& settings, const std::string& gateway, std::string base)
      : gateway_(gateway),
        base_(std::move(base)),
        askers_(settings.texts("replay_for")),
        records_per_hour_(static_cast<std::uint64_t>(settings.integer("replay_records_per_hour"))) {
  }

  [[nodiscard]] std::vector<std::string> destinations() const override {
    std::vector<std::string> topics;
    for (const std::string& asker : askers_) topics.push_back(topic(to_ask, asker));
    return topics;
  }
  [[nodiscard]] std::uint64_t records_per_hour() const override { return records_per_hour_; }
  // The answer goes nowhere but below the asker's own topic: what else he names may be another's,
  // where we may write and he may not.
  [[nodiscard]] Asked asked(const Call& call) const override {
    Asked asked{.request = {.asker = call.destination.substr(topic(to_ask, "").size())}};
    ReplayRequest& request = asked.request;
    const std::string own = topic(to_answer, request.asker);
    request.correlation = call.correlation;
    const bool is_below = call.reply_to.starts_with(own + "/") &&
                          call.reply_to.find_first_of("/+#", own.size() + 1) == std::string::npos;
    request.reply_to = is_below ? call.reply_to : own;
    const std::string wrong = read_replay_request(call.text, request);
    if (!wrong.empty()) asked.problem = {.word = "malformed", .message = wrong};
    if (!call.reply_to.empty() && request.reply_to != call.reply_to) {
      asked.problem = {.word = "elsewhere",
                       .message = "answers go to " + own + " or one level below it"};
    }
    return asked;
  }
  [[nodiscard]] std::string piece(const ReplayRequest& request, std::string_view stream,
                                  std::string_view records) const override {
    return replay_piece(gateway_, request, stream, records);
  }
  [[nodiscard]] std::string end(const ReplayRequest& request, const ReplayEnd& end) const override {
    return replay_end(gateway_, request, end);
  }
  [[nodiscard]] std::string newest(
      std::string_view epoch, const std::map<std::string, std::uint64_t>& numbers) const override {
    return newest_document(gateway_, epoch, numbers);
  }

 private:
  [[nodiscard]] std::string topic(std::string_view where, std::string_view asker) const {
    return std::string(base_).append(where).append(asker);
  }

  const std::string gateway_;
  const std::string base_;
  const std::vector<std::string> askers_;
  const std::uint64_t records_per_hour_;
};

bool may_be_asked(const Settings& settings) {
  return settings.has("replay_for") && !settings.texts("replay_for").empty();
}

class HomeAssistantDiscovery final : public AnnouncementFormat {
 public:
  HomeAssistantDiscovery(const SinkSettings& sink, std::string base)
      : base_(std::move(base)), prefix_(prefix_of(sink)) {}

  // Where a stream is announced; empty: nowhere.
  [[nodiscard]] std::string destination(const std::string& gateway,
                                        std::string_view subject) const {
    if (prefix_.empty()) return {};
    subject.remove_suffix(discovery_suffix.size());
    return prefix_ + "/device/" + discovery_id(gateway, subject) + "/config";
  }

  [[nodiscard]] bool is_announcement(std::string_view subject) const override {
    return is_discovered(subject) && subject.ends_with(discovery_suffix);
  }
  [[nodiscard]] Announcement announcement(std::string_view document) const override {
    Announcement found{.subjects = topics_of_discovery(document),
                       .parts = components_of_discovery(document)};
    std::erase(found.subjects, "status");  // which always goes
    return found;
  }
  [[nodiscard]] std::string written(std::string_view document,
                                    const std::set<std::string>& gone) const override {
    return discovery_below(base_, document, gone);
  }
  // Home Assistant's birth and will.
  [[nodiscard]] std::string roll_call() const override {
    return prefix_.empty() ? prefix_ : prefix_ + "/status";
  }
  [[nodiscard]] bool is_roll_call(std::string_view said) const override { return said == "online"; }
  [[nodiscard]] std::string_view how_to_do_without() const override { return turns_discovery_off; }

 private:
  const std::string base_;
  const std::string prefix_;
};

class Native final : public Format {
 public:
  Native(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)), base_(base_of(sink, gateway_)), discovery_(sink, base_) {
    if (may_be_asked(sink.settings)) replay_.emplace(sink.settings, gateway_, base_);
  }

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (discovery_.is_announcement(subject)) return discovery_.destination(gateway_, subject);
    return std::string(base_).append(subject);
  }
  // `online` and `offline` are no JSON.
  [[nodiscard]] std::string_view content_type(std::string_view payload) const override {
    const bool is_json = payload.starts_with('{') || payload.starts_with('[');
    return is_json ? "application/json" : "";
  }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return record_prefix(gateway_, stream, epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    payload += payload.empty() ? '[' : ',';
    append_record(payload, head, row.seq, row.time, row.body);
  }
  void close(std::string& payload) const override { payload += ']'; }

  [[nodiscard]] std::string mark(const Mark& mark) const override {
    return mark_document(gateway_, mark);
  }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view document) const override {
    return twinsky::mark_of(document);
  }
  [[nodiscard]] const ReplayFormat* replay() const override {
    return replay_ ? &*replay_ : nullptr;
  }

  [[nodiscard]] const AnnouncementFormat* announcements() const override { return &discovery_; }

 private:
  const std::string gateway_;
  const std::string base_;
  const HomeAssistantDiscovery discovery_;
  std::optional<NativeReplay> replay_;
};

using enum SettingKind;
// clang-format off
constexpr auto added = std::to_array<Setting>({
  {.name = "topics", .kind = text, .documentation = "What topics look like there: {gateway} is the gateway's id, {topic} at the end what each is called in the tables; without {gateway}, no other gateway may have the same.", .fallback = usual_topics},
  {.name = "home_assistant", .kind = boolean, .documentation = "Whether sensors and official stations are announced there to Home Assistant, as far as they may go; without this setting they are, but not in cn-sh."},
  {.name = "home_assistant_prefix", .kind = text, .documentation = "The topic below which Home Assistant looks for what is announced.", .fallback = "homeassistant"},
  {.name = "replay_for", .kind = texts, .documentation = "Who may have records once more, each by a name of its own: asked on cmd/replay/<name>, answered on reply/replay/<name>; whoever may publish and subscribe there at the broker is taken for it."},
  {.name = "replay_records_per_hour", .kind = integer, .documentation = "How many records each of replay_for may have once more in an hour.", .fallback = "100000", .lower = 1, .upper = 10'000'000},
});
// clang-format on

void check_askers(const SinkSettings& sink, std::vector<SinkProblem>& problems) {
  if (!sink.settings.has("replay_for")) return;  // said already
  for (const std::string& asker : sink.settings.texts("replay_for")) {
    if (is_id(asker)) continue;
    problems.push_back({"replay_for", in_quotes(asker) + " is no name of 1 to 32 letters a to z, "
                                                         "digits and \"-\", expected one such as "
                                                         "\"database\""});
  }
}

bool is_plain_topic(std::string_view topic) {
  const bool is_plain = std::ranges::all_of(topic, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/';
  });
  const bool has_empty_level = topic.empty() || topic.starts_with('/') || topic.ends_with('/') ||
                               topic.find("//") != std::string_view::npos;
  return is_plain && !has_empty_level;
}

void check_prefix(const SinkSettings& sink, std::vector<SinkProblem>& problems) {
  if (!sink.settings.has("home_assistant_prefix")) return;  // said already
  const std::string& prefix = sink.settings.text("home_assistant_prefix");
  if (is_plain_topic(prefix)) return;
  problems.push_back({"home_assistant_prefix",
                      in_quotes(prefix) +
                          " is no topic of letters, digits, \"-\", \"_\" and \"/\", expected one "
                          "such as \"homeassistant\""});
}

void check_topics(const SinkSettings& sink, std::vector<SinkProblem>& problems) {
  if (!sink.settings.has("topics")) return;  // said already
  std::string topics = sink.settings.text("topics");
  const std::string written = in_quotes(topics);
  const auto at = topics.find(gateway_word);
  if (at != std::string::npos) topics.replace(at, gateway_word.size(), "gateway");
  const std::string end = "/" + std::string(topic_word);
  const bool has_end = topics.ends_with(end);
  if (has_end) topics.resize(topics.size() - end.size());
  if (has_end && topics.size() <= longest_base && is_plain_topic(topics)) return;
  problems.push_back({"topics", written +
                                    " is no topic of at most 128 letters, digits, \"-\", \"_\" and "
                                    "\"/\" before a last level {topic}, expected one such as "
                                    "\"city/air/{gateway}/{topic}\""});
}

std::vector<SinkProblem> check(SinkSettings& sink, const std::set<std::string_view>&) {
  std::vector<SinkProblem> problems;
  check_askers(sink, problems);
  check_prefix(sink, problems);
  check_topics(sink, problems);
  return problems;
}

}  // namespace

extern const FormatInfo native_format = {
    .name = "native",
    .settings = added,
    .check = check,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Native>(sink, std::move(gateway));
    },
};

}  // namespace twinsky
