// SPDX-License-Identifier: Apache-2.0
// `twinsky export pairs`: the pairs behind a validation record as CSV, one row an hour, so that
// another program can compute every published number again.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/comparison_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/text/csv.hpp"

#include <fstream>
#include <iostream>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr hours published{720};  // the longest window

struct ExportPairsOptions {
  std::string from;
  std::string to;
  std::string output;
};

Window window_of(const ExportPairsOptions& options, const Zone& zone) {
  const auto from = time_option("--from", options.from, zone);
  const auto to = time_option("--to", options.to, zone).value_or(SystemClock().utc());
  Window window{};
  window.end = std::chrono::floor<hours>(to);
  window.begin = from ? std::chrono::floor<hours>(*from) : window.end - published;
  return window;
}

std::string cause_of(const PairRow& row, Series series, const Beginnings& beginnings) {
  const auto cause = withheld(row, series, beginnings);
  return cause ? std::string(name_of(*cause)) : std::string();
}

void print(const StoredPairs& pairs, Window window, bool has_correction, std::ostream& out) {
  const std::string unit = " [" + std::string(info_of(pairs.quantity).display_unit) + "]";
  out << "hour_start,hour_end,sensor_mean" << unit << ",corrected_mean" << unit
      << ",usable,failed,expected,reference_mean" << unit
      << ",reference_flag,provisional,maintenance,humidity [%],withheld,withheld_corrected\n";
  auto row = pairs.rows.begin();
  for (HourStart hour = window.begin; hour < window.end; hour += hours(1)) {
    PairRow one{.hour = hour};  // of which nothing is known
    if (row != pairs.rows.end() && row->hour == hour) one = *row++;
    const Flag flag = one.reference ? one.reference_flag : Flag::missing;
    out << iso8601(hour) << ',' << iso8601(hour + hours(1)) << ',' << exact_cell(one.sensor) << ','
        << exact_cell(one.corrected) << ',' << one.usable << ',' << one.failed << ','
        << one.expected << ',' << exact_cell(one.reference) << ',' << static_cast<int>(flag) << ','
        << one.is_provisional << ',' << one.is_maintenance << ',' << exact_cell(one.humidity) << ','
        << cause_of(one, Series::raw, pairs.beginnings) << ','
        << (has_correction ? cause_of(one, Series::corrected, pairs.beginnings) : "") << '\n';
  }
}

int run_export(const ComparisonChoice& choice, const ExportPairsOptions& options) {
  int code = exit_good;
  const auto chosen = chosen_comparison(choice, code);
  if (!chosen) return code;
  const Comparison& comparison = chosen->comparison;
  Window window = window_of(options, comparison.zone);
  const std::string& path = chosen->config.store.path;
  const std::vector<Note> notes = read_notes(notes_file(path));
  if (const auto placed = placed_since(comparison, notes)) {
    window.begin = std::max(window.begin, *placed);  // as the record is made
  }
  const auto reader = open_store_reader(path);
  const StoredPairs pairs = read_pairs(*reader, comparison, notes, window);
  std::ofstream file;
  if (!options.output.empty()) file.open(options.output, std::ios::binary | std::ios::trunc);
  std::ostream& out = options.output.empty() ? std::cout : file;
  if (out) print(pairs, window, comparison.correction.has_value(), out);
  out.flush();
  if (out) return exit_good;
  std::cerr << "twinsky export pairs: cannot write "
            << (options.output.empty() ? "to standard output" : options.output)
            << ": look at its directory and the free space\n";
  return exit_failed;
}

void add_export_pairs(Command& export_command, int& code) {
  auto* command = export_command.add_subcommand(
      "pairs",
      "Write the hourly pairs of a comparison as CSV, in the reference's unit: hour_start, "
      "hour_end; "
      "the means of sensor, corrected sensor and reference; samples usable, failed and expected; "
      "the reference's flag, whether it may still be revised (provisional) and whether a note says "
      "maintenance (1 or 0); the humidity beside the sensor; why there is no pair (withheld), and "
      "none of the corrected series");
  const auto choice = add_comparison_choice(*command);
  auto options = std::make_shared<ExportPairsOptions>();
  command->add_option("--from", options->from,
                      "From this hour on; without it 720 h, the longest window");
  command->add_option("--to", options->to, "Before this hour; without it the present one");
  command->add_option("--output", options->output, "Into this file instead of standard output");
  command->callback([choice, options, &code] { code = run_export(*choice, *options); });
}

}  // namespace

extern const Subcommand export_pairs_command = {
    .of = "export", .place = 1, .add = add_export_pairs};

}  // namespace twinsky
