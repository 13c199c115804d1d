// SPDX-License-Identifier: Apache-2.0
// `twinsky completion`: what a shell needs to complete our command line, made from what the
// commands declare. Each script first finds the command that was typed ("twinsky export pairs"),
// then looks up what may follow; where a value is free, names of files do.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/model/joined.hpp"
#include "gateway/text/shell_word.hpp"

#include <iostream>
#include <memory>

namespace twinsky {
namespace {

using Called = std::vector<CalledCommand>;

struct Offer {
  std::string text;
  std::string documentation;
};

// What is said in a line beside a word.
std::string short_of(const std::string& documentation) {
  return documentation.substr(0, documentation.find_first_of(".:;("));
}

std::vector<Offer> subcommands_of(const Command& command) {
  std::vector<Offer> words;
  for (const Command& each : command.subcommands()) {
    words.push_back({each.name(), short_of(each.documentation())});
  }
  // What stands at a place and is one of a list is chosen like a subcommand.
  for (const CommandOption& each : command.options()) {
    if (each.name.starts_with("-")) continue;
    for (const std::string& choice : each.choices) {
      words.push_back({choice, short_of(each.documentation)});
    }
  }
  return words;
}

bool takes_value(const CommandOption& option) {
  return option.name.starts_with("-") && !value_name(option).empty();
}

std::vector<Offer> options_of(const Command& command) {
  std::vector<Offer> words;
  for (const CommandOption& each : command.options()) {
    if (each.name.starts_with("-")) words.push_back({each.name, short_of(each.documentation)});
  }
  words.push_back({"--help", "Print what it takes"});
  if (!command.version().empty()) words.push_back({"--version", "Print the version"});
  return words;
}

std::string names_of(const std::vector<Offer>& words) {
  std::vector<std::string> names;
  for (const Offer& word : words) names.push_back(word.text);
  return joined(names, " ");
}

// 'twinsky run' | 'twinsky check' | …
std::string every_pattern(const Called& called, const char* between) {
  std::string text;
  for (const CalledCommand& each : called) {
    if (each.command->name() == each.words) continue;  // the program
    text.append(text.empty() ? "" : between).append(shell_word(each.words));
  }
  return text;
}

std::string bash_script(const Called& called) {
  std::string text = R"(# bash completion of twinsky, as `twinsky completion bash` prints it
_twinsky() {
  local command=twinsky at words= current=${COMP_WORDS[COMP_CWORD]}
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "$command ${COMP_WORDS[at]}" in
      )" + every_pattern(called, " | ") +
                     R"() command+=" ${COMP_WORDS[at]}" ;;
    esac
  done
  case "$command ${COMP_WORDS[COMP_CWORD - 1]}:$current" in
)";
  for (const CalledCommand& each : called) {
    for (const CommandOption& option : each.command->options()) {
      if (!takes_value(option)) continue;
      text += "    " + shell_word(each.words + " " + option.name) +
              ":*) words=" + shell_word(joined(option.choices, " ")) + " ;;\n";
    }
  }
  text += "    *:-*)\n      case $command in\n";
  for (const CalledCommand& each : called) {
    text += "        " + shell_word(each.words) +
            ") words=" + shell_word(names_of(options_of(*each.command))) + " ;;\n";
  }
  text += "      esac ;;\n    *)\n      case $command in\n";
  for (const CalledCommand& each : called) {
    const std::string words = names_of(subcommands_of(*each.command));
    if (words.empty()) continue;
    text += "        " + shell_word(each.words) + ") words=" + shell_word(words) + " ;;\n";
  }
  return text + R"(      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _twinsky twinsky
)";
}

// ('run:Run the gateway' 'check:Check a configuration')
std::string described(const std::vector<Offer>& words) {
  std::string text = "(";
  for (const Offer& word : words) {
    text += (text.size() == 1 ? "" : " ") + shell_word(word.text + ":" + word.documentation);
  }
  return text + ")";
}

std::string zsh_script(const Called& called) {
  std::string text = R"(#compdef twinsky
# zsh completion of twinsky, as `twinsky completion zsh` prints it
local command=twinsky at
local -a commands options
for (( at = 2; at < CURRENT; at++ )); do
  case "$command $words[at]" in
    )" + every_pattern(called, " | ") +
                     R"() command+=" $words[at]" ;;
  esac
done
case "$command $words[CURRENT-1]" in
)";
  for (const CalledCommand& each : called) {
    for (const CommandOption& option : each.command->options()) {
      if (!takes_value(option)) continue;
      text += "  " + shell_word(each.words + " " + option.name) + ") ";
      text += option.choices.empty() ? "_files" : "compadd -- " + joined(option.choices, " ");
      text += "; return ;;\n";
    }
  }
  text += "esac\ncase $command in\n";
  for (const CalledCommand& each : called) {
    text += "  " + shell_word(each.words) +
            ")\n    options=" + described(options_of(*each.command)) +
            "\n    commands=" + described(subcommands_of(*each.command)) + " ;;\n";
  }
  return text + R"(esac
if [[ $words[CURRENT] == -* ]]; then
  _describe -o option options
elif (( $#commands )); then
  _describe command commands
else
  _files
fi
)";
}

std::string fish_script(const Called& called) {
  std::string text = R"(# fish completion of twinsky, as `twinsky completion fish` prints it
function __twinsky_is
    set -l command twinsky
    for word in (commandline -opc)
        switch "$command $word"
            case )" + every_pattern(called, " ") +
                     R"(
                set command "$command $word"
        end
    end
    test "$command" = "$argv"
end
)";
  for (const CalledCommand& each : called) {
    const std::string begin = "complete -c twinsky -n " + shell_word("__twinsky_is " + each.words);
    const std::vector<Offer> below = subcommands_of(*each.command);
    for (const Offer& word : below) {
      text += begin + " -f -a " + word.text + " -d " + shell_word(word.documentation) + "\n";
    }
    for (const CommandOption& option : each.command->options()) {
      if (!option.name.starts_with("-")) continue;
      text += begin + " -l " + option.name.substr(2);
      if (takes_value(option)) {
        text +=
            option.choices.empty() ? " -r -F" : " -x -a " + shell_word(joined(option.choices, " "));
      }
      text += " -d " + shell_word(short_of(option.documentation)) + "\n";
    }
    text += begin + " -l help -d " + shell_word("Print what it takes") + "\n";
    if (!each.command->version().empty()) {
      text += begin + " -l version -d " + shell_word("Print the version") + "\n";
    }
  }
  return text;
}

void add_completion(Command& app, int& code) {
  auto* command = app.add_subcommand("completion", "Print what a shell needs to complete commands");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "Which shell")->one_of({"bash", "zsh", "fish"})->required();
  command->callback([shell, &app, &code] {
    const Called called = every_command(app);
    std::cout << (*shell == "bash"  ? bash_script(called)
                  : *shell == "zsh" ? zsh_script(called)
                                    : fish_script(called));
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand completion_command = {.place = 16, .add = add_completion};

}  // namespace twinsky
