// SPDX-License-Identifier: Apache-2.0
// The subcommands: each file of this folder that has one ends with its descriptor, by which it is
// found.
#pragma once

#include <span>
#include <string_view>

namespace twinsky {

class Command;

enum ExitCode : int { exit_good = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78 };

struct Subcommand {
  std::string_view of = {};  // the command that it belongs to; empty: the program
  int place = 0;             // among its neighbours in the help
  // Adds it; when it was called, its exit code is put into `code`.
  void (*add)(Command& command, int& code) = nullptr;
};

// What the folder defines, written when the program is built.
std::span<const Subcommand* const> found_subcommands() noexcept;

// Adds those that belong to a command, in their order.
void add_subcommands(std::string_view of, Command& command, int& code);

}  // namespace twinsky
