// SPDX-License-Identifier: Apache-2.0
// `twinsky export`: records of the store as CSV, with what its columns are, as CF-netCDF, or as
// JSON lines exactly as they are published. Reads the file only, so it works beside a running
// daemon.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/export_metadata.hpp"
#include "gateway/commands/export_netcdf.hpp"
#include "gateway/commands/exported_places.hpp"
#include "gateway/commands/exported_rows.hpp"
#include "gateway/commands/station_names.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/csv.hpp"
#include "gateway/text/exported_record.hpp"
#include "gateway/text/record.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

namespace twinsky {
namespace {

struct ExportOptions {
  std::vector<std::string> sensors;
  std::vector<std::string> streams;
  std::string from;
  std::string to;
  std::string format = "csv";
  bool is_json = false;
  std::string output;
  bool has_metadata = false;
};

void export_json(const ChosenStore& store, const RowSelection& selection,
                 UnreadableRows& unreadable, std::ostream& out) {
  std::map<std::pair<std::string, std::string>, std::string> prefixes;  // by stream and epoch
  std::string text;
  each_exported_row(store.path, selection, all_rows, unreadable, [&](const ExportedRow& each) {
    const auto& [stream, epoch, row] = each;
    std::string& prefix = prefixes[{stream, epoch}];
    if (prefix.empty()) prefix = record_prefix(store.gateway, stream, epoch);
    text.clear();
    append_record(text, prefix, row.seq, row.time, row.body);
    text += '\n';
    out << text;
  });
}

// Twice through the rows: the columns are known when all have been seen. Returns the header.
std::string export_csv(const ChosenStore& store, const RowSelection& selection,
                       UnreadableRows& unreadable, std::ostream& out) {
  CsvColumns columns;
  const RowId last =
      each_exported_row(store.path, selection, all_rows, unreadable,
                        [&](const ExportedRow& each) { columns.note(each.row.body); });
  std::string header = "stream,epoch,seq,time";
  columns.append_header(header);
  out << header << '\n';
  std::string text;
  each_exported_row(store.path, selection, last, unreadable, [&](const ExportedRow& each) {
    text.clear();
    text += each.stream + ',' + each.epoch + ',' + std::to_string(each.row.seq) + ',';
    append_iso8601(text, each.row.time);
    columns.append_cells(text, each.row.body);
    text += '\n';
    out << text;
  });
  return header;
}

// Beside the file, under the name by which W3C's CSV on the Web looks for it.
bool write_metadata(const StoreChoice& choice, const ChosenStore& store,
                    const RowSelection& selection, const std::string& header,
                    const std::string& csv) {
  std::vector<std::string> streams(selection.streams.begin(), selection.streams.end());
  if (streams.empty()) streams = open_store_reader(store.path)->streams();
  const ExportedOrigin origin = origin_of(streams, choice);
  const std::string path = csv + "-metadata.json";
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << csv_metadata(std::filesystem::path(csv).filename().string(), cells_of_row(header),
                       store.gateway, origin);
  file.flush();
  if (!file) std::cerr << "twinsky export: cannot write " << path << '\n';
  return file.good();
}

RowSelection selection_of(const ExportOptions& options, const Zone& zone) {
  RowSelection selection;
  selection.streams.insert(options.streams.begin(), options.streams.end());
  for (const std::string& sensor : options.sensors) selection.streams.insert("sensor/" + sensor);
  selection.from = time_option("--from", options.from, zone);
  selection.to = time_option("--to", options.to, zone);
  return selection;
}

// A stream has the rows that stand under its other names too, and says so.
void add_other_names(const std::set<std::string>& known, RowSelection& selection) {
  for (const std::string& wanted : std::set<std::string>(selection.streams)) {
    for (const std::string& name : names_of_station(wanted)) {
      if (name == wanted || !known.contains(name)) continue;
      if (!known.contains(wanted)) selection.streams.erase(wanted);
      if (!selection.streams.insert(name).second) continue;
      std::cerr << "twinsky export: " << name << " is " << wanted
                << " under another name; its rows are in this export too\n";
    }
  }
}

// False when a stream was asked for that the store does not have.
bool find_streams(const ChosenStore& store, RowSelection& selection) {
  if (selection.streams.empty()) return true;
  const std::vector<std::string> names = open_store_reader(store.path)->streams();
  const std::set<std::string> known(names.begin(), names.end());
  add_other_names(known, selection);
  bool has_all = true;
  for (const std::string& wanted : selection.streams) {
    if (known.contains(wanted)) continue;
    has_all = false;
    std::cerr << "twinsky export: " << store.path << " has no stream " << wanted << "; it has:";
    for (const std::string& name : known) std::cerr << ' ' << name;
    std::cerr << '\n';
  }
  return has_all;
}

int run_export(const StoreChoice& choice, const ExportOptions& options) {
  const bool is_json = options.is_json || options.format == "json";
  const bool is_netcdf = !is_json && options.format == "netcdf";
  if (options.has_metadata && (is_json || is_netcdf || options.output.empty())) {
    throw WrongUsage("--metadata", "expected it with a CSV file: --format csv --output FILE");
  }
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  RowSelection selection = selection_of(options, chosen->zone);
  if (!find_streams(*chosen, selection)) return exit_failed;
  std::ofstream file;
  if (!options.output.empty()) file.open(options.output, std::ios::binary | std::ios::trunc);
  std::ostream& out = options.output.empty() ? std::cout : file;
  UnreadableRows unreadable;
  bool is_whole = true;
  if (out && is_json) export_json(*chosen, selection, unreadable, out);
  if (out && is_netcdf) is_whole = export_netcdf(choice, *chosen, selection, unreadable, out);
  if (out && !is_json && !is_netcdf) {
    const std::string header = export_csv(*chosen, selection, unreadable, out);
    is_whole =
        !options.has_metadata || write_metadata(choice, *chosen, selection, header, options.output);
  }
  out.flush();
  if (!out) {
    std::cerr << "twinsky export: cannot write "
              << (options.output.empty() ? "to standard output" : options.output)
              << ": look at its directory and the free space\n";
    return exit_failed;
  }
  if (read_store_status(chosen->path).clock_waiting) {
    std::cerr << "twinsky export: the newest samples wait for the clock to be set and are not "
                 "in this export\n";
  }
  if (unreadable.ranges.empty()) return is_whole ? exit_good : exit_failed;
  for (const auto& [first, last] : unreadable.ranges) {
    std::cerr << "twinsky export: row " << first << " to row " << last
              << " cannot be read and are not in this export\n";
  }
  std::cerr << "twinsky export: " << unreadable.why << '\n';
  return exit_failed;
}

void add_export(Command& app, int& code) {
  auto* command =
      app.add_subcommand("export", "Write records of the store as CSV, JSON lines or netCDF");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<ExportOptions>();
  command->add_option("--sensor", options->sensors, "Only this sensor; may be repeated");
  command->add_option("--stream", options->streams,
                      "Only this stream, e.g. ref/hk-epd/mong-kok; may be repeated");
  command->add_option("--from", options->from, "From this time on; local unless it has an offset");
  command->add_option("--to", options->to, "Before this time");
  command->add_flag("--json", options->is_json, "The same as --format json");
  command
      ->add_option(
          "--format", options->format,
          "csv; json: lines as they are published; netcdf: one CF-netCDF file, of the records that "
          "have readings")
      ->one_of({"csv", "json", "netcdf"})
      ->shows_default();
  command->add_option("--output", options->output, "Into this file instead of standard output");
  command->add_flag("--metadata", options->has_metadata,
                    "Beside the CSV file, FILE-metadata.json: what its columns are, units, terms "
                    "(W3C, CSV on the Web)");
  add_subcommands("export", *command, code);
  command->callback([choice, options, &code] { code = run_export(*choice, *options); });
}

}  // namespace

extern const Subcommand export_command = {.place = 8, .add = add_export};

}  // namespace twinsky
