// SPDX-License-Identifier: Apache-2.0
// `twinsky toy`: for the test that a subcommand is one file.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"

#include <iostream>

namespace twinsky {
namespace {

void add(Command& app, int& code) {
  app.add_subcommand("toy", "Say that it is there")->callback([&code] {
    std::cout << "there\n";
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand toy_command = {.place = 99, .add = add};

}  // namespace twinsky
