// SPDX-License-Identifier: Apache-2.0
// `twinsky export`: records of the store as CSV, or as JSON lines exactly as they are published.
// Reads the file only, so it works beside a running daemon.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/station_names.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/model/json.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/csv.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <set>

namespace twinsky {
namespace {

constexpr std::size_t rows_at_once = 500;
constexpr RowId all_rows = std::numeric_limits<RowId>::max();

struct ExportOptions {
  std::vector<std::string> sensors;
  std::vector<std::string> streams;
  std::string from;
  std::string to;
  std::string format = "csv";
  bool is_json = false;
  std::string output;
};

struct Selection {
  std::set<std::string> streams;  // empty: all
  std::optional<UtcTime> from;
  std::optional<UtcTime> to;  // exclusive

  [[nodiscard]] bool has(const std::string& stream, UtcTime time) const {
    return (streams.empty() || streams.contains(stream)) && (!from || time >= *from) &&
           (!to || time < *to);
  }
};

// Rows that a damaged file does not give.
struct Unreadable {
  std::map<RowId, RowId> ranges;  // first, last
  std::string why;
};

// The rows after `after`, or those behind them that can be read again. Steps grow as long as it
// takes, then halve, so that no good row is passed over.
const std::vector<StoredRow>& next_page(StoreReader& reader, RowId after, Unreadable& unreadable) {
  const auto read = [&](RowId from) -> const std::vector<StoredRow>* {
    try {
      return &reader.page(from, rows_at_once);
    } catch (const StoreError& damage) {
      unreadable.why = damage.what();
      return nullptr;
    }
  };
  if (const auto* page = read(after)) return *page;
  RowId bad = after;
  RowId good = after + 1;
  for (RowId step = 2; read(good) == nullptr; step *= 2) {
    if (step > all_rows / 4) throw StoreError(unreadable.why);
    bad = good;
    good = after + step;
  }
  while (good - bad > 1) {
    const RowId middle = bad + (good - bad) / 2;
    (read(middle) != nullptr ? good : bad) = middle;
  }
  unreadable.ranges[after + 1] = good;
  return reader.page(good, rows_at_once);
}

// For the progress alone: a file that is damaged need not tell it.
std::uint64_t rows_up_to(const std::string& path, RowId until) {
  try {
    return static_cast<std::uint64_t>(std::min(until, read_store_status(path).last_row));
  } catch (const StoreError&) {
    return 0;
  }
}

// Calls `each` with the stream's name, the epoch and the row of every selected record, up to the
// row `until`. Returns the last row.
template <class Each>
RowId each_record(const std::string& path, const Selection& selection, RowId until,
                  Unreadable& unreadable, Each&& each) {
  const auto reader = open_store_reader(path);
  Progress progress("twinsky export", rows_up_to(path, until));
  RowId after = 0;
  for (;;) {
    const std::vector<StoredRow>& page = next_page(*reader, after, unreadable);
    if (page.empty()) return after;
    for (const StoredRow& row : page) {
      if (row.row > until) return after;
      const std::string& stream = reader->name_of(row.stream);
      if (selection.has(stream, row.time)) each(stream, reader->epoch_of(row.row), row);
    }
    after = page.back().row;
    progress.reach(static_cast<std::uint64_t>(after));
  }
}

void export_json(const ChosenStore& store, const Selection& selection, Unreadable& unreadable,
                 std::ostream& out) {
  std::map<std::pair<std::string, std::string>, std::string> prefixes;  // by stream and epoch
  std::string text;
  each_record(store.path, selection, all_rows, unreadable,
              [&](const std::string& stream, const std::string& epoch, const StoredRow& row) {
                std::string& prefix = prefixes[{stream, epoch}];
                if (prefix.empty()) prefix = record_prefix(store.gateway, stream, epoch);
                text.clear();
                append_record(text, prefix, row.seq, row.time, row.body);
                text += '\n';
                out << text;
              });
}

// Twice through the rows: the columns are known when all have been seen.
void export_csv(const ChosenStore& store, const Selection& selection, Unreadable& unreadable,
                std::ostream& out) {
  CsvColumns columns;
  const RowId last = each_record(store.path, selection, all_rows, unreadable,
                                 [&](const std::string&, const std::string&, const StoredRow& row) {
                                   columns.note(row.body);
                                 });
  std::string text = "stream,epoch,seq,time";
  columns.append_header(text);
  text += '\n';
  each_record(store.path, selection, last, unreadable,
              [&](const std::string& stream, const std::string& epoch, const StoredRow& row) {
                text += stream + ',' + epoch + ',' + std::to_string(row.seq) + ',';
                append_iso8601(text, row.time);
                columns.append_cells(text, row.body);
                text += '\n';
                out << text;
                text.clear();
              });
  out << text;
}

Selection selection_of(const ExportOptions& options, const Zone& zone) {
  Selection selection;
  selection.streams.insert(options.streams.begin(), options.streams.end());
  for (const std::string& sensor : options.sensors) selection.streams.insert("sensor/" + sensor);
  selection.from = time_option("--from", options.from, zone);
  selection.to = time_option("--to", options.to, zone);
  return selection;
}

// A stream has the rows that stand under its other names too, and says so.
void add_other_names(const std::set<std::string>& known, Selection& selection) {
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
bool find_streams(const ChosenStore& store, Selection& selection) {
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
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  Selection selection = selection_of(options, chosen->zone);
  if (!find_streams(*chosen, selection)) return exit_failed;
  std::ofstream file;
  if (!options.output.empty()) file.open(options.output, std::ios::binary | std::ios::trunc);
  std::ostream& out = options.output.empty() ? std::cout : file;
  Unreadable unreadable;
  const bool is_json = options.is_json || options.format == "json";
  if (out && is_json) export_json(*chosen, selection, unreadable, out);
  if (out && !is_json) export_csv(*chosen, selection, unreadable, out);
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
  if (unreadable.ranges.empty()) return exit_good;
  for (const auto& [first, last] : unreadable.ranges) {
    std::cerr << "twinsky export: row " << first << " to row " << last
              << " cannot be read and are not in this export\n";
  }
  std::cerr << "twinsky export: " << unreadable.why << '\n';
  return exit_failed;
}

void add_export(Command& app, int& code) {
  auto* command = app.add_subcommand("export", "Write records of the store as CSV or JSON lines");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<ExportOptions>();
  command->add_option("--sensor", options->sensors, "Only this sensor; may be repeated");
  command->add_option("--stream", options->streams,
                      "Only this stream, e.g. ref/hk-epd/mong-kok; may be repeated");
  command->add_option("--from", options->from, "From this time on; local unless it has an offset");
  command->add_option("--to", options->to, "Before this time");
  command->add_flag("--json", options->is_json, "The same as --format json");
  command->add_option("--format", options->format, "csv, or json: lines as they are published")
      ->one_of({"csv", "json"})
      ->shows_default();
  command->add_option("--output", options->output, "Into this file instead of standard output");
  add_subcommands("export", *command, code);
  command->callback([choice, options, &code] { code = run_export(*choice, *options); });
}

}  // namespace

extern const Subcommand export_command = {.place = 8, .add = add_export};

}  // namespace twinsky
