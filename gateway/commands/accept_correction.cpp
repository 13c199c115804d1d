// SPDX-License-Identifier: Apache-2.0
// `twinsky accept-correction`: takes what a comparison proposes into conf.d. A running daemon takes
// it up from there like any other change of the configuration.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/comparison_choice.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/json.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/model/station.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_id = 32;
constexpr std::size_t longest_file = std::size_t{1} << 20U;

struct Options {
  std::string author;
  bool dry_run = false;
};

std::string user_name() {
  const char* const name = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe): one thread
  return name == nullptr ? "" : name;
}

// As it was published last; null when nothing was.
Json record_of(const std::string& store, const Comparison& comparison) {
  for (const RememberedComparison& each : read_comparisons(store)) {
    if (each.topic == comparison.topic()) return Json::parse_or_null(each.record);
  }
  return {};
}

// The proposal speaks in the reference's unit; the correction is applied to the sensor's.
double in_sensor_units(const Comparison& comparison, double value, double gas_reference_k) {
  const GasForms* const gas = gas_forms(comparison.quantity);
  if (gas == nullptr || comparison.quantity == gas->mass) return value;
  return share_of_mass(gas->mass, value, gas_reference_k).value_or(value);
}

Json correction_of(const ChosenComparison& chosen, const Json& record, const Options& options) {
  const Comparison& comparison = chosen.comparison;
  const Json& proposal = record.at("proposal");
  const bool is_mass = record.at("quantity") != name_of(comparison.quantity);
  const auto number = [&](const char* key) {
    const double value = proposal.at(key).get<double>();
    if (!is_mass) return value;
    return in_sensor_units(comparison, value, record.at("reference").at("gas_reference_k"));
  };
  const std::string station = comparison.reference.feed + "/" + comparison.reference.station;
  return {
      {"id", (slug(name_of(comparison.quantity)) + "-" + comparison.sensor).substr(0, longest_id)},
      {"version", comparison.correction ? comparison.correction->version + 1 : 1},
      {"sensor", comparison.sensor},
      {"quantity", name_of(comparison.quantity)},
      {"method", "linear"},
      {"gain", proposal.at("gain")},
      {"offset", number("offset")},
      {"hull", {{"raw", {number("lowest_raw"), number("highest_raw")}}}},
      {"trained_from", proposal.at("basis_from")},
      {"trained_until", proposal.at("basis_to")},
      {"valid_from", iso8601(SystemClock().utc())},
      {"author", options.author + ", from the comparison with " + station}};
}

// Whole or not at all: a daemon that watches the directory never sees half a file.
bool put(const fs::path& file, const std::string& text) {
  const fs::path draft = file.parent_path() / ("." + file.filename().string() + ".new");
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  std::error_code problem;
  if (out) fs::rename(draft, file, problem);
  return out && !problem;
}

int accept(const ComparisonChoice& choice, const Options& options) {
  int code = exit_good;
  const auto chosen = chosen_comparison(choice, code);
  if (!chosen) return code;
  const Comparison& comparison = chosen->comparison;
  const Json record = record_of(chosen->config.store.path, comparison);
  const Json proposal = record.is_object() ? record.value("proposal", Json()) : Json();
  if (!proposal.is_object()) {
    std::cerr << "twinsky accept-correction: " << comparison.subject()
              << " proposes nothing: the reference must stand near, the correlation be beyond "
                 "doubt, and hours that were held out come out better\n";
    return exit_failed;
  }
  const Json correction = correction_of(*chosen, record, options);
  const std::string text = Json{{"corrections", Json::array({correction})}}.dump(2) + "\n";
  std::cout << text;
  if (options.dry_run) return exit_good;

  const fs::path directory = fs::path(choice.config).parent_path() / "conf.d";
  const std::string id = correction.at("id").get<std::string>();
  const fs::path file = directory / ("correction-" + id + ".json");
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  std::string before;
  const bool was_there = fs::exists(file, ignored);
  if (was_there) {
    auto found = read_plain_file(file, longest_file);
    if (!found || found->is_cut) {
      std::cerr << "twinsky accept-correction: " << file.string() << " is there and is left alone ("
                << (found ? "it is too large for a correction" : found.error().reason) << ")\n";
      return exit_failed;
    }
    before = std::move(found->text);
  }
  if (!put(file, text)) {
    std::cerr << "twinsky accept-correction: " << file.string()
              << " cannot be written: try as root\n";
    return exit_failed;
  }
  const auto config = load_config(choice.config);
  if (config) {
    std::cerr << "written to " << file.string()
              << "; a running gateway applies it within seconds\n";
    return exit_good;
  }
  for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
  std::cerr << "twinsky accept-correction: with it the configuration would be wrong; it was taken "
               "back\n";
  if (was_there) {
    put(file, before);
  } else {
    fs::remove(file, ignored);
  }
  return exit_failed;
}

void add_accept_correction(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "accept-correction", "Take the correction that a comparison proposes into the configuration");
  const auto choice = add_comparison_choice(*command);
  auto options = std::make_shared<Options>();
  options->author = user_name();
  command->add_option("--author", options->author, "Who stands for it")->shows_default();
  command->add_flag("--dry-run", options->dry_run, "Print it and write nothing");
  command->callback([choice, options, &code] { code = accept(*choice, *options); });
}

}  // namespace

extern const Subcommand accept_correction_command = {.place = 13, .add = add_accept_correction};

}  // namespace twinsky
