// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  twinsky::Command app(
      "twinsky", "Environmental sensor edge gateway: sensors, store, MQTT, official stations");
  app.set_version(TWINSKY_VERSION);
  app.require_subcommand();
  int code = twinsky::exit_good;
  twinsky::add_subcommands({}, app, code);
  try {
    return twinsky::obey_command_line(app, argc, argv).value_or(code);
  } catch (const std::exception& problem) {
    std::cerr << "twinsky: " << problem.what() << '\n';
    return twinsky::exit_failed;
  }
}
