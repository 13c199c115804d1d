// SPDX-License-Identifier: Apache-2.0
// Which store a command reads: by --store FILE, or as the configuration says.
#pragma once

#include "gateway/model/zone.hpp"

#include <memory>
#include <optional>
#include <string>

namespace twinsky {

class Command;

struct StoreChoice {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string store;
};

struct ChosenStore {
  std::string path;
  std::string gateway;  // id
  Zone zone;
  std::string jurisdiction = {};  // empty: not known without a configuration
};

std::shared_ptr<StoreChoice> add_store_choice(Command& command);

// Says on standard error what is wrong with the configuration; nullopt then.
std::optional<ChosenStore> chosen_store(const StoreChoice& choice);

}  // namespace twinsky
