// SPDX-License-Identifier: Apache-2.0
// `twinsky replay`: runs one pure stage of the pipeline on a file and prints one JSON object per
// line, ungated arithmetic and all. It is how a disputed value is derived again, and how the golden
// cases run.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

namespace twinsky {
namespace {

void add_replay(Command& app, int& code) {
  Command* replay = app.add_subcommand(
      "replay", "Run one stage of the pipeline on files, one JSON object per line");
  replay->require_subcommand();
  add_subcommands("replay", *replay, code);
}

}  // namespace

extern const Subcommand replay_command = {.place = 7, .add = add_replay};

}  // namespace twinsky
