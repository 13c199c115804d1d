// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command_line.hpp"

#include "gateway/commands/command.hpp"

#include <CLI/CLI.hpp>

#include <map>

namespace twinsky {
namespace {

using Added = std::map<const CommandOption*, CLI::Option*>;

CLI::Option* add_to(CLI::App& app, const CommandOption& option) {
  if (bool* const* flag = std::get_if<bool*>(&option.value)) {
    return app.add_flag(option.name, **flag, option.documentation);
  }
  return std::visit(
      [&](auto* value) { return app.add_option(option.name, *value, option.documentation); },
      option.value);
}

void put_options(const Command& command, CLI::App& app) {
  Added added;
  for (const CommandOption& option : command.options()) {
    CLI::Option* const made = added[&option] = add_to(app, option);
    made->required(option.is_required);
    if (!option.choices.empty()) made->check(CLI::IsMember(option.choices));
    if (option.has_shown_default) made->capture_default_str();
    if (option.excluded != nullptr) made->excludes(added.at(option.excluded));
    if (!option.type_name.empty()) made->type_name(option.type_name);
    if (option.count > 0) made->expected(option.count);
  }
}

void describe(const Command& command, CLI::App& app) {
  if (!command.version().empty()) app.set_version_flag("--version", command.version());
  if (command.requires_subcommand()) app.require_subcommand(1);
  put_options(command, app);
  for (const Command& subcommand : command.subcommands()) {
    describe(subcommand, *app.add_subcommand(subcommand.name(), subcommand.documentation()));
  }
  if (!command.what_it_does()) return;
  app.callback([&command, &app] {
    if (!app.get_subcommands().empty()) return;
    try {
      command.what_it_does()();
    } catch (const WrongUsage& wrong) {
      throw CLI::ValidationError(wrong.option(), wrong.what());
    }
  });
}

}  // namespace

std::optional<int> obey_command_line(const Command& program, int argc, const char* const* argv) {
  CLI::App app(program.documentation(), program.name());
  describe(program, app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? exit_good : exit_usage;
  }
  return std::nullopt;
}

}  // namespace twinsky
