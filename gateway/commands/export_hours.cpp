// SPDX-License-Identifier: Apache-2.0
// `twinsky export hours`: the hourly means of sensors as a flat table, a row an hour.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/store/hours.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::vector<std::string> sensors;
  std::string from;
  std::string to;
  std::string output;
};

using Hours = std::map<UtcTime, std::map<Quantity, Hour>>;

// The shortest text that reads back as the same number.
std::string exact(const std::optional<double>& value) {
  if (!value) return {};
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *value).ptr;
  return {digits.data(), end};
}

Hours hours_of(StoreReader& reader, const std::string& sensor, UtcTime from, UtcTime to,
               std::set<Quantity>& quantities) {
  Hours hours;
  for (const QuantityInfo& info : quantity_catalogue()) {
    for (HourRow& row : reader.hours("sensor/" + sensor, info.quantity, from, to)) {
      quantities.insert(info.quantity);
      hours[row.start][info.quantity] = row.hour;
    }
  }
  return hours;
}

void print_header(const std::set<Quantity>& quantities, std::ostream& out) {
  out << "hour_start,hour_end,sensor";
  for (const Quantity quantity : quantities) {
    const QuantityInfo& info = info_of(quantity);
    const std::string unit = " [" + std::string(info.display_unit) + "]";
    out << ',' << info.name << unit << ',' << info.name << "_n," << info.name << "_expected,"
        << info.name << "_valid," << info.name << "_minimum" << unit << ',' << info.name
        << "_maximum" << unit << ',' << info.name << "_deviation" << unit;
  }
  out << '\n';
}

void print(const std::string& sensor, const Hours& hours, const std::set<Quantity>& quantities,
           std::ostream& out) {
  for (const auto& [start, of] : hours) {
    out << iso8601(start) << ',' << iso8601(start + 1h) << ',' << sensor;
    for (const Quantity quantity : quantities) {
      const auto found = of.find(quantity);
      if (found == of.end()) {
        out << ",,,,,,,";
        continue;
      }
      const Hour& hour = found->second;
      out << ',' << exact(hour.value) << ',' << hour.used << ',' << hour.expected << ','
          << (hour.is_valid() ? 1 : 0) << ',' << exact(hour.minimum) << ',' << exact(hour.maximum)
          << ',' << exact(hour.deviation);
    }
    out << '\n';
  }
}

int run_export(const StoreChoice& choice, const Options& options) {
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  const UtcTime from = time_option("--from", options.from, chosen->zone).value_or(UtcTime{});
  const UtcTime to =
      time_option("--to", options.to, chosen->zone).value_or(SystemClock(true).utc());
  const auto reader = open_store_reader(chosen->path);
  const std::vector<std::string> streams = reader->streams();
  std::set<Quantity> quantities;
  std::vector<std::pair<std::string, Hours>> tables;
  for (const std::string& sensor : options.sensors) {
    if (std::ranges::find(streams, "sensor/" + sensor) == streams.end()) {
      std::cerr << "twinsky export hours: " << chosen->path << " has no sensor " << sensor
                << "; run: twinsky status\n";
      return exit_failed;
    }
    tables.emplace_back(sensor, hours_of(*reader, sensor, from, to, quantities));
  }
  std::ofstream file;
  if (!options.output.empty()) file.open(options.output, std::ios::binary | std::ios::trunc);
  std::ostream& out = options.output.empty() ? std::cout : file;
  print_header(quantities, out);
  for (const auto& [sensor, hours] : tables) print(sensor, hours, quantities, out);
  out.flush();
  if (out) return exit_good;
  std::cerr << "twinsky export hours: cannot write "
            << (options.output.empty() ? "to standard output" : options.output)
            << ": look at its directory and the free space\n";
  return exit_failed;
}

void add_export_hours(Command& export_command, int& code) {
  auto* command = export_command.add_subcommand(
      "hours",
      "Write a sensor's hourly means as a flat table (CSV): for each quantity its value, "
      "samples used and expected, whether it is valid, minimum, maximum, deviation");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<Options>();
  command->add_option("--sensor", options->sensors, "This sensor; may be repeated")->required();
  command->add_option("--from", options->from, "Hours that begin at this time or later");
  command->add_option("--to", options->to, "Hours that begin before this time");
  command->add_option("--output", options->output, "Into this file instead of standard output");
  command->callback([choice, options, &code] { code = run_export(*choice, *options); });
}

}  // namespace

extern const Subcommand export_hours_command = {
    .of = "export", .place = 2, .add = add_export_hours};

}  // namespace twinsky
