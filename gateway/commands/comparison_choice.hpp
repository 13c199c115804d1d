// SPDX-License-Identifier: Apache-2.0
// Which comparison a command is about.
#pragma once

#include "gateway/compare/comparison.hpp"

#include <memory>
#include <optional>
#include <string>

namespace twinsky {

class Command;

struct ComparisonChoice {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string sensor;
  std::string quantity;
  std::string with;  // "hk-epd/mong-kok"
};
std::shared_ptr<ComparisonChoice> add_comparison_choice(Command& command);

struct ChosenComparison {
  Config config;
  Comparison comparison;
};
// The only configured one that fits. Otherwise says on standard error what is wrong, puts the exit
// code into `code`, and there is none.
std::optional<ChosenComparison> chosen_comparison(const ComparisonChoice& choice, int& code);

}  // namespace twinsky
