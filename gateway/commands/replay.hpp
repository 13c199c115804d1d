// SPDX-License-Identifier: Apache-2.0
// The stages of `twinsky replay`. Each is one pure part of the pipeline, lives in a file of its own
// and adds one subcommand: declare it here and name it in replay.cpp.
#pragma once

namespace twinsky {

class Command;

// Each adds its subcommand to `replay`; when it was called, its exit code is put into `code`.
void add_replay_decode(Command& replay, int& code);
void add_replay_feed(Command& replay, int& code);
void add_replay_index(Command& replay, int& code);
void add_replay_compare(Command& replay, int& code);
void add_replay_qc(Command& replay, int& code);

}  // namespace twinsky
