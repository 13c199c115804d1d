// SPDX-License-Identifier: Apache-2.0
// `twinsky replay feed SOURCE FILE…`: what a saved official response says, one JSON object per
// reading: {"source","station","quantity","value","unit","start","end","text"}. The value is in the
// catalogue's unit or null, `text` is what the agency printed. A value in doubt has "flag" and
// "reason" too: it cannot be, or its source doubts it. Which of the feed's documents a file is says
// --document, else the file's name where it has a document's name in it ("24pc_Eng.xml"), else its
// content.
#include "drivers/registry.hpp"
#include "gateway/checks/official_values.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {
namespace {

struct ReplayFeedOptions {
  std::string source;
  std::string received;
  std::string document;
  std::string settings = "{}";
  std::vector<std::string> files;
};

// Wrong usage, with a sentence for people.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

const FeedInfo& info_named(const std::string& source) {
  if (const FeedInfo* info = feed_named(source)) return *info;
  std::vector<std::string_view> names;
  for (const FeedInfo* info : feed_registry()) names.push_back(info->name);
  throw UsageError("there is no feed " + in_quotes(source) + ", expected " + listed(names));
}

Settings settings_from(const std::string& written, const FeedInfo& info) {
  Settings settings = Settings::defaults(info.settings);
  const auto object = Json::parse_or_null(written);
  if (!object.is_object()) throw UsageError("--settings: expected a JSON object");
  for (const auto& [name, value] : object.items_by_key()) {
    const auto declared = std::ranges::find(info.settings, name, &Setting::name);
    if (declared == info.settings.end()) {
      throw UsageError("--settings: " + in_quotes(name) + " is no setting of " +
                       std::string(info.name));
    }
    std::string problem;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    auto read = read_setting(*declared, text, problem);
    if (!read) throw UsageError("--settings: " + name + ": " + problem);
    settings.set(name, *std::move(read));
  }
  if (info.check != nullptr) {
    const std::string problem = info.check(settings);
    if (!problem.empty()) throw UsageError("--settings: " + problem);
  }
  return settings;
}

void print(const Sample& sample, std::string_view source) {
  for (const Reading& reading : sample.readings) {
    Json line = {{"source", source},
                 {"station", sample.official->station},
                 {"quantity", name_of(reading.quantity)},
                 {"value", reading.value ? Json(*reading.value) : Json()},
                 {"unit", info_of(reading.quantity).ucum},
                 {"start", iso8601(sample.official->start)},
                 {"end", iso8601(sample.official->end)},
                 {"text", reading.text}};
    if (!reading.reason.empty()) {
      line["flag"] = static_cast<int>(reading.flag);
      line["reason"] = reading.reason;
    }
    std::cout << line.dump() << '\n';
  }
}

std::string body_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Empty: no name of a document is in the file's, or several are.
std::string document_of(const std::string& file, const FeedInfo& info) {
  const std::string name = std::filesystem::path(file).filename();
  std::string found;
  for (const std::string_view document : info.documents) {
    if (name.find(document) == std::string::npos) continue;
    if (!found.empty()) return {};
    found = document;
  }
  return found;
}

// False when nothing of the file can be used.
bool replay(const std::string& file, const Feed& feed, std::string_view source,
            const FeedRequest& request, UtcTime received) {
  if (const std::string problem = problem_of_given_file(file); !problem.empty()) {
    std::cerr << file << ": " << problem << '\n';
    return false;
  }
  auto content = feed.decode({request, body_of(file), received});
  if (!content) {
    std::cerr << file << ": " << name_of(content.error().fault) << ": " << content.error().detail
              << '\n';
    return false;
  }
  if (content->partly) {
    std::cerr << file << ": " << name_of(content->partly->fault) << ": " << content->partly->detail
              << '\n';
  }
  for (const std::string& problem : content->problems) std::cerr << file << ": " << problem << '\n';
  for (Sample& sample : content->samples) {
    // When the document was published is not known here, only that it was.
    const std::string problem = problem_of_interval(sample, std::nullopt);
    if (!problem.empty()) {
      std::cerr << file << ": " << problem << '\n';
      continue;
    }
    check_official_values(sample);
    print(sample, source);
  }
  // Warnings are no readings, so they are told beside them.
  for (const Warning& warning : content->warnings.value_or(std::vector<Warning>())) {
    std::cerr << file << ": in force: " << warning.name << " (" << warning.code << "), issued "
              << warning.issued << " by " << warning.issuer << '\n';
  }
  return true;
}

int replay_feed(const ReplayFeedOptions& options) {
  try {
    const FeedInfo& info = info_named(options.source);
    const auto feed = info.make(settings_from(options.settings, info));
    std::optional<UtcTime> received = UtcTime{};
    if (!options.received.empty()) received = parse_time(options.received);
    if (!received) throw UsageError("--received: expected a time such as 2026-11-22T02:30:00Z");
    const bool is_known =
        std::ranges::find(info.documents, options.document) != info.documents.end();
    if (!options.document.empty() && !is_known) {
      throw UsageError("--document: " + in_quotes(options.document) + " is no document of " +
                       std::string(info.name) +
                       (info.documents.empty() ? ", which has but one kind"
                                               : ", expected " + listed(info.documents)));
    }
    bool is_good = true;
    for (const std::string& file : options.files) {
      FeedRequest request;
      request.name = options.document.empty() ? document_of(file, info) : options.document;
      is_good &= replay(file, *feed, info.name, request, *received);
    }
    return is_good ? exit_good : exit_failed;
  } catch (const UsageError& wrong) {
    std::cerr << "twinsky replay feed: " << wrong.what() << '\n';
    return exit_usage;
  }
}

void add_replay_feed(Command& replay, int& code) {
  Command* feed = replay.add_subcommand("feed", "Decode saved responses of an official source");
  const auto options = std::make_shared<ReplayFeedOptions>();
  feed->add_option("source", options->source, "The feed, such as hk-epd")->required();
  feed->add_option("--received", options->received, "When the responses were received");
  feed->add_option("--document", options->document, "Which of the feed's documents the files are");
  feed->add_option("--settings", options->settings, "Settings of the feed as a JSON object");
  feed->add_option("files", options->files, "Saved responses")->required();
  feed->callback([options, &code] { code = replay_feed(*options); });
}

}  // namespace

extern const Subcommand replay_feed_command = {.of = "replay", .place = 2, .add = add_replay_feed};

}  // namespace twinsky
