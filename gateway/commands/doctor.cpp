// SPDX-License-Identifier: Apache-2.0
// `twinsky doctor`: what stands in the gateway's way on this machine, each with what mends it.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/running_gateway.hpp"
#include "gateway/doctor/examination.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/one_line.hpp"

#include <iostream>
#include <memory>

namespace twinsky {
namespace {

void print(const Findings& findings) {
  for (const Finding& finding : findings) {
    std::cout << one_line(finding.about) << ": " << one_line(finding.what) << '\n'
              << "  " << one_line(finding.mend) << '\n';
  }
  if (findings.empty()) {
    std::cout << "nothing found\n";
  } else {
    std::cout << findings.size() << (findings.size() == 1 ? " finding" : " findings") << '\n';
  }
}

Json as_json(const Findings& findings) {
  Json answer = {{"good", findings.empty()}, {"findings", Json::array()}};
  for (const Finding& finding : findings) {
    answer["findings"].push_back({{"code", finding.code},
                                  {"about", finding.about},
                                  {"what", finding.what},
                                  {"mend", finding.mend}});
  }
  return answer;
}

// A large store takes minutes.
Findings examined(const Patient& patient) {
  Progress progress("twinsky doctor");
  return examine(patient, [&progress](std::string_view name) { progress.tell(name); });
}

int run_doctor(const std::string& file, bool json) {
  const auto config = load_config(file);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  SystemClock clock(config->gateway.clock == "system");
  Log log(LogLevel::error);
  const Machine machine = Machine::here();
  const auto running = ask_running_gateway(config->store.path);
  const Findings findings =
      examined({*config, file, machine, clock, log, running ? &running.value() : nullptr});
  if (json) {
    // What came from outside may not be UTF-8.
    std::cout << as_json(findings).dump() << '\n';
  } else {
    print(findings);
  }
  return findings.empty() ? exit_good : exit_failed;
}

void add_doctor(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "doctor", "Look for what stands in the gateway's way on this machine, with what mends it");
  auto file = std::make_shared<std::string>("/etc/twinsky/twinsky.json");
  auto json = std::make_shared<bool>(false);
  command->add_option("--config", *file, "The configuration file")->shows_default();
  command->add_flag("--json", *json, "One JSON object");
  command->callback([file, json, &code] { code = run_doctor(*file, *json); });
}

}  // namespace

extern const Subcommand doctor_command = {.place = 14, .add = add_doctor};

}  // namespace twinsky
