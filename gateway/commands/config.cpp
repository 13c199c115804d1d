// SPDX-License-Identifier: Apache-2.0
// `twinsky config`: the first one, and what can be asked of one beyond whether it is good.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

namespace twinsky {
namespace {

void add_config(Command& app, int& code) {
  Command* command =
      app.add_subcommand("config", "Write the first configuration, or ask one what is in force");
  command->require_subcommand();
  add_subcommands("config", *command, code);
}

}  // namespace

extern const Subcommand config_command = {.place = 3, .add = add_config};

}  // namespace twinsky
