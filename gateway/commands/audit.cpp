// SPDX-License-Identifier: Apache-2.0
// `twinsky audit`: what was sent where, and by which rule, out of the audit log beside the store.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/model/json.hpp"
#include "gateway/sinks/audit_file.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <set>

namespace twinsky {
namespace {

struct AuditOptions {
  std::string from;
  std::string to;
  bool json = false;
};

struct Sent {
  AuditSums sums;
  std::set<std::string> rules;
};
using BySinkAndTopic = std::map<std::string, std::map<std::string, Sent>>;

Json as_json(const std::string& file, const BySinkAndTopic& sinks) {
  Json answer = {{"audit", file}, {"sinks", Json::object()}};
  for (const auto& [sink, topics] : sinks) {
    for (const auto& [topic, sent] : topics) {
      answer["sinks"][sink][topic] = {{"messages", sent.sums.messages},
                                      {"records", sent.sums.records},
                                      {"bytes", sent.sums.bytes},
                                      {"rules", sent.rules}};
    }
  }
  return answer;
}

void print(const BySinkAndTopic& sinks) {
  if (sinks.empty()) std::cout << "nothing was sent\n";
  for (const auto& [sink, topics] : sinks) {
    std::size_t width = 0;
    for (const auto& [topic, sent] : topics) width = std::max(width, topic.size());
    std::cout << "sink " << one_line(sink) << '\n';
    for (const auto& [topic, sent] : topics) {
      std::cout << "  " << std::left << std::setw(static_cast<int>(width)) << one_line(topic)
                << "  " << counted(sent.sums.messages, "message") << ", "
                << counted(sent.sums.records, "record") << ", " << counted(sent.sums.bytes, "byte")
                << ", by";
      for (const std::string& rule : sent.rules) std::cout << ' ' << one_line(rule);
      std::cout << '\n';
    }
  }
}

int run_audit(const StoreChoice& choice, const AuditOptions& options) {
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  const auto from = time_option("--from", options.from, chosen->zone);
  const auto to = time_option("--to", options.to, chosen->zone);
  static_cast<void>(open_store_reader(chosen->path));  // says so where there is none yet
  const std::string file = audit_file_of(chosen->path);
  BySinkAndTopic sinks;
  const std::string problem = read_audit(file, [&](const AuditLine& line) {
    if ((from && line.from < *from) || (to && line.from >= *to)) return;
    Sent& sent = sinks[line.key.sink][line.key.topic];
    sent.sums.add(line.sums);
    sent.rules.insert(line.key.rule);
  });
  if (!problem.empty()) {
    std::cerr << "twinsky audit: cannot read " << file << ": " << problem << '\n';
    return exit_failed;
  }
  if (options.json) {
    std::cout << as_json(file, sinks).dump() << '\n';
  } else {
    print(sinks);
  }
  return exit_good;
}

void add_audit(Command& app, int& code) {
  auto* command = app.add_subcommand("audit", "Sum up what was sent where, and by which rule");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<AuditOptions>();
  command->add_option("--from", options->from,
                      "From this time on; days before today are kept as a whole");
  command->add_option("--to", options->to, "Before this time");
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([choice, options, &code] { code = run_audit(*choice, *options); });
}

}  // namespace

extern const Subcommand audit_command = {.place = 11, .add = add_audit};

}  // namespace twinsky
