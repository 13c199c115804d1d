// SPDX-License-Identifier: Apache-2.0
// `twinsky config`: what can be asked of a configuration beyond whether it is good.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

namespace twinsky {
namespace {

void add_config(Command& app, int& code) {
  Command* command = app.add_subcommand("config", "Ask a configuration what is in force");
  command->require_subcommand();
  add_subcommands("config", *command, code);
}

}  // namespace

extern const Subcommand config_command = {.place = 3, .add = add_config};

}  // namespace twinsky
