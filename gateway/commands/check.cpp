// SPDX-License-Identifier: Apache-2.0
// `twinsky check`: is the configuration good, and what would it run?
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"
#include "gateway/config/problem_json.hpp"
#include "gateway/text/counted.hpp"

#include <iostream>
#include <memory>

namespace twinsky {
namespace {

std::string summary(const Config& config) {
  std::string text = "gateway " + config.gateway.id + ": " +
                     counted(config.sensors.size(), "sensor") + " on " +
                     counted(config.buses.size(), "bus", "buses") + ", " +
                     counted(config.feeds.size(), "feed") + ", " +
                     counted(config.compare.size(), "comparison") + ", " +
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

void add_check(Command& app, int& code) {
  auto* command = app.add_subcommand("check", "Check a configuration: every problem at once");
  auto file = std::make_shared<std::string>("/etc/twinsky/twinsky.json");
  auto json = std::make_shared<bool>(false);
  auto* option = command->add_option("--config", *file, "The configuration file");
  command->add_option("FILE", *file, "The configuration file; default /etc/twinsky/twinsky.json")
      ->excludes(option);
  command->add_flag("--json", *json, "One JSON object");
  command->callback([file, json, &code] { code = check(*file, *json); });
}

}  // namespace

extern const Subcommand check_command = {.place = 2, .add = add_check};

}  // namespace twinsky
