// SPDX-License-Identifier: Apache-2.0
// Our own format, which README.md beside this folder describes: JSON arrays of records, and the
// documents as they are, all below twinsky/v1/<gateway>/; and beside it, for Home Assistant, what
// there is to be found there.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/discovery.hpp"
#include "gateway/sinks/documents.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
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

class Native final : public Format {
 public:
  Native(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)), prefix_(prefix_of(sink)) {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (is_announcement(subject)) {
      if (prefix_.empty()) return {};
      subject.remove_suffix(discovery_suffix.size());
      return prefix_ + "/device/" + discovery_id(gateway_, subject) + "/config";
    }
    std::string topic = "twinsky/v1/";
    return topic.append(gateway_).append("/").append(subject);
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

  [[nodiscard]] bool is_announcement(std::string_view subject) const override {
    return is_discovered(subject) && subject.ends_with(discovery_suffix);
  }
  [[nodiscard]] Announcement announcement(std::string_view document) const override {
    Announcement found{.subjects = {}, .parts = components_of_discovery(document)};
    const std::string base = destination({});
    for (std::string& topic : topics_of_discovery(document)) {
      if (topic.starts_with(base)) found.subjects.push_back(topic.substr(base.size()));
    }
    std::erase(found.subjects, "status");  // which always goes
    return found;
  }
  [[nodiscard]] std::string taking_back(std::string_view document,
                                        const std::set<std::string>& parts) const override {
    return discovery_without(document, parts);
  }
  // Home Assistant's birth and will.
  [[nodiscard]] std::string roll_call() const override {
    return prefix_.empty() ? prefix_ : prefix_ + "/status";
  }
  [[nodiscard]] bool is_roll_call(std::string_view said) const override { return said == "online"; }
  [[nodiscard]] std::string_view without_announcements() const override {
    return turns_discovery_off;
  }

 private:
  const std::string gateway_;
  const std::string prefix_;
};

using enum SettingKind;
// clang-format off
constexpr auto added = std::to_array<Setting>({
  {.name = "home_assistant", .kind = boolean, .documentation = "Whether sensors and official stations are announced there to Home Assistant, as far as they may go; without this setting they are, but not in cn-sh."},
  {.name = "home_assistant_prefix", .kind = text, .documentation = "The topic below which Home Assistant looks for what is announced.", .fallback = "homeassistant"},
});
// clang-format on

std::vector<SinkProblem> check(SinkSettings& sink, const std::set<std::string_view>&) {
  if (!sink.settings.has("home_assistant_prefix")) return {};  // said already
  const std::string& prefix = sink.settings.text("home_assistant_prefix");
  const bool is_plain = std::ranges::all_of(prefix, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/';
  });
  const bool has_empty_level = prefix.empty() || prefix.starts_with('/') || prefix.ends_with('/') ||
                               prefix.find("//") != std::string::npos;
  if (is_plain && !has_empty_level) return {};
  return {{"home_assistant_prefix",
           in_quotes(prefix) + " is no topic of letters, digits, \"-\", \"_\" and \"/\", expected "
                               "one such as \"homeassistant\""}};
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
