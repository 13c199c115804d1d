// SPDX-License-Identifier: Apache-2.0
// `twinsky accept-correction`: takes what a comparison proposes into conf.d. A running daemon takes
// it up from there like any other change of the configuration.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/comparison_choice.hpp"
#include "gateway/compare/acceptance.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/config/trial.hpp"
#include "gateway/system/put_file.hpp"

#include <cstdlib>
#include <iostream>
#include <pwd.h>
#include <unistd.h>

namespace twinsky {
namespace {

struct AcceptCorrectionOptions {
  std::string author;
  bool dry_run = false;
};

std::string user_name() {
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread
  const char* const name = std::getenv("USER");
  if (name != nullptr && *name != '\0') return name;
  const passwd* const user = ::getpwuid(::getuid());
  // NOLINTEND(concurrency-mt-unsafe)
  return user == nullptr ? std::to_string(::getuid()) : user->pw_name;
}

// As it was published last; empty when nothing was.
std::string record_of(const std::string& store, const Comparison& comparison) {
  for (const RememberedComparison& each : read_comparisons(store)) {
    if (each.topic == comparison.topic()) return each.record;
  }
  return {};
}

int accept(const ComparisonChoice& choice, const AcceptCorrectionOptions& options) {
  int code = exit_good;
  const auto chosen = chosen_comparison(choice, code);
  if (!chosen) return code;
  const Comparison& comparison = chosen->comparison;
  const std::string record = record_of(chosen->config.store.path, comparison);
  const auto accepted =
      accepted_correction(comparison, record, options.author, SystemClock().utc());
  if (!accepted) {
    std::cerr << "twinsky accept-correction: " << why_nothing_is_proposed(comparison, record)
              << '\n';
    return exit_failed;
  }
  std::cout << accepted->text;
  if (options.dry_run) return exit_good;

  const std::string file = addition_beside(choice.config, accepted->file);
  const auto config = try_config(choice.config, {.file = file, .text = accepted->text});
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    std::cerr << "twinsky accept-correction: with it the configuration would be wrong; nothing was "
                 "written\n";
    return exit_failed;
  }
  if (const std::string problem = put_file(file, accepted->text); !problem.empty()) {
    std::cerr << "twinsky accept-correction: " << file << " cannot be written (" << problem
              << "): try as root\n";
    return exit_failed;
  }
  std::cerr << "written to " << file << "; a running gateway applies it within seconds\n";
  return exit_good;
}

void add_accept_correction(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "accept-correction", "Take the correction that a comparison proposes into the configuration");
  const auto choice = add_comparison_choice(*command);
  auto options = std::make_shared<AcceptCorrectionOptions>();
  options->author = user_name();
  command->add_option("--author", options->author, "Who stands for it")->shows_default();
  command->add_flag("--dry-run", options->dry_run, "Print it and write nothing");
  command->callback([choice, options, &code] { code = accept(*choice, *options); });
}

}  // namespace

extern const Subcommand accept_correction_command = {.place = 13, .add = add_accept_correction};

}  // namespace twinsky
