// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/config.hpp"

#include "gateway/config/document.hpp"
#include "gateway/config/draft.hpp"
#include "gateway/config/merge.hpp"
#include "gateway/config/migration.hpp"
#include "gateway/config/secret_keys.hpp"
#include "gateway/config/trial.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/model/stable_hash.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <tuple>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

// Up to a little more than the limit, so that what is too large is seen to be.
Result<std::string, std::string> read_file(const std::string& path) {
  auto file = read_plain_file(path, Document::size_limit + 1);
  if (!file) return Unexpected{file.error().reason};
  return std::move(file->text);
}

// The files beside the main one, in lexical order.
std::vector<std::string> additions_to(const fs::path& file) {
  std::vector<std::string> names;
  std::error_code unknown;
  for (const auto& entry : fs::directory_iterator(file.parent_path() / "conf.d", unknown)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.starts_with('.') && entry.is_regular_file(unknown)) {
      names.push_back(entry.path().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::string hash_of(const std::vector<std::string>& texts) {
  std::uint64_t hash = empty_hash;
  for (const std::string& text : texts) {
    hash = stable_hash("\xff", stable_hash(text, hash));  // a byte that no text holds ends a file
  }
  return hexadecimal(hash, 16);
}

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The first run of lower-case hexadecimal digits of a small file; empty when there is none.
std::string id_in(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return {};
  const auto end = std::ranges::find_if_not(*text, is_hexadecimal);
  return {text->begin(), end};
}

// Binds the store to this machine. A card that was cloned into another board keeps the system's id,
// so the board's serial number is part of it where there is one.
std::string machine_id_of(const std::string& system_id, const Vocabulary& vocabulary) {
  const std::string board = id_in(vocabulary.serial_number_file);
  return board.empty() ? system_id : system_id + "-" + board;
}

struct Files {
  std::vector<std::string> names;
  std::vector<std::string> texts;
  Node* root = nullptr;  // all of them, merged; nullptr when one of them cannot be read
};

// `trial`: nullptr where all stands in its file.
Files read_files(const std::string& file, const ConfigTrial* trial,
                 std::span<const RenamedSetting> renamed, Document& document,
                 std::vector<Problem>& problems) {
  Files files;
  files.names = additions_to(file);
  const bool is_new = trial != nullptr && trial->file != file &&
                      std::ranges::find(files.names, trial->file) == files.names.end();
  if (is_new) {
    files.names.insert(std::ranges::upper_bound(files.names, trial->file), trial->file);
  }
  files.names.insert(files.names.begin(), file);
  bool is_complete = true;
  for (const std::string& name : files.names) {
    const bool is_tried = trial != nullptr && name == trial->file;
    auto text = is_tried ? Result<std::string, std::string>(trial->text) : read_file(name);
    if (!text) {
      problems.push_back({.file = name,
                          .pointer = {},
                          .message = "cannot be read (" + text.error() +
                                     "): is the name right, and may you read it (sudo)?",
                          .suggestion = {}});
      is_complete = false;
      continue;
    }
    Node* root = document.read(name, *text, problems);
    files.texts.push_back(std::move(*text));
    is_complete = is_complete && root != nullptr;
    if (!is_complete) continue;
    use_present_keys(*root, renamed);
    if (files.root == nullptr) {
      files.root = root;
    } else {
      merge(*files.root, *root);
    }
  }
  if (!is_complete) files.root = nullptr;
  return files;
}

void sort_by_place(std::vector<Problem>& problems, const std::vector<std::string>& files) {
  std::ranges::stable_sort(problems, {}, [&files](const Problem& problem) {
    return std::tuple(std::ranges::find(files, problem.file) - files.begin(), problem.line,
                      problem.column);
  });
}

auto comparable(const std::optional<Position>& position) {
  using Values = std::tuple<Datum, double, double, std::optional<double>, std::optional<double>>;
  std::optional<Values> values;
  if (position) {
    values = {position->datum, position->latitude_deg, position->longitude_deg,
              position->height_above_sea_m, position->height_above_ground_m};
  }
  return values;
}

// A station that had another id in earlier versions of the registry goes by the one that it has
// now, so that a configuration of that time still follows it.
void use_present_ids(Config& config) {
  for (FeedSettings& feed : config.feeds) {
    const FeedInfo* const info = feed_named(feed.feed);
    if (info == nullptr) continue;
    const auto source = info->make(feed.settings);
    const auto present = [&](const std::string& id) {
      const ReferenceStation* const known = source->station(id);
      return known == nullptr ? id : known->id;
    };
    std::vector<std::string> stations;
    for (const std::string& id : feed.stations) {
      std::string now = present(id);
      if (std::ranges::find(stations, now) == stations.end()) stations.push_back(std::move(now));
    }
    feed.stations = std::move(stations);
    for (CompareSettings& wanted : config.compare) {
      if (wanted.feed == feed.feed) wanted.station = present(wanted.station);
    }
  }
}

}  // namespace

bool GatewaySettings::operator==(const GatewaySettings& other) const {
  const auto values = [](const GatewaySettings& gateway) {
    return std::tuple(std::tie(gateway.id, gateway.name, gateway.jurisdiction, gateway.zone,
                               gateway.clock, gateway.position_rule),
                      comparable(gateway.position));
  };
  return values(*this) == values(other);
}

bool SensorSettings::operator==(const SensorSettings& other) const {
  const auto values = [](const SensorSettings& sensor) {
    return std::tuple(
        std::tie(sensor.id, sensor.driver, sensor.bus, sensor.every, sensor.device, sensor.settings,
                 sensor.placement, sensor.since, sensor.serial_number, sensor.north_offset_deg,
                 sensor.ambient, sensor.sleep_between, sensor.mean, sensor.quality,
                 sensor.corrections),
        comparable(sensor.position), comparable(sensor.published_position));
  };
  return values(*this) == values(other);
}

std::string text_of(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) {
    text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  }
  if (!problem.pointer.empty()) text += ": " + problem.pointer;
  text += ": " + problem.message;
  if (!problem.suggestion.empty()) text += "; did you mean " + in_quotes(problem.suggestion) + "?";
  return one_line(text);  // a key may hold anything
}

namespace {

struct Loaded {
  Config config;
  std::vector<EffectiveSetting> effective;
};

Result<Loaded, std::vector<Problem>> load(const std::string& file, const ConfigTrial* trial,
                                          const Vocabulary& vocabulary) {
  std::vector<Problem> problems;
  Document document(secret_keys(vocabulary));
  Files files = read_files(file, trial, vocabulary.renamed, document, problems);
  Reader reader(document, problems);
  Draft draft{.vocabulary = vocabulary,
              .reader = reader,
              .directory = fs::absolute(file).parent_path().lexically_normal(),
              .system_id = id_in(vocabulary.machine_id_file)};
  if (files.root != nullptr) {
    read_sections(*files.root, draft);
    check_devices(draft);
    check_publication(draft);
  }
  std::vector<Problem>& warnings = reader.warnings();
  if (!problems.empty()) {  // then all at once
    problems.insert(problems.end(), warnings.begin(), warnings.end());
    sort_by_place(problems, files.names);
    return Unexpected{std::move(problems)};
  }
  use_present_ids(draft.config);
  draft.config.store.machine_id = machine_id_of(draft.system_id, vocabulary);
  draft.config.hash = hash_of(files.texts);
  sort_by_place(warnings, files.names);
  draft.config.warnings = std::move(warnings);
  draft.config.notes = std::move(reader.notes());
  draft.config.files = std::move(files.names);
  return Loaded{std::move(draft.config), std::move(reader.effective())};
}

}  // namespace

Result<Config, std::vector<Problem>> load_config(const std::string& file,
                                                 const Vocabulary& vocabulary) {
  auto loaded = load(file, nullptr, vocabulary);
  if (!loaded) return Unexpected{loaded.error()};
  return std::move(loaded->config);
}

Result<Config, std::vector<Problem>> try_config(const std::string& file, const ConfigTrial& trial,
                                                const Vocabulary& vocabulary) {
  auto loaded = load(file, &trial, vocabulary);
  if (!loaded) return Unexpected{loaded.error()};
  return std::move(loaded->config);
}

std::string addition_beside(const std::string& file, const std::string& name) {
  return (fs::path(file).parent_path() / "conf.d" / name).string();
}

Result<std::vector<EffectiveSetting>, std::vector<Problem>> effective_settings(
    const std::string& file, const Vocabulary& vocabulary) {
  auto loaded = load(file, nullptr, vocabulary);
  if (!loaded) return Unexpected{loaded.error()};
  return std::move(loaded->effective);
}

}  // namespace twinsky
