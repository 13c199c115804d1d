// SPDX-License-Identifier: Apache-2.0
// `twinsky store`: what is done with a store's file as a whole.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

namespace twinsky {
namespace {

void add_store(Command& app, int& code) {
  Command* command = app.add_subcommand("store", "Copy a store or look whether it is whole");
  command->require_subcommand();
  add_subcommands("store", *command, code);
}

}  // namespace

extern const Subcommand store_command = {.place = 12, .add = add_store};

}  // namespace twinsky
