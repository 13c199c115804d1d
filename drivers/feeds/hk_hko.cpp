// SPDX-License-Identifier: Apache-2.0
// Hong Kong Observatory: the automatic weather stations.
//
//   Date time,Automatic Weather Station,10-Minute Mean Wind Direction(Compass points),10-Minute …
//   202507200020,Central Pier,West,19,29                      km/h
//   202507200020,Wong Chuk Hang,Calm,1,                       no gust
//   202507200020,Shek Kong,Variable,N/A,N/A
//
// Label: a stamp ends its interval: a 1-minute mean stamped t is [t-60 s, t), the 10-minute wind
// [t-600 s, t), the 15-minute UV index [t-900 s, t), the rain of the past hour [t-3600 s, t); the
// files come every ten minutes, about ten minutes late. Zone: Hong Kong time without saying so in
// the CSV files, +08:00 in the JSON ones. Pressure is reduced to sea level. `rhrread` prints whole
// degrees and the rain of districts (places
// of their own, `sha-tin-district`); `hourlyRainfall` is a rolling hour, so its rows must not be
// summed; `warnsum` has the warnings in force and no readings. Read from
// data.weather.gov.hk/weatherAPI/ (listed on data.gov.hk); the Observatory's web site itself stands
// under stricter terms and is not read.
#include "drivers/driver.hpp"
#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/columns.hpp"
#include "drivers/feeds/feed_settings.hpp"
#include "drivers/feeds/hk_hko_table.hpp"
#include "drivers/feeds/hk_hko_warnings.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/samples.hpp"
#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/stations.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/zone.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace twinsky {
namespace {

using enum Quantity;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view uv_station = "King's Park";

// What decoding a document gathers.
struct Draft {
  const Stations& stations;
  StationSamples samples;
  std::vector<std::string> problems;
  std::vector<Quantity> columns;
  std::optional<FeedFailure> partly;
};

Unexpected<FeedFailure> failure(FeedFault fault, std::string what) {
  return Unexpected{FeedFailure{fault, std::move(what)}};
}

// ---- the documents --------------------------------------------------------------------------

struct Document {
  std::string_view name;
  std::string_view path;    // under the base; the edition comes behind it; empty: a table
  milliseconds cadence{0};  // 0: as the feed
  std::span<const Quantity> columns = {};  // of a table
};
constexpr std::string_view tables = "/weatherAPI/hko_data/regional-weather/";
constexpr std::array<Quantity, 1> of_temperature = {temperature};
constexpr std::array<Quantity, 1> of_humidity = {humidity};
constexpr std::array<Quantity, 1> of_pressure = {pressure_sea_level};
constexpr std::array<Quantity, 3> of_wind = {wind_dir, wind_speed, wind_gust};
constexpr std::array<Quantity, 1> of_sunshine = {solar_radiation};
constexpr std::array<Quantity, 1> of_uv = {uv_index};
constexpr auto documents = std::to_array<Document>({
    {"latest_1min_temperature", {}, {}, of_temperature},
    {"latest_1min_humidity", {}, {}, of_humidity},
    {"latest_1min_pressure", {}, {}, of_pressure},
    {"latest_10min_wind", {}, {}, of_wind},
    {"latest_1min_solar", {}, {}, of_sunshine},
    {"latest_15min_uvindex", {}, minutes(15), of_uv},
    {"rhrread", "/weatherAPI/opendata/weather.php?dataType=rhrread&lang=", hours(1)},
    {"hourlyRainfall", "/weatherAPI/opendata/hourlyRainfall.php?lang=", minutes(15)},
    {"warnsum", "/weatherAPI/opendata/weather.php?dataType=warnsum&lang=", {}},
});
constexpr auto document_names = [] {
  std::array<std::string_view, documents.size()> names;
  std::ranges::transform(documents, names.begin(), &Document::name);
  return names;
}();

// Null: not known which was asked for.
const Document* document_named(std::string_view name) {
  const auto* found = std::ranges::find(documents, name, &Document::name);
  return found == documents.end() ? nullptr : found;
}

Unexpected<FeedFailure> another_document(const Document& asked, std::string_view instead) {
  return failure(FeedFault::grammar_changed,
                 "another document than the one asked for: " + std::string(instead) +
                     " instead of " + in_quotes(asked.name));
}

// ---- tables ---------------------------------------------------------------------------------

// A row may have more cells than the header as long as they are empty ("Calm,Calm,2,").
bool fits_header(const CsvRow& row, std::size_t columns) {
  return row.cells.size() >= columns &&
         std::all_of(row.cells.begin() + static_cast<std::ptrdiff_t>(columns), row.cells.end(),
                     [](const std::string& cell) { return trimmed(cell).empty(); });
}

Reading wind_direction(std::string_view cell) {
  return reading_of(wind_dir, cell, compass_degrees(cell));
}

// Columns that belong to the table must be in it; filled or not is another matter.
std::optional<FeedFailure> check_columns(const HkoTable& table, const Document* asked,
                                         Draft& draft) {
  Columns columns;
  for (const HkoColumn& column : table.columns) columns.see(column.quantity);
  for (const std::string& name : table.unknown) columns.see_unknown(name);
  draft.columns = columns.seen();
  if (asked == nullptr) return std::nullopt;
  for (const Quantity quantity : asked->columns) columns.expect(quantity);
  auto absent = columns.absent();
  const bool is_another = std::ranges::none_of(
      asked->columns, [&](Quantity quantity) { return columns.has(quantity); });
  if (is_another) return absent;
  draft.partly = std::move(absent);
  return std::nullopt;
}

std::optional<FeedFailure> read_table(std::string_view text, const Document* asked, Draft& draft) {
  const auto csv = parse_csv(text);
  if (!csv) return csv.error();
  const auto table = read_hko_header(csv->header);
  if (!table) return table.error();
  draft.problems.insert(draft.problems.end(), table->problems.begin(), table->problems.end());
  if (auto wrong = check_columns(*table, asked, draft)) return wrong;
  if (csv->is_cut) {
    draft.partly = FeedFailure{FeedFault::truncated,
                               "the text ends without a line end, so its last row is left out"};
  }
  for (const CsvRow& row : csv->rows) {
    const std::string line = "line " + std::to_string(row.line) + ": ";
    if (!fits_header(row, csv->header.size())) {
      draft.problems.push_back(line + std::to_string(row.cells.size()) + " cells, expected " +
                               std::to_string(csv->header.size()));
      continue;
    }
    const std::string_view name = table->station ? row.cells[*table->station] : uv_station;
    const auto time = table->time_of_row(row);
    const auto station = draft.stations.id_of(name);
    if (!time || !station) {
      draft.problems.push_back(line + (time ? "no station: " + in_quotes(name) : "no time"));
      continue;
    }
    for (const HkoColumn& column : table->columns) {
      const std::string& cell = row.cells[column.at];
      draft.samples.add(*station, ending_at(*time, column.length),
                        column.quantity == wind_dir
                            ? wind_direction(cell)
                            : reading_of(column.quantity, cell, column.factor));
    }
  }
  return std::nullopt;
}

// ---- JSON -----------------------------------------------------------------------------------

// The entries of `report.<block>.data`; a block that has nothing to say is "" or not there.
std::span<const JsonValue> entries_of(const JsonValue& report, std::string_view block) {
  const JsonValue* found = report.find(block);
  const JsonValue* data = found == nullptr ? nullptr : found->find("data");
  if (data == nullptr) return {};
  return data->children;
}

std::optional<UtcTime> stamp_at(const JsonValue& report, std::string_view block,
                                std::string_view name) {
  const JsonValue* found = report.find(block);
  return found == nullptr ? std::nullopt : parse_time(found->text_at(name), china_offset);
}

struct Block {
  std::string_view name;
  std::string_view value;  // the key of an entry's value
  std::string_view unit;   // what the entry must say; empty: nothing
  Quantity quantity;
  PlaceKind places = PlaceKind::station;
};

void read_block(const JsonValue& report, const Block& block, const TimeInterval& interval,
                UtcTime issued, Draft& draft) {
  for (const JsonValue& entry : entries_of(report, block.name)) {
    const std::string_view place = entry.text_at("place");
    const auto station = draft.stations.id_of(place, block.places);
    if (!station || entry.text_at("unit") != block.unit) {
      draft.problems.push_back(std::string(block.name) + " without place or in another unit: " +
                               in_quotes(entry.text_at("unit")));
      continue;
    }
    Reading reading = reading_of(block.quantity, entry.text_at(block.value));
    if (lower_case(entry.text_at("main")) == "true") {  // the gauges are under maintenance
      reading = reading_of(block.quantity, entry.text_at(block.value), std::nullopt);
    }
    draft.samples.add(*station, interval, std::move(reading));
    draft.samples.official(*station, interval).issued = issued;
  }
}

std::optional<FeedFailure> read_current_report(const JsonValue& report, Draft& draft) {
  const auto issued = parse_time(report.text_at("updateTime"), china_offset);
  if (!issued) return FeedFailure{FeedFault::grammar_changed, "a report without updateTime"};
  for (const Block& block : {Block{"temperature", "value", "C", temperature},
                             Block{"humidity", "value", "percent", humidity}}) {
    const UtcTime time = stamp_at(report, block.name, "recordTime").value_or(*issued);
    read_block(report, block, ending_at(time, minutes(1)), *issued, draft);
  }
  // Rain says its own hour (…:45 to …:45); "the past hour" is what a cut report leaves to say.
  const UtcTime rain_end = stamp_at(report, "rainfall", "endTime").value_or(*issued);
  const UtcTime rain_start =
      stamp_at(report, "rainfall", "startTime").value_or(rain_end - hours(1));
  if (rain_start >= rain_end) {
    draft.problems.emplace_back("rainfall that ends before it starts");
  } else {
    // The most that any gauge of a district has seen: of the district, not of the station that
    // has its name.
    read_block(report, {"rainfall", "max", "mm", rain_1h, PlaceKind::district},
               {rain_start, rain_end}, *issued, draft);
  }
  // "During the past hour": the clock hour before the report.
  read_block(report, {"uvindex", "value", "", uv_index}, ending_at(floor<hours>(*issued), hours(1)),
             *issued, draft);
  return std::nullopt;
}

std::optional<FeedFailure> read_gauges(const JsonValue& report, Draft& draft) {
  const auto time = parse_time(report.text_at("obsTime"), china_offset);
  if (!time) return FeedFailure{FeedFault::grammar_changed, "gauges without obsTime"};
  for (const JsonValue& entry : report.find("hourlyRainfall")->children) {
    const std::string_view name = entry.text_at("automaticWeatherStation");
    const auto station = draft.stations.id_of(name);
    if (!station || entry.text_at("unit") != "mm") {
      draft.problems.push_back("gauge without name or in another unit: " +
                               in_quotes(entry.text_at("unit")));
      continue;
    }
    draft.samples.add(*station, ending_at(*time, hours(1)),
                      reading_of(rain_1h, entry.text_at("value")));
  }
  return std::nullopt;
}

Result<FeedContent, FeedFailure> finished(Draft& draft) {
  FeedContent content{.samples = draft.samples.take(),
                      .problems = std::move(draft.problems),
                      .partly = std::move(draft.partly),
                      .columns = std::move(draft.columns)};
  std::ranges::move(draft.samples.doubles(), std::back_inserter(content.problems));
  if (!content.samples.empty()) return content;
  if (content.partly) return Unexpected{*std::move(content.partly)};
  if (content.problems.empty()) return failure(FeedFault::empty, "no station inside");
  return failure(FeedFault::grammar_changed, content.problems.front());
}

bool are_gauges(const JsonValue& report) {
  const JsonValue* const gauges = report.find("hourlyRainfall");
  return gauges != nullptr && gauges->is_list();
}

bool is_current_report(const JsonValue& report) {
  return report.find("temperature") || report.find("humidity") || report.find("rainfall");
}

// Which of the JSON documents it looks like; empty: none that is known.
std::string_view kind_of(const JsonValue& report) {
  if (are_gauges(report)) return "hourlyRainfall";
  if (is_current_report(report)) return "rhrread";
  return warnings_in(report) ? "warnsum" : "";
}

Result<FeedContent, FeedFailure> read_report(const JsonValue& report, const Document* asked,
                                             Draft& draft) {
  // Nothing inside is good weather in the summary of warnings, and nothing in all others.
  const bool is_bare = report.is_object() && report.children.empty();
  if (is_bare && (asked == nullptr || asked->name != "warnsum")) {
    return failure(FeedFault::empty, "an object without members");
  }
  const std::string_view kind = kind_of(report);
  if (kind.empty()) return failure(FeedFault::grammar_changed, "JSON of an unknown kind");
  if (asked != nullptr && kind != asked->name) return another_document(*asked, in_quotes(kind));
  if (kind == "warnsum") {
    return FeedContent{
        .samples = {}, .problems = std::move(draft.problems), .warnings = warnings_in(report)};
  }
  auto wrong = kind == "rhrread" ? read_current_report(report, draft) : read_gauges(report, draft);
  if (wrong) return Unexpected{*std::move(wrong)};
  return finished(draft);
}

Result<FeedContent, FeedFailure> decode_hk_hko(const FeedResponse& response,
                                               const Stations& stations) {
  Draft draft{stations, StationSamples(response.received, Doubles::contradict), {}, {}, {}};
  const Document* const asked = document_named(response.request.name);
  const auto text = readable_text(response.body, draft.problems);
  if (!text) return Unexpected{text.error()};
  const char first = trimmed(*text).front();
  if (first == '<') return failure(FeedFault::grammar_changed, "XML instead of a table or JSON");
  const bool is_table = first != '{' && first != '[';
  if (asked != nullptr && is_table != asked->path.empty()) {
    return another_document(*asked, is_table ? "a table" : "JSON");
  }
  if (is_table) {
    if (auto wrong = read_table(*text, asked, draft)) return Unexpected{*std::move(wrong)};
    return finished(draft);
  }
  const auto report = parse_json(*text);
  if (!report) return Unexpected{report.error()};
  return read_report(*report, asked, draft);
}

// ---- the feed -------------------------------------------------------------------------------

constexpr auto settings = declare_feed_settings(
    "https://data.weather.gov.hk",
    R"(["latest_1min_temperature","latest_1min_humidity","latest_1min_pressure","latest_10min_wind","warnsum"])",
    "10min");

class HkHko final : public Feed {
 public:
  explicit HkHko(const Settings& chosen)
      : base_(base_of(chosen)),
        edition_(chosen.text("edition")),
        documents_(chosen.texts("documents")),
        stations_(embedded_file("config/reference/hongkong.json"), "hk-hko") {}

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime) const override {
    std::vector<FeedRequest> requests;
    for (const std::string& name : documents_) {
      const auto* document = std::ranges::find(documents, name, &Document::name);
      if (document == documents.end()) continue;
      requests.push_back({.name = name,
                          .url = address_of(*document),
                          .headers = {},
                          .cadence = document->cadence});
    }
    return requests;
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    return decode_hk_hko(response, stations_);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    return stations_.find(id);
  }

  [[nodiscard]] std::vector<const ReferenceStation*> stations() const override {
    return stations_.all();
  }

 private:
  [[nodiscard]] std::string address_of(const Document& document) const {
    if (!document.path.empty()) return base_ + std::string(document.path) + edition_;
    const std::string_view suffix = edition_ == "tc" ? "_uc" : edition_ == "sc" ? "_sc" : "";
    std::string url = base_ + std::string(tables) + std::string(document.name);
    return url.append(suffix).append(".csv");
  }

  const std::string base_;
  const std::string edition_;
  const std::vector<std::string> documents_;
  const Stations stations_;
};

constexpr std::array<Quantity, 9> quantities = {temperature, humidity,        pressure_sea_level,
                                                wind_speed,  wind_gust,       wind_dir,
                                                rain_1h,     solar_radiation, uv_index};

}  // namespace

extern const FeedInfo hk_hko = {
    .name = "hk-hko",
    .summary = "Hong Kong weather: automatic stations of the Observatory",
    .publisher = "Hong Kong Observatory, Government of the Hong Kong SAR",
    .licence = "Terms and Conditions of Use of DATA.GOV.HK",
    .licence_url = "https://data.gov.hk/en/terms-and-conditions",
    .attribution =
        "Source: Hong Kong Observatory, the Government of the Hong Kong Special "
        "Administrative Region, by way of DATA.GOV.HK",
    .may_be_redistributed = true,
    .label = Label::ending,
    .zone = "Asia/Hong_Kong",
    .base_url = "https://data.weather.gov.hk",
    .cadence = minutes(10),
    .delay = minutes(10),
    .quantities = quantities,
    .documents = document_names,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<HkHko>(chosen);
    },
    .check = [](const Settings& chosen) { return unknown_document(chosen, document_names); },
};

}  // namespace twinsky
