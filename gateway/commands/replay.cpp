// SPDX-License-Identifier: Apache-2.0
// `twinsky replay`: runs one pure stage of the pipeline on a file and prints one JSON object per
// line, ungated arithmetic and all. It is how a disputed value is derived again, and how the golden
// cases run.
#include "gateway/commands/replay.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

namespace twinsky {

void add_replay(Command& app, int& code) {
  Command* replay = app.add_subcommand(
      "replay", "Run one stage of the pipeline on files, one JSON object per line");
  replay->require_subcommand();
  add_replay_decode(*replay, code);
  add_replay_feed(*replay, code);
  add_replay_index(*replay, code);
  add_replay_compare(*replay, code);
  add_replay_qc(*replay, code);
}

}  // namespace twinsky
