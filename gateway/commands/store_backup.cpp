// SPDX-License-Identifier: Apache-2.0
// `twinsky store backup FILE`: a copy of the store, beside a running daemon too.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/store/backup.hpp"
#include "gateway/text/json_writer.hpp"

#include <iostream>

namespace twinsky {
namespace {

int back_up(const StoreChoice& choice, const std::string& target) {
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  std::uint64_t bytes = 0;
  {
    Progress progress("twinsky store backup");
    progress.tell("copying " + chosen->path);
    bytes = back_up_store(chosen->path, target);
  }
  std::string size;
  append_number(size, static_cast<double>(bytes) / 1e6, 1);
  std::cout << target << ": " << size << " MB\n";
  return exit_good;
}

void add_store_backup(Command& store, int& code) {
  auto* command = store.add_subcommand(
      "backup", "Write a copy of the store as it is now; the gateway goes on meanwhile");
  const auto choice = add_store_choice(*command);
  auto target = std::make_shared<std::string>();
  command->add_option("FILE", *target, "The copy, which must not be there yet")->required();
  command->callback([choice, target, &code] { code = back_up(*choice, *target); });
}

}  // namespace

extern const Subcommand store_backup_command = {.of = "store", .place = 1, .add = add_store_backup};

}  // namespace twinsky
