// SPDX-License-Identifier: Apache-2.0
// The stages of `twinsky replay`. Each is one pure part of the pipeline, lives in a file of its own
// and adds one subcommand: declare it here and name it in replay.cpp.
#pragma once

namespace CLI {
class App;
}

namespace twinsky {

// Each adds its subcommand to `replay`; when it was called, its exit code is put into `code`.
void add_replay_decode(CLI::App& replay, int& code);
void add_replay_feed(CLI::App& replay, int& code);
void add_replay_index(CLI::App& replay, int& code);
void add_replay_compare(CLI::App& replay, int& code);
void add_replay_qc(CLI::App& replay, int& code);

}  // namespace twinsky
