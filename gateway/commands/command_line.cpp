// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command_line.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/joined.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
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

// "; did you mean …?" where one of them is near.
std::string meant(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string one = nearest(word, views);
  return one.empty() ? "" : "; did you mean \"" + one + "\"?";
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto refuse = [choices](const std::string& given) -> std::string {
    if (std::ranges::find(choices, given) != choices.end()) return {};
    return "\"" + given + "\" is not known here, expected one of " + joined(choices) +
           meant(given, choices);
  };
  return {refuse, "{" + joined(choices, ",") + "}", "choice"};
}

void put_options(const Command& command, CLI::App& app) {
  Added added;
  for (const CommandOption& option : command.options()) {
    CLI::Option* const made = added[&option] = add_to(app, option);
    made->required(option.is_required);
    if (!option.choices.empty()) made->check(one_of(option.choices));
    if (option.has_shown_default) made->capture_default_str();
    if (option.excluded != nullptr) made->excludes(added.at(option.excluded));
    if (!option.type_name.empty()) made->type_name(option.type_name);
    if (option.count > 0) made->expected(option.count);
  }
}

// An option of `export` that stands before `pairs` would be lost.
void refuse_options_before(const CLI::App& app) {
  for (const CLI::App* outer = app.get_parent(); outer != nullptr; outer = outer->get_parent()) {
    for (const CLI::Option* option : outer->get_options()) {
      if (option->count() == 0 || !option->nonpositional()) continue;
      throw WrongUsage(option->get_name(),
                       "expected after \"" + app.get_name() + "\", where it counts");
    }
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
    refuse_options_before(app);
    command.what_it_does()();
  });
}

// The command that was typed, with those that it is part of.
struct Typed {
  const CLI::App* app;
  std::string name;
};

Typed typed(const CLI::App& program) {
  Typed found{&program, program.get_name()};
  while (!found.app->get_subcommands().empty()) {
    found.app = found.app->get_subcommands().front();
    found.name += " " + found.app->get_name();
  }
  return found;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string is_too_much(const std::string& word, const CLI::App& app) {
  if (word.starts_with("-")) {
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
      if (option->nonpositional()) known.push_back("--" + option->get_lnames().front());
    }
    return "there is no option \"" + word + "\"" + meant(word, known);
  }
  const std::vector<std::string> known = commands_of(app);
  if (known.empty()) return "\"" + word + "\" is too much here";
  const std::string suggestion = meant(word, known);
  return "there is no command \"" + word + "\"" +
         (suggestion.empty() ? ", expected one of " + joined(known) : suggestion);
}

// What is wrong, for people: the library knows neither what was typed nor what was meant.
std::string text_of(const CLI::ParseError& problem, const CLI::App& program, const CLI::App& app) {
  const auto left = program.remaining(true);
  std::string text = problem.what();
  const std::string first = text.substr(0, text.find_first_of(": "));
  switch (static_cast<CLI::ExitCodes>(problem.get_exit_code())) {
    case CLI::ExitCodes::ExtrasError:
      return is_too_much(left.front(), app);
    case CLI::ExitCodes::RequiredError:
      if (!left.empty()) return is_too_much(left.front(), app);
      if (first == "A") return "a command is missing, expected one of " + joined(commands_of(app));
      return first + " is missing";
    case CLI::ExitCodes::ArgumentMismatch: {
      const std::string& names = app.get_option(first)->get_type_name();
      return first + ": expected " + (names == "TEXT" ? "a value" : names) + " after it";
    }
    case CLI::ExitCodes::ConversionError: {  // "Could not convert: --count = many"
      const auto at = text.find(": ");
      return text.substr(at + 2) + " is not a whole number";
    }
    case CLI::ExitCodes::ExcludesError:
      return first + " and " + text.substr(text.rfind(' ') + 1) + " do not go together";
    default:
      return text;
  }
}

int tell(const std::string& problem, const std::string& command) {
  std::cerr << command << ": " << problem << "\nRun \"" << command
            << " --help\" to see what it takes.\n";
  return exit_usage;
}

void collect(const Command& command, const std::string& words, std::vector<CalledCommand>& found) {
  found.push_back({words, &command});
  for (const Command& subcommand : command.subcommands()) {
    collect(subcommand, words + " " + subcommand.name(), found);
  }
}

}  // namespace

std::vector<CalledCommand> every_command(const Command& program) {
  std::vector<CalledCommand> found;
  collect(program, program.name(), found);
  return found;
}

std::string value_name(const CommandOption& option) {
  if (std::holds_alternative<bool*>(option.value)) return {};
  if (!option.type_name.empty()) return option.type_name;
  if (!option.choices.empty()) return joined(option.choices, "|");
  return std::holds_alternative<int*>(option.value) ? "INT" : "TEXT";
}

std::optional<int> obey_command_line(const Command& program, int argc, const char* const* argv) {
  CLI::App app(program.documentation(), program.name());
  describe(program, app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
    const Typed command = typed(app);
    return tell(text_of(problem, app, *command.app), command.name);
  } catch (const WrongUsage& wrong) {
    return tell(wrong.option() + ": " + wrong.what(), typed(app).name);
  }
  return std::nullopt;
}

}  // namespace twinsky
