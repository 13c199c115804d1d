// SPDX-License-Identifier: Apache-2.0
// `twinsky schema`: what may stand in the configuration, for editors and for people.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"

#include <iostream>
#include <memory>

namespace twinsky {
namespace {

void add_schema(Command& app, int& code) {
  auto* command = app.add_subcommand("schema", "Print the JSON Schema of the configuration file");
  auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown, "Print its reference documentation instead");
  command->callback([markdown, &code] {
    std::cout << (*markdown ? config_reference() : config_schema());
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand schema_command = {.place = 3, .add = add_schema};

}  // namespace twinsky
