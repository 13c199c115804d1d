// SPDX-License-Identifier: Apache-2.0
// What a command takes: its options, what stands after it, its subcommands, and what it does. A
// description of our own, so that one .cpp file alone knows the library that reads command lines:
// its header costs every file that includes it more than all of our own text.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace twinsky {

// What was given to an option is wrong: thrown by what a command does, told to the user as
// "OPTION: WHAT" with the exit code of wrong usage.
class WrongUsage final : public std::runtime_error {
 public:
  WrongUsage(std::string option, const std::string& what)
      : std::runtime_error(what), option_(std::move(option)) {}
  [[nodiscard]] const std::string& option() const { return option_; }

 private:
  std::string option_;
};

// An option where its name begins with "--"; else what stands at its place.
struct CommandOption {
  using Value = std::variant<bool*, int*, std::string*, std::vector<std::string>*>;

  std::string name;
  Value value;  // a flag where it is a bool
  std::string documentation;
  bool is_required = false;
  bool has_shown_default = false;
  std::vector<std::string> choices = {};    // empty: anything
  const CommandOption* excluded = nullptr;  // one of the same command, added before
  std::string type_name = {};
  int count = 0;  // of values, where it is fixed

  CommandOption* required() {
    is_required = true;
    return this;
  }
  CommandOption* shows_default() {
    has_shown_default = true;
    return this;
  }
  CommandOption* one_of(std::vector<std::string> names) {
    choices = std::move(names);
    return this;
  }
  CommandOption* excludes(const CommandOption* other) {
    excluded = other;
    return this;
  }
  CommandOption* takes(int values, std::string named) {
    count = values;
    type_name = std::move(named);
    return this;
  }
};

class Command {
 public:
  Command(std::string name, std::string documentation)
      : name_(std::move(name)), documentation_(std::move(documentation)) {}

  Command* add_subcommand(std::string name, std::string documentation) {
    return &subcommands_.emplace_back(std::move(name), std::move(documentation));
  }
  // `value` lives until the command line was parsed and obeyed.
  template <class T>
  CommandOption* add_option(std::string name, T& value, std::string documentation) {
    return &options_.emplace_back(CommandOption{std::move(name), &value, std::move(documentation)});
  }
  CommandOption* add_flag(std::string name, bool& value, std::string documentation) {
    return add_option(std::move(name), value, std::move(documentation));
  }
  void set_version(std::string version) { version_ = std::move(version); }
  void require_subcommand() { requires_subcommand_ = true; }
  // Called when the command was chosen and none of its subcommands.
  void callback(std::function<void()> what) { callback_ = std::move(what); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& documentation() const { return documentation_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] bool requires_subcommand() const { return requires_subcommand_; }
  [[nodiscard]] const std::deque<CommandOption>& options() const { return options_; }
  [[nodiscard]] const std::deque<Command>& subcommands() const { return subcommands_; }
  [[nodiscard]] const std::function<void()>& what_it_does() const { return callback_; }

 private:
  std::string name_;
  std::string documentation_;
  std::string version_;
  bool requires_subcommand_ = false;
  std::deque<CommandOption> options_;  // addresses stay
  std::deque<Command> subcommands_;
  std::function<void()> callback_;
};

// A command by the words that call it: "twinsky export pairs".
struct CalledCommand {
  std::string words;
  const Command* command;
};
// The program, then all that it has, each in front of what belongs to it.
std::vector<CalledCommand> every_command(const Command& program);

// What stands for an option's value in help: "FILE", "good|bad"; empty: it is a flag.
std::string value_name(const CommandOption& option);

// Reads the command line and does what it says. The answer is an exit code where nothing was done:
// the usage was wrong, or only help was asked for.
std::optional<int> obey_command_line(const Command& program, int argc, const char* const* argv);

}  // namespace twinsky
