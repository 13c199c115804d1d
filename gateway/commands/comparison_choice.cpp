// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/comparison_choice.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/compare/unit_change.hpp"

#include <iostream>

namespace twinsky {

std::shared_ptr<ComparisonChoice> add_comparison_choice(Command& command) {
  auto choice = std::make_shared<ComparisonChoice>();
  command.add_option("--config", choice->config, "The configuration file")->shows_default();
  command.add_option("--sensor", choice->sensor, "The sensor compared");
  command.add_option("--quantity", choice->quantity, "What is compared, such as pm2_5");
  command.add_option("--with", choice->with, "The reference, such as hk-epd/mong-kok");
  return choice;
}

std::optional<ChosenComparison> chosen_comparison(const ComparisonChoice& choice, int& code) {
  auto config = load_config(choice.config);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    code = exit_configuration;
    return std::nullopt;
  }
  std::vector<Comparison> fitting = comparisons_of(*config);
  const auto is_other = [](const std::string& wanted, std::string_view is) {
    return !wanted.empty() && wanted != is;
  };
  std::erase_if(fitting, [&](const Comparison& each) {
    return is_other(choice.sensor, each.sensor) ||
           is_other(choice.quantity, name_of(each.quantity)) ||
           is_other(choice.with, each.reference.feed + "/" + each.reference.station);
  });
  if (fitting.size() == 1) {
    heed_units(fitting, config->store.path);
    return ChosenComparison{std::move(*config), std::move(fitting[0])};
  }
  code = exit_failed;
  if (fitting.empty()) {
    fitting = comparisons_of(*config);
    std::cerr << choice.config
              << (fitting.empty() ? ": no comparison is configured, expected one in \"compare\""
                                  : ": no such comparison is configured, expected one of:");
  } else {
    std::cerr << "several comparisons fit, name one with --sensor, --quantity and --with:";
  }
  for (const Comparison& each : fitting) std::cerr << ' ' << each.subject();
  std::cerr << '\n';
  return std::nullopt;
}

}  // namespace twinsky
