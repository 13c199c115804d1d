// SPDX-License-Identifier: Apache-2.0
// `twinsky export hours`: the hours of sensors and official stations as one flat table, a row an
// hour, with the means of eight hours and of the day that standards ask for.
#include "gateway/commands/export_hours.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/station_names.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/compare/reference_hours.hpp"
#include "gateway/hours/longer_means.hpp"
#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/text/csv.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

struct ExportHoursOptions {
  std::vector<std::string> sensors;
  std::vector<std::string> stations;
  std::string from;
  std::string to;
  std::string format = "csv";
  std::string output;
};

// What a row is of: "roof-pm", "hk-epd/mong-kok".
struct Source {
  std::string name;
  std::vector<std::string> streams;  // an hour that stands in several is that of the last
  bool is_official = false;
};

struct Period {
  UtcTime from;
  UtcTime to;
};

std::map<UtcTime, HourCells> hours_of(StoreReader& reader, const Source& source, Quantity quantity,
                                      Period period) {
  std::map<UtcTime, HourCells> hours;
  for (const std::string& stream : source.streams) {
    if (!source.is_official) {
      for (const HourRow& row : reader.hours(stream, quantity, period.from, period.to)) {
        hours[row.start] = {row.hour.value, row.hour.is_valid(), row.hour};
      }
      continue;
    }
    for (const ReferenceHour& hour :
         reference_hours(reader.official(stream, quantity, period.from, period.to))) {
      hours[hour.hour] = {hour.value, hour.counts()};
    }
  }
  return hours;
}

// Means of the hours before reach back beyond the first row that is wanted.
void add_quantity(StoreReader& reader, const Source& source, Quantity quantity, Period period,
                  const DayStandard& standard, HourTable& table) {
  const Period read{first_hour_for(period.from, standard.zone), period.to};
  const auto hours = hours_of(reader, source, quantity, read);
  ValidHours valid;
  for (const auto& [start, cells] : hours) {
    if (cells.is_valid && cells.value) valid[start] = *cells.value;
  }
  for (const auto& [start, cells] : hours) {
    if (start < period.from) continue;
    HourCells& made = table.rows[start][quantity] = cells;
    if (has_longer_means(quantity)) made.longer = longer_means(quantity, start, valid, standard);
  }
}

// ---- as CSV -------------------------------------------------------------------------------------

void print_header(const std::map<Quantity, LongerMeans>& quantities, std::ostream& out) {
  out << "hour_start,hour_end,day,source";
  for (const auto& [quantity, longer] : quantities) {
    const QuantityInfo& info = info_of(quantity);
    const auto column = [&](std::string_view ending, bool has_unit) {
      out << ',' << info.name << ending;
      if (has_unit) out << " [" << info.display_unit << ']';
    };
    column("", true);
    column("_n", false);
    column("_expected", false);
    column("_valid", false);
    column("_minimum", true);
    column("_maximum", true);
    column("_deviation", true);
    if (longer.eight_hours) {
      column("_mean_8h", true);
      column("_hours_8h", false);
    }
    if (longer.day) {
      column(longer.day->is_maximum_8h ? "_day_maximum_8h" : "_day_mean", true);
      column("_day_hours", false);
    }
  }
  out << '\n';
}

void print(const HourCells& cells, const LongerMeans& columns, std::ostream& out) {
  out << ',' << exact_cell(cells.value) << ',';
  if (cells.own) out << cells.own->used;
  out << ',';
  if (cells.own) out << cells.own->expected;
  out << ',' << (cells.is_valid ? 1 : 0);
  if (cells.own) {
    out << ',' << exact_cell(cells.own->minimum) << ',' << exact_cell(cells.own->maximum) << ','
        << exact_cell(cells.own->deviation);
  } else {
    out << ",,,";
  }
  if (columns.eight_hours) {
    out << ',' << exact_cell(cells.longer.eight_hours->mean) << ','
        << cells.longer.eight_hours->hours;
  }
  if (columns.day)
    out << ',' << exact_cell(cells.longer.day->value) << ',' << cells.longer.day->hours;
}

void print_nothing(const LongerMeans& columns, std::ostream& out) {
  out << ",,,,,,,";
  if (columns.eight_hours) out << ",,";
  if (columns.day) out << ",,";
}

void print(const HourTable& table, const std::map<Quantity, LongerMeans>& quantities,
           const Zone& zone, std::ostream& out) {
  constexpr std::size_t date_length = 10;
  for (const auto& [start, of] : table.rows) {
    out << iso8601(start) << ',' << iso8601(start + 1h) << ','
        << iso8601(day_of_hours(start, zone).date).substr(0, date_length) << ',' << table.source;
    for (const auto& [quantity, columns] : quantities) {
      const auto found = of.find(quantity);
      if (found == of.end()) {
        print_nothing(columns, out);
      } else {
        print(found->second, columns, out);
      }
    }
    out << '\n';
  }
}

// ---- what was asked for -------------------------------------------------------------------------

// Nothing: the store has no such stream, which is said.
std::optional<Source> source_of(const std::string& name, bool is_official, const std::string& store,
                                const std::vector<std::string>& known) {
  const std::string stream = (is_official ? "ref/" : "sensor/") + name;
  std::vector<std::string> streams = names_of_station(stream);
  if (streams.empty()) streams = {stream};
  std::ranges::reverse(streams);
  std::erase_if(streams, [&known](const std::string& each) {
    return std::ranges::find(known, each) == known.end();
  });
  if (!streams.empty()) return Source{name, std::move(streams), is_official};
  std::cerr << "twinsky export hours: " << store << " has no "
            << (is_official ? "station " : "sensor ") << name << "; it has:";
  const std::string_view kind = is_official ? "ref/" : "sensor/";
  for (const std::string& each : known) {
    const bool is_hour = each.ends_with("/hour");
    if (each.starts_with(kind) && !is_hour) std::cerr << ' ' << each.substr(kind.size());
  }
  std::cerr << '\n';
  return std::nullopt;
}

int run_export(const StoreChoice& choice, const ExportHoursOptions& options) {
  if (options.sensors.empty() && options.stations.empty()) {
    throw WrongUsage("--sensor", "expected one, or a --station");
  }
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  const Period period{
      .from = time_option("--from", options.from, chosen->zone).value_or(UtcTime{}),
      .to = time_option("--to", options.to, chosen->zone).value_or(SystemClock(true).utc())};
  const DayStandard standard = day_standard_of(chosen->jurisdiction, chosen->zone);
  const auto reader = open_store_reader(chosen->path);
  const std::vector<std::string> known = reader->streams();
  std::vector<Source> sources;
  for (const bool is_official : {false, true}) {
    for (const std::string& name : is_official ? options.stations : options.sensors) {
      auto source = source_of(name, is_official, chosen->path, known);
      if (!source) return exit_failed;
      sources.push_back(*std::move(source));
    }
  }
  const std::size_t steps = sources.size() * quantity_catalogue().size();
  Progress progress("twinsky export hours", steps);
  std::uint64_t step = 0;
  std::vector<HourTable> tables;
  std::map<Quantity, LongerMeans> quantities;  // with what means they have
  for (const Source& source : sources) {
    HourTable& table = tables.emplace_back();
    table.source = source.name;
    table.is_official = source.is_official;
    for (const QuantityInfo& info : quantity_catalogue()) {
      add_quantity(*reader, source, info.quantity, period, standard, table);
      progress.reach(++step);
    }
    for (const auto& [start, row] : table.rows) {
      for (const auto& [quantity, cells] : row) quantities[quantity] = cells.longer;
    }
  }
  std::ofstream file;
  if (!options.output.empty()) file.open(options.output, std::ios::binary | std::ios::trunc);
  std::ostream& out = options.output.empty() ? std::cout : file;
  if (options.format == "netcdf") {
    export_hours_netcdf(choice, *chosen, tables, out);
  } else {
    print_header(quantities, out);
    for (const HourTable& table : tables) print(table, quantities, standard.zone, out);
  }
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
      "Write hours of sensors and official stations as one flat table (CSV, or netCDF): "
      "hour_start, hour_end, "
      "the local day, the source; then for each quantity its value, samples used (n) and expected, "
      "whether it is valid (1 or 0), minimum, maximum and deviation, and of those with limits for "
      "longer times the means of eight hours and of the day as of this hour");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<ExportHoursOptions>();
  command->add_option("--sensor", options->sensors, "This sensor; may be repeated");
  command->add_option("--station", options->stations,
                      "This official station, e.g. hk-epd/mong-kok; may be repeated");
  command->add_option("--from", options->from, "Hours that begin at this time or later");
  command->add_option("--to", options->to, "Hours that begin before this time");
  command
      ->add_option("--format", options->format,
                   "csv, or netcdf: one CF-netCDF file of the hours, without the longer means")
      ->one_of({"csv", "netcdf"})
      ->shows_default();
  command->add_option("--output", options->output, "Into this file instead of standard output");
  command->callback([choice, options, &code] { code = run_export(*choice, *options); });
}

}  // namespace

extern const Subcommand export_hours_command = {
    .of = "export", .place = 2, .add = add_export_hours};

}  // namespace twinsky
