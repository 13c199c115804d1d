// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace twinsky {

void add_subcommands(std::string_view of, Command& command, int& code) {
  std::vector<const Subcommand*> all;
  std::ranges::copy_if(found_subcommands(), std::back_inserter(all),
                       [of](const Subcommand* each) { return each->of == of; });
  std::ranges::sort(all, {}, &Subcommand::place);
  for (const Subcommand* each : all) each->add(command, code);
}

}  // namespace twinsky
