// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/store_choice.hpp"

#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"
#include "gateway/store/store.hpp"

#include <iostream>

namespace twinsky {

std::shared_ptr<StoreChoice> add_store_choice(Command& command) {
  auto choice = std::make_shared<StoreChoice>();
  auto* config =
      command.add_option("--config", choice->config, "The configuration file")->shows_default();
  command.add_option("--store", choice->store, "The store's file, without any configuration")
      ->excludes(config);
  return choice;
}

std::optional<ChosenStore> chosen_store(const StoreChoice& choice) {
  if (!choice.store.empty()) {
    const std::string zone = read_remembered(choice.store, "zone").value_or("");
    return ChosenStore{choice.store, read_remembered(choice.store, "gateway").value_or(""),
                       Zone::named(zone).value_or(Zone())};
  }
  const auto config = load_config(choice.config);
  if (config) {
    return ChosenStore{config->store.path, config->gateway.id, config->gateway.zone,
                       config->gateway.jurisdiction};
  }
  for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
  return std::nullopt;
}

}  // namespace twinsky
