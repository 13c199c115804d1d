// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/changes.hpp"

#include "gateway/acquire/poller.hpp"
#include "gateway/compare/acceptance.hpp"
#include "gateway/compare/unit_change.hpp"
#include "gateway/config/document.hpp"
#include "gateway/config/problem_json.hpp"
#include "gateway/config/trial.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/system/put_file.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr std::string_view file_name = "local-page.json";
constexpr std::string_view author = "the local page";
constexpr std::size_t longest_file = 65'536;
constexpr std::size_t longest_note = 1000;

constexpr auto allowed = std::to_array<std::string_view>({"corrections", "sensors"});
constexpr auto allowed_of_sensor = std::to_array<std::string_view>({"id", "quality"});

PageAnswer document(unsigned status, const Json& json) {
  return {.status = status, .body = json.dump() + "\n"};
}

bool is_in(std::string_view key, std::span<const std::string_view> keys) {
  return std::ranges::find(keys, key) != keys.end();
}

// Whatever else it says is not for the page to say, however right it is. Read as the configuration
// is, so that both understand the same.
std::vector<Problem> beyond_the_page(const ConfigTrial& trial) {
  std::vector<Problem> problems;
  Document document(secret_keys(Vocabulary()));
  const Node* const root = document.read(trial.file, trial.text, problems);
  if (root == nullptr || root->kind != NodeKind::object) return problems;
  const auto refuse_others = [&](const Node& object, std::span<const std::string_view> keys) {
    for (const Node* const each : object.children) {
      if (is_in(each->key, keys)) continue;
      problems.push_back(document.key_problem(
          *each,
          "this cannot be changed from the page, which may change \"corrections\" and the "
          "\"quality\" of sensors alone, expected it in the configuration itself"));
    }
  };
  refuse_others(*root, allowed);
  const Node* const sensors = member(*root, "sensors");
  if (sensors == nullptr) return problems;
  for (const Node* const sensor : sensors->children) refuse_others(*sensor, allowed_of_sensor);
  return problems;
}

struct Judged {
  std::vector<Problem> problems;
  std::vector<Problem> notes;
};

Judged judge(const std::string& main_file, const ConfigTrial& trial) {
  Judged judged{.problems = beyond_the_page(trial), .notes = {}};
  if (!judged.problems.empty()) return judged;
  auto config = try_config(main_file, trial);
  if (!config) {
    judged.problems = config.error();
    return judged;
  }
  // What stood there before is not for the page to put right.
  std::ranges::copy_if(config->warnings, std::back_inserter(judged.problems),
                       [&](const Problem& problem) { return problem.file == trial.file; });
  std::ranges::copy_if(config->notes, std::back_inserter(judged.notes),
                       [&](const Problem& note) { return note.file == trial.file; });
  return judged;
}

Json json_of(const Judged& judged) {
  return {{"good", judged.problems.empty()},
          {"problems", json_of(judged.problems)},
          {"notes", json_of(judged.notes)}};
}

Json members_of(const PageRequest& request) {
  Json members = Json::parse_or_null(request.body);
  return members.is_object() ? std::move(members) : Json::object();
}

std::optional<std::string> text_in(const Json& members, std::string_view key) {
  const Json* const found = members.find(key);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// What stands there now; empty where there is nothing yet.
std::string present_text(const std::string& file) {
  auto found = read_plain_file(file, longest_file);
  return found && !found->is_cut ? std::move(found->text) : std::string();
}

std::string why_not_writable(const std::string& file) {
  const auto slash = file.rfind('/');
  const std::string directory = slash == file.npos ? "." : file.substr(0, slash);
  if (::access(directory.c_str(), F_OK) != 0 || ::access(directory.c_str(), W_OK) == 0) return {};
  return directory + " cannot be written by the gateway, so nothing can be changed from the page";
}

}  // namespace

std::string PageChanges::own_file() const {
  return addition_beside(main_file(), std::string(file_name));
}

std::string PageChanges::editable() const {
  const std::string file = own_file();
  std::string why_not = why_not_writable(file);
  if (sources_.config()->serve.token_file.empty()) {
    why_not = "no token is configured (/serve/token_file), so nothing can be changed from the page";
  }
  Json json = {{"file", file},
               {"text", present_text(file)},
               {"allowed", Json::array({"corrections", "sensors[].id", "sensors[].quality"})},
               {"is_possible", why_not.empty()},
               {"why_not", nullptr}};
  if (!why_not.empty()) json["why_not"] = why_not;
  return json.dump();
}

// Secrets are not repeated by what reads them, which says so in words; our exact place is not told
// here either.
std::string PageChanges::configuration() const {
  Json values = Json::array();
  if (const auto settings = effective_settings(main_file())) {
    for (const EffectiveSetting& each : *settings) {
      const bool is_place = each.path.ends_with("/latitude") || each.path.ends_with("/longitude");
      Json value = is_place ? Json("not told here") : Json::parse_or_null(each.value);
      if (value.is_null() && each.value != "null") value = each.value;
      values.push_back({{"pointer", each.path},
                        {"value", std::move(value)},
                        {"origin", each.origin.empty() ? "default" : each.origin}});
    }
  }
  std::string text;
  JsonWriter(text).open().put_raw("editable", editable()).put_raw("values", values.dump()).close();
  return text + "\n";
}

std::optional<PageAnswer> PageChanges::answer(const PageRequest& request) {
  const std::string& path = request.target.path;
  if (path == "/api/v1/check") return check(request);
  if (path == "/api/v1/config") return apply(request);
  if (path == "/api/v1/accept-correction") return accept_correction(request);
  if (path == "/api/v1/note") return note(request);
  return std::nullopt;
}

PageAnswer PageChanges::check(const PageRequest& request) {
  const auto text = text_in(members_of(request), "text");
  if (!text) return refusal(400, "expected {\"text\": \"the file's text\"}");
  return document(200, json_of(judge(main_file(), {.file = own_file(), .text = *text})));
}

PageAnswer PageChanges::apply(const PageRequest& request) {
  const auto text = text_in(members_of(request), "text");
  if (!text) return refusal(400, "expected {\"text\": \"the file's text\"}");
  const Judged judged = judge(main_file(), {.file = own_file(), .text = *text});
  if (!judged.problems.empty()) return document(409, json_of(judged));
  return put(own_file(), *text);
}

PageAnswer PageChanges::put(const std::string& file, const std::string& text) const {
  if (const std::string problem = put_file(file, text); !problem.empty()) {
    const std::string why = why_not_writable(file);
    return refusal(403, why.empty() ? file + " cannot be written: " + problem : why);
  }
  sources_.log.notice("local page", "has written " + file);
  return document(200, {{"good", true}, {"file", file}});
}

PageAnswer PageChanges::accept_correction(const PageRequest& request) {
  const Json members = members_of(request);
  const auto topic = text_in(members, "topic");
  if (!topic) return refusal(400, "expected {\"topic\": \"compare/…\"}");
  std::vector<Comparison> all = comparisons_of(*sources_.config());
  const auto found = std::ranges::find(all, *topic, &Comparison::topic);
  if (found == all.end()) return refusal(404, "no such comparison is configured");
  const std::string record =
      recorded_comparison(sources_.store.remembered(found->topic()).value_or(""));
  const auto accepted =
      accepted_correction(*found, record, std::string(author), sources_.clock.utc());
  if (!accepted) return refusal(409, why_nothing_is_proposed(*found, record));
  const std::string file = addition_beside(main_file(), accepted->file);
  const auto config = try_config(main_file(), {.file = file, .text = accepted->text});
  if (!config) {
    return document(409, {{"good", false}, {"problems", json_of(config.error())}});
  }
  const Json* const dry_run = members.find("dry_run");
  if (dry_run != nullptr && dry_run->is_boolean() && dry_run->get<bool>()) {
    return document(200, {{"good", true}, {"file", file}, {"text", accepted->text}});
  }
  return put(file, accepted->text);
}

PageAnswer PageChanges::note(const PageRequest& request) {
  const Json members = members_of(request);
  const auto config = sources_.config();
  const UtcTime now = sources_.clock.utc();
  const auto sensor = text_in(members, "sensor").value_or("");
  const auto kind = note_kind_named(text_in(members, "kind").value_or(""));
  const auto time = [&](std::string_view key, UtcTime fallback) -> std::optional<UtcTime> {
    const auto given = text_in(members, key);
    return given ? parse_time(*given, std::chrono::minutes(0)) : fallback;
  };
  const auto from = time("from", now);
  const auto to = time("to", std::max(now, from.value_or(now)));
  const std::string text = text_in(members, "text").value_or("");
  const bool is_known = std::ranges::any_of(config->sensors, [&](const SensorSettings& each) {
    return std::ranges::any_of(streams_of(each), [&](const StreamDescription& stream) {
      return stream.name == "sensor/" + sensor;
    });
  });
  if (!is_known) return refusal(400, "there is no such sensor");
  if (!kind) return refusal(400, "expected \"kind\" maintenance, collocation, moved or cleaned");
  if (!from || !to || *to < *from) return refusal(400, "expected \"from\" before \"to\"");
  if (text.size() > longest_note) return refusal(400, "expected at most 1000 bytes of \"text\"");
  append_note(
      notes_file(config->store.path),
      {.sensor = sensor, .kind = *kind, .from = *from, .to = *to, .noted = now, .text = text});
  return document(200, {{"good", true}});
}

}  // namespace twinsky
