// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/export_netcdf.hpp"

#include "gateway/commands/exported_places.hpp"
#include "gateway/text/json_scanner.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <limits>

namespace twinsky {
namespace {

constexpr std::string_view corrected_ending = "_corrected";
// A record's other numbers that are worth a column.
constexpr std::string_view amends_key = "amends";
constexpr std::string_view reference_key = "gas_reference_k";
constexpr std::string_view clock_key = "clock";

struct ReadCell {
  std::string_view key;  // lives as long as the body
  std::optional<double> value;
  std::int8_t flag = 1;
};

// What of a body goes into the file.
struct ReadRecord {
  std::vector<ReadCell> cells;
  std::optional<UtcTime> start;
  std::optional<UtcTime> end;
  std::optional<double> amends;
  std::optional<double> gas_reference_k;
  bool is_clock_unset = false;

  [[nodiscard]] std::optional<double> extra(std::string_view key) const {
    if (key == amends_key) return amends;
    if (key == reference_key) return gas_reference_k;
    return is_clock_unset ? std::optional(1.0) : std::nullopt;
  }
};

const QuantityInfo* quantity_behind(std::string_view key) {
  if (key.ends_with(corrected_ending)) key.remove_suffix(corrected_ending.size());
  const auto quantity = quantity_named(key);
  return quantity ? &info_of(*quantity) : nullptr;
}

bool read_cell(JsonScanner& scanner, std::string_view key, ReadRecord& record) {
  ReadCell& cell = record.cells.emplace_back(ReadCell{key, std::nullopt, 1});
  if (scanner.take_null()) return true;
  cell.value = scanner.take_number();
  if (cell.value) return true;
  record.cells.pop_back();  // an hour's means
  return scanner.skip();
}

bool read_flags(JsonScanner& scanner, ReadRecord& record) {
  return scanner.members([&](std::string_view key) {
    const auto flag = scanner.take_number();
    const auto cell = std::ranges::find(record.cells, key, &ReadCell::key);
    if (flag && cell != record.cells.end()) cell->flag = static_cast<std::int8_t>(*flag);
    return flag.has_value();
  });
}

// The same one again and again, for its memory.
void read_record(std::string_view body, ReadRecord& record) {
  record = ReadRecord{.cells = std::move(record.cells)};
  record.cells.clear();
  JsonScanner scanner(body);
  scanner.members([&](std::string_view key) {
    const auto take = [&](std::optional<double>& number) {
      number = scanner.take_number();
      return number || scanner.skip();
    };
    const auto take_time = [&](std::optional<UtcTime>& time) {
      const auto text = scanner.take_string();
      if (text) time = parse_time(*text);
      return text.has_value();
    };
    if (quantity_behind(key) != nullptr) return read_cell(scanner, key, record);
    if (key == "flags") return read_flags(scanner, record);
    if (key == "start") return take_time(record.start);
    if (key == "end") return take_time(record.end);
    if (key == amends_key) return take(record.amends);
    if (key == reference_key) return take(record.gas_reference_k);
    if (key == clock_key) record.is_clock_unset = true;
    return scanner.skip();
  });
}

// What the rows have, seen before the first of them is written.
struct Survey {
  std::vector<std::string> streams;
  std::vector<std::string> keys;  // of quantities, in the order in which they came
  std::set<std::string_view> extras;
  std::uint64_t rows = 0;
  std::uint64_t with_interval = 0;
  std::optional<UtcTime> first;
  std::optional<UtcTime> last;
  RowId last_row = 0;

  void note(const std::string& stream, UtcTime time, const ReadRecord& record) {
    if (std::ranges::find(streams, stream) == streams.end()) streams.push_back(stream);
    for (const ReadCell& cell : record.cells) {
      if (std::ranges::find(keys, cell.key) == keys.end()) keys.emplace_back(cell.key);
    }
    for (const std::string_view key : {amends_key, reference_key, clock_key}) {
      if (record.extra(key)) extras.insert(key);
    }
    ++rows;
    if (record.start && record.end) ++with_interval;
    first = first ? std::min(*first, time) : time;
    last = last ? std::max(*last, time) : time;
  }
};

// Of moments and intervals in one file no method is true of all.
std::string_view method_of(const QuantityInfo& quantity, const Survey& survey) {
  if (quantity.averaging == Averaging::none) return {};
  if (survey.with_interval == survey.rows) {
    if (quantity.averaging == Averaging::sum) return "sum";
    return quantity.averaging == Averaging::maximum ? "maximum" : "mean";
  }
  const bool is_of_a_moment =
      quantity.averaging == Averaging::mean || quantity.averaging == Averaging::vector;
  return survey.with_interval == 0 && is_of_a_moment ? "point" : "";
}

NetcdfVariable extra_column(std::string_view key) {
  if (key == amends_key) return cf_counts(key, "seq of the record that this one replaces");
  if (key == clock_key)
    return cf_counts("clock_unset", "1: the clock was not set, time is a guess");
  NetcdfVariable made =
      cf_counts(key, "temperature that gases in ug m-3 are reckoned for, at 1013.25 hPa");
  for (NetcdfAttribute& attribute : made.attributes) {
    if (attribute.name == "units") attribute.value = std::string("K");
  }
  return made;
}

CfTable table_of(const Survey& survey, const StoreChoice& choice, const ChosenStore& store) {
  ExportedOrigin origin = origin_of(survey.streams, choice);
  CfTable::Shape shape{.places = std::move(origin.places),
                       .columns = {cf_counts("seq", "number of the record in its epoch")},
                       .has_bounds = survey.with_interval > 0,
                       .has_epochs = true,
                       .attributes = {}};
  for (const std::string& key : survey.keys) {
    const QuantityInfo& quantity = *quantity_behind(key);
    shape.columns.push_back(cf_values(key, quantity, method_of(quantity, survey), {"_flag"}));
    shape.columns.push_back(cf_flags(key, quantity));
  }
  for (const std::string_view key : survey.extras) shape.columns.push_back(extra_column(key));
  const auto put = [&shape](std::string name, std::string text) {
    if (!text.empty()) shape.attributes.push_back({std::move(name), std::move(text)});
  };
  put("title", "Records of the gateway " + (store.gateway.empty() ? "?" : store.gateway));
  put("source", origin.source);
  put("history", iso8601(SystemClock(true).utc()) + " twinsky export --format netcdf");
  put("license", origin.licence);
  put("attribution", origin.attribution);
  put("comment",
      "station_name, epoch and seq name a record, as where it is published. time is the end of its "
      "time_bnds; of a moment both of these are time. A value that is missing has the flag 9; one "
      "whose flag is missing is not of that record.");
  if (survey.first) {
    put("time_coverage_start", iso8601(*survey.first));
    put("time_coverage_end", iso8601(*survey.last));
  }
  return CfTable(std::move(shape));
}

// In the order of table_of().
void fill_cells(const Survey& survey, std::uint64_t seq, const ReadRecord& record,
                std::vector<std::optional<double>>& cells) {
  cells.assign({static_cast<double>(seq)});
  for (const std::string& key : survey.keys) {
    const auto cell = std::ranges::find(record.cells, key, &ReadCell::key);
    const bool is_there = cell != record.cells.end();
    cells.push_back(is_there ? cell->value : std::nullopt);
    cells.push_back(is_there ? std::optional<double>(cell->flag) : std::nullopt);
  }
  for (const std::string_view key : survey.extras) cells.push_back(record.extra(key));
}

}  // namespace

bool export_netcdf(const StoreChoice& choice, const ChosenStore& store,
                   const RowSelection& selection, UnreadableRows& unreadable, std::ostream& out) {
  Survey survey;
  ReadRecord record;
  survey.last_row =
      each_exported_row(store.path, selection, all_rows, unreadable, [&](const ExportedRow& row) {
        read_record(row.row.body, record);
        if (record.cells.empty()) return;
        survey.note(row.stream, row.row.time, record);
      });
  if (survey.rows > std::numeric_limits<std::int32_t>::max()) {
    std::cerr << "twinsky export: a netCDF file has at most 2147483647 records; choose a shorter "
                 "time with --from and --to\n";
    return false;
  }
  const CfTable table = table_of(survey, choice, store);
  out << table.head(static_cast<std::uint32_t>(survey.rows));
  std::string bytes;
  std::vector<std::optional<double>> cells;
  std::uint64_t written = 0;
  each_exported_row(
      store.path, selection, survey.last_row, unreadable, [&](const ExportedRow& row) {
        read_record(row.row.body, record);
        if (record.cells.empty() || written == survey.rows) return;
        ++written;
        fill_cells(survey, row.row.seq, record, cells);
        const auto place = std::ranges::find(survey.streams, row.stream);
        const UtcTime time = row.row.time;
        bytes.clear();
        table.append(bytes, {.place = static_cast<std::size_t>(place - survey.streams.begin()),
                             .time = time,
                             .start = record.start.value_or(time),
                             .end = record.end.value_or(time),
                             .epoch = row.epoch,
                             .cells = &cells});
        out << bytes;
      });
  if (written == survey.rows) return true;
  std::cerr << "twinsky export: " << survey.rows - written
            << " rows were deleted while the file was written, which is of no use; try again\n";
  return false;
}

}  // namespace twinsky
