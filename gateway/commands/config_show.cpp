// SPDX-License-Identifier: Apache-2.0
// `twinsky config show`: every setting that has a value, and with --origin where that comes from.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/columns.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

namespace twinsky {
namespace {

struct ConfigShowOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  bool origin = false;
  bool json = false;
};

int show(const ConfigShowOptions& options) {
  const auto settings = effective_settings(options.config);
  if (!settings) {
    for (const Problem& problem : settings.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  if (options.json) {
    Json list = Json::array();
    for (const EffectiveSetting& each : *settings) {
      list.push_back({{"path", each.path},
                      {"value", each.value},
                      {"origin", each.origin.empty() ? "default" : each.origin}});
    }
    std::cout << list.dump() << '\n';
    return exit_good;
  }
  std::size_t path_width = 0;
  std::size_t value_width = 0;
  constexpr std::size_t widest = 40;
  for (const EffectiveSetting& each : *settings) {
    path_width = std::max(path_width, columns_of(each.path));
    value_width = std::max(value_width, std::min(columns_of(each.value), widest));
  }
  for (const EffectiveSetting& each : *settings) {
    std::cout << padded_to(each.path, path_width) << "  ";
    if (options.origin) {
      std::cout << padded_to(each.value, value_width) << "  "
                << (each.origin.empty() ? "default" : each.origin) << '\n';
    } else {
      std::cout << each.value << '\n';
    }
  }
  return exit_good;
}

void add_config_show(Command& config, int& code) {
  auto* command = config.add_subcommand("show", "Print every setting that has a value");
  auto options = std::make_shared<ConfigShowOptions>();
  command->add_option("--config", options->config, "Configuration file")->shows_default();
  command->add_flag("--origin", options->origin, "With the file and line that it comes from");
  command->add_flag("--json", options->json, "One JSON list, with origins");
  command->callback([options, &code] { code = show(*options); });
}

}  // namespace

extern const Subcommand config_show_command = {.of = "config", .place = 1, .add = add_config_show};

}  // namespace twinsky
