// SPDX-License-Identifier: Apache-2.0
// `twinsky report SENSOR`: its comparisons for people who would rather look than read.
#include "gateway/compare/report.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/compare/unit_change.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr hours shown{720};
constexpr hours longest_wait{3};  // for the reference

struct ReportOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string sensor;
  std::string output;
  std::string at;
  std::string language = "en";
};

std::string record_of(const std::vector<RememberedComparison>& remembered,
                      const std::string& topic) {
  for (const RememberedComparison& each : remembered) {
    if (each.topic == topic) return each.record;
  }
  return {};
}

// Of a sensor or of a further channel of one.
const SensorSettings* settings_of(const Config& config, const std::string& sensor) {
  for (const SensorSettings& each : config.sensors) {
    if (sensor == each.id || sensor.starts_with(each.id + "-")) return &each;
  }
  return nullptr;
}

ReportedSensor about(const Config& config, const Comparison& comparison,
                     std::span<const Note> notes) {
  ReportedSensor sensor{.gateway = config.gateway.id,
                        .sensor = comparison.sensor,
                        .serial_number = comparison.serial_number,
                        .zone = config.gateway.zone};
  if (const SensorSettings* const settings = settings_of(config, comparison.sensor)) {
    sensor.driver = settings->driver;
    sensor.placement = settings->placement;
  }
  std::ranges::copy_if(notes, std::back_inserter(sensor.notes),
                       [&](const Note& note) { return note.sensor == comparison.sensor; });
  return sensor;
}

int write_report(const ReportOptions& options) {
  const auto config = load_config(options.config);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  const std::string& path = config->store.path;
  std::vector<Comparison> configured = comparisons_of(*config);
  heed_units(configured, path);
  const auto remembered = read_comparisons(path);
  const std::vector<Note> notes = read_notes(notes_file(path));
  const auto reader = open_store_reader(path);
  const UtcTime now =
      time_option("--at", options.at, config->gateway.zone).value_or(SystemClock().utc());
  std::vector<ReportedComparison> reported;
  for (const Comparison& each : configured) {
    if (each.sensor != options.sensor) continue;
    const HourStart hour = std::chrono::floor<hours>(now);
    StoredPairs pairs = read_pairs(*reader, each, notes, {hour - shown - longest_wait, hour});
    const HourStart end = window_end(pairs.rows, now, longest_wait);  // as the record is made
    Window window{end - shown, end};
    if (const auto placed = placed_since(each, notes)) {
      window.begin = std::min(std::max(window.begin, *placed), end);
    }
    reported.push_back({each, std::move(pairs), window, record_of(remembered, each.topic())});
  }
  if (reported.empty()) {
    std::set<std::string> compared;
    for (const Comparison& each : configured) compared.insert(each.sensor);
    std::cerr << "twinsky report: no comparison of \"" << options.sensor << "\" is configured";
    if (!compared.empty()) std::cerr << "; there are those of:";
    for (const std::string& sensor : compared) std::cerr << ' ' << sensor;
    std::cerr << '\n';
    return exit_failed;
  }
  const std::string file = options.output.empty() ? options.sensor + ".html" : options.output;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << report_page(about(*config, reported.front().comparison, notes), reported, options.language,
                     now);
  out.close();
  if (out) {
    std::cout << file << '\n';
    return exit_good;
  }
  std::cerr << "twinsky report: cannot write " << file << ": look at its directory\n";
  return exit_failed;
}

void add_report(Command& app, int& code) {
  auto* command =
      app.add_subcommand("report", "Draw a sensor's comparisons on a page of HTML to keep");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("--config", options->config, "The configuration file")->shows_default();
  command->add_option("SENSOR", options->sensor, "Its id")->required();
  command->add_option("--output", options->output, "The file; without it SENSOR.html");
  command->add_option("--language", options->language, "What the page is written in")
      ->one_of({"en", "zh-Hant", "zh-Hans"})
      ->shows_default();
  command->add_option("--at", options->at, "As of that time; without it as of now");
  command->callback([options, &code] { code = write_report(*options); });
}

}  // namespace

extern const Subcommand report_command = {.place = 12, .add = add_report};

}  // namespace twinsky
