// SPDX-License-Identifier: Apache-2.0
// `twinsky manual`: the manual pages twinsky(1) and twinsky.json(5), made from what the commands
// and the settings declare.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/reference.hpp"
#include "gateway/text/troff.hpp"

#include <iostream>
#include <memory>

namespace twinsky {
namespace {

constexpr std::string_view configuration_page = "twinsky.json";

bool is_positional(const CommandOption& option) {
  return !option.name.starts_with("-");
}

std::string default_of(const CommandOption& option) {
  if (!option.has_shown_default) return {};
  if (const auto* const number = std::get_if<int*>(&option.value)) {
    return std::to_string(**number);
  }
  const auto* const text = std::get_if<std::string*>(&option.value);
  return text == nullptr ? std::string() : **text;
}

std::string entry(const std::string& name, const std::string& value, const std::string& text) {
  std::string line = ".TP\n\\fB" + troff(name) + "\\fR";
  if (!value.empty()) line += " \\fI" + troff(value) + "\\fR";
  return line + "\n" + troff(text) + "\n";
}

std::string entry_of(const CommandOption& option) {
  std::string text = option.documentation;
  if (const std::string usual = default_of(option); !usual.empty()) {
    text += " (default: " + usual + ")";
  }
  return entry(option.name, is_positional(option) ? std::string() : value_name(option), text);
}

// "twinsky report [OPTION...] SENSOR"
std::string synopsis(const CalledCommand& called) {
  std::string line = "\\fB" + troff(called.words) + "\\fR";
  std::string places;
  bool has_options = false;
  for (const CommandOption& option : called.command->options()) {
    if (!is_positional(option)) {
      has_options = true;
      continue;
    }
    places += " \\fI" + troff(option.is_required ? option.name : "[" + option.name + "]") + "\\fR";
  }
  if (has_options) line += " [\\fIOPTION\\fR...]";
  return line + places;
}

std::string manual_of(const Command& program) {
  std::string page = troff_title("TWINSKY", 1) + ".SH NAME\ntwinsky \\- " +
                     troff(program.documentation()) + "\n" +
                     ".SH SYNOPSIS\n\\fBtwinsky\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n" +
                     ".SH DESCRIPTION\nEvery command takes \\fB\\-\\-help\\fR.\n.SH COMMANDS\n";
  for (const CalledCommand& called : every_command(program)) {
    if (called.command == &program) continue;
    page += ".SS " + synopsis(called) + "\n" + troff(called.command->documentation()) + "\n";
    for (const CommandOption& option : called.command->options()) page += entry_of(option);
  }
  page += ".SH OPTIONS\n" + entry("--help", "", "Print what a command takes") +
          entry("--version", "", "Print the version");
  page += ".SH EXIT STATUS\n";
  page += entry(std::to_string(exit_good), "", "Good");
  page += entry(std::to_string(exit_failed), "", "Something failed, or is wrong");
  page += entry(std::to_string(exit_usage), "", "The command line is wrong");
  page += entry(std::to_string(exit_configuration), "", "The configuration is wrong");
  return page + R"(.SH FILES
.TP
.I /etc/twinsky/twinsky.json
The configuration.
.TP
.I /var/lib/twinsky
The store, where the configuration names no other place.
.TP
.I /usr/share/doc/twinsky/README.md
The first hour, and where to read on.
.SH SEE ALSO
.BR twinsky.json (5),
.BR systemctl (1),
.BR journalctl (1)
)";
}

void add_manual(Command& app, int& code) {
  auto* command = app.add_subcommand("manual", "Print a manual page, as man(1) takes it");
  auto page = std::make_shared<std::string>("twinsky");
  command->add_option("PAGE", *page, "Of the commands, or of the configuration")
      ->one_of({"twinsky", std::string(configuration_page)})
      ->shows_default();
  command->callback([page, &app, &code] {
    std::cout << (*page == configuration_page ? config_manual() : manual_of(app));
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand manual_command = {.place = 15, .add = add_manual};

}  // namespace twinsky
