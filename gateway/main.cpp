// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  CLI::App app("Environmental sensor edge gateway: sensors, store, MQTT, official stations",
               "twinsky");
  app.set_version_flag("--version", TWINSKY_VERSION);
  app.require_subcommand(1);
  int code = twinsky::exit_good;
  twinsky::add_run(app, code);
  twinsky::add_check(app, code);
  twinsky::add_schema(app, code);
  twinsky::add_drivers(app, code);
  twinsky::add_note(app, code);
  twinsky::add_read(app, code);
  twinsky::add_replay(app, code);
  twinsky::add_export(app, code);
  twinsky::add_status(app, code);
  twinsky::add_audit(app, code);
  twinsky::add_report(app, code);
  twinsky::add_accept_correction(app, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? twinsky::exit_good : twinsky::exit_usage;
  } catch (const std::exception& problem) {
    std::cerr << "twinsky: " << problem.what() << '\n';
    return twinsky::exit_failed;
  }
  return code;
}
