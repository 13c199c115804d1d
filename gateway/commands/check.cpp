// SPDX-License-Identifier: Apache-2.0
// `twinsky check`: is the configuration good, and what would it run?
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"
#include "gateway/config/migration.hpp"
#include "gateway/config/problem_json.hpp"
#include "gateway/system/put_file.hpp"
#include "gateway/text/counted.hpp"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

std::string summary(const Config& config) {
  std::string text =
      "gateway " + config.gateway.id + ": " + counted(config.sensors.size(), "sensor") + " on " +
      counted(config.buses.size(), "bus", "buses") + ", " + counted(config.feeds.size(), "feed") +
      ", " + counted(config.compare.size(), "comparison") + ", " +
      counted(config.sinks.size(), "sink") + "; store " + config.store.path;
  return text;
}

std::vector<std::string> closed_sinks_of(const Config& config) {
  std::vector<std::string> closed;
  for (const SinkSettings& sink : config.sinks) {
    if (sink.allow.empty()) closed.push_back(sink.id);
  }
  return closed;
}

// What a gateway would start with all the same is a problem here.
int check(const std::string& file, bool json) {
  const auto config = load_config(file);
  const std::vector<Problem>& problems = config ? config->warnings : config.error();
  const bool is_good = problems.empty();
  if (json) {
    Json answer = {{"file", file}, {"good", is_good}};
    answer["problems"] = json_of(problems);
    if (is_good) {
      answer["files"] = config->files;
      answer["hash"] = config->hash;
      answer["summary"] = summary(*config);
      answer["closed_sinks"] = closed_sinks_of(*config);
    }
    if (config) answer["notes"] = json_of(config->notes);
    // What came from outside may have been cut within a character.
    std::cout << answer.dump() << '\n';
  } else if (is_good) {
    std::cout << file << ": good\n  " << summary(*config) << '\n';
    for (const std::string& sink : closed_sinks_of(*config)) {
      std::cout << file << ": sink " << sink
                << " stays closed: nothing may go there; say in its \"allow\" what may\n";
    }
  }
  if (!json) {
    for (const Problem& problem : problems) std::cout << text_of(problem) << '\n';
    if (config) {
      for (const Problem& note : config->notes) std::cout << text_of(note) << '\n';
    }
    if (config && !is_good) std::cout << file << ": a gateway starts with it all the same\n";
  }
  return is_good ? exit_good : exit_configuration;
}

// Keeps what was there beside it; owner and mode stay.
std::string replace_file(const MigratedFile& file) {
  const std::string kept = file.name + ".before-" + TWINSKY_VERSION;
  struct stat before {};
  std::error_code problem;
  if (::stat(file.name.c_str(), &before) != 0) return std::generic_category().message(errno);
  std::filesystem::copy_file(file.name, kept, problem);
  if (problem) return kept + " cannot be made (" + problem.message() + ")";
  // Only root can give a file away.
  [[maybe_unused]] int given = ::chown(kept.c_str(), before.st_uid, before.st_gid);
  if (std::string why = put_file(file.name, file.text); !why.empty()) return why;
  given = ::chown(file.name.c_str(), before.st_uid, before.st_gid);
  ::chmod(file.name.c_str(), before.st_mode & 07777U);
  std::cerr << file.name << ": written; what it was is " << kept << '\n';
  return {};
}

// What an earlier version's configuration is today.
int migrate(const std::string& file, bool writes) {
  const auto files = migrated_configuration(file);
  if (!files) {
    for (const Problem& problem : files.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  bool is_changed = false;
  for (const MigratedFile& one : files.value()) {
    for (const std::string& change : one.changes) std::cerr << change << '\n';
    is_changed = is_changed || !one.changes.empty();
    if (!writes && (one.name == file || !one.changes.empty())) std::cout << one.text;
    if (!writes || one.changes.empty()) continue;
    if (const std::string why = replace_file(one); !why.empty()) {
      std::cerr << "twinsky check: " << one.name << " is as it was: " << why << '\n';
      return exit_failed;
    }
  }
  if (!is_changed) std::cerr << file << ": is as this version writes it\n";
  return exit_good;
}

void add_check(Command& app, int& code) {
  auto* command = app.add_subcommand("check", "Check a configuration: every problem at once");
  auto file = std::make_shared<std::string>("/etc/twinsky/twinsky.json");
  auto json = std::make_shared<bool>(false);
  auto* option = command->add_option("--config", *file, "The configuration file");
  command->add_option("FILE", *file, "The configuration file; default /etc/twinsky/twinsky.json")
      ->excludes(option);
  const auto* const as_json = command->add_flag("--json", *json, "One JSON object");
  auto migrates = std::make_shared<bool>(false);
  auto writes = std::make_shared<bool>(false);
  command
      ->add_flag("--migrate", *migrates,
                 "Print the file of an earlier version as it is written today; comments stay")
      ->excludes(as_json);
  command->add_flag(
      "--write", *writes,
      "With --migrate: put it in the file's place, and keep what was there beside it");
  command->callback([file, json, migrates, writes, &code] {
    if (*writes && !*migrates) throw WrongUsage("--write", "is for --migrate");
    code = *migrates ? migrate(*file, *writes) : check(*file, *json);
  });
}

}  // namespace

extern const Subcommand check_command = {.place = 2, .add = add_check};

}  // namespace twinsky
