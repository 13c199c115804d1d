// SPDX-License-Identifier: Apache-2.0
// OpenAQ, version 3: measurements of any station of the world, for places that no feed of an agency
// covers.
//
//   {"meta": {"page": 1, "limit": 1000, "found": 2},
//    "results": [{"value": 6, "parameter": {"name": "pm25", "units": "µg/m³"},
//                 "period": {"datetimeFrom": {"utc": "2023-10-16T12:00:00+00:00", "local": …},
//                            "datetimeTo":   {"utc": "2023-10-16T13:00:00+00:00", "local": …}},
//                 "flagInfo": {"hasFlags": false}, "coverage": {"percentComplete": 100, …}}]}
//
// The oldest come first, and nothing in the request changes that, so all pages are asked for (at
// most `most_pages`). `found` is a number, or ">1000". A row that OpenAQ flags, or of whose
// interval it has less than three quarters, is suspect with that reason.
// Label: both ends are printed, in UTC. Units differ from sensor to sensor, so each row's own is
// read. The reference state of gases in ug/m3 is not printed: it is a setting, and without it
// there is no ppb beside. An answer does not name its station; the setting `sensors` does.
// Read from api.openaq.org with a free key. Each source of OpenAQ has a licence of its own, which
// the operator must look up (`/v3/locations/ID`): hence `terms`.
#include "drivers/driver.hpp"
#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/feed_settings.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/samples.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/gas.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

namespace twinsky {
namespace {

using enum Quantity;
using std::chrono::hours;

struct KnownParameter {
  std::string_view name;  // lower case
  Quantity mass;          // of what is printed in ug/m3, or the only quantity
};
constexpr auto known_parameters = std::to_array<KnownParameter>({
    {"pm1", pm1},
    {"pm25", pm2_5},
    {"pm2.5", pm2_5},
    {"pm4", pm4},
    {"pm10", pm10},
    {"no2", no2},
    {"o3", o3},
    {"so2", so2},
    {"co", co},
    {"no", no},
    {"nox", nox},
    {"temperature", temperature},
    {"relativehumidity", humidity},
    {"humidity", humidity},
    {"pressure", pressure},
});

struct KnownUnit {
  std::string_view unit;  // lower case, micro sign U+00B5
  std::string_view ucum;
  double factor;
};
constexpr auto known_units = std::to_array<KnownUnit>({
    {"µg/m³", "ug/m3", 1},
    {"ug/m3", "ug/m3", 1},
    {"mg/m³", "ug/m3", 1000},
    {"mg/m3", "ug/m3", 1000},
    {"ppm", "[ppb]", 1000},
    {"ppb", "[ppb]", 1},
    {"ppm", "[ppm]", 1},
    {"ppb", "[ppm]", 0.001},
    {"c", "Cel", 1},
    {"°c", "Cel", 1},
    {"%", "%", 1},
    {"hpa", "hPa", 1},
    {"mb", "hPa", 1},
});

// The Greek letter looks like the micro sign and is used as well.
std::string plain_unit(std::string_view unit) {
  std::string plain = lower_case(trimmed(unit));
  constexpr std::string_view greek = "\u03BC";
  if (plain.starts_with(greek)) plain.replace(0, greek.size(), "\u00B5");
  return plain;
}

// A daily mean is a quantity of its own; those that the catalogue does not have are nothing.
std::optional<Quantity> over_24_hours(Quantity quantity) {
  return quantity_named(std::string(name_of(quantity)) + "_24h");
}

struct Column {
  Quantity quantity{};
  double factor = 1;
};

// Where a parameter in a unit belongs, if anywhere.
std::optional<Column> column_of(std::string_view parameter, std::string_view unit) {
  const auto* known =
      std::ranges::find(known_parameters, lower_case(trimmed(parameter)), &KnownParameter::name);
  if (known == known_parameters.end()) return std::nullopt;
  const std::string plain = plain_unit(unit);
  const GasForms* gas = gas_forms(known->mass);
  for (const Quantity quantity : {known->mass, gas == nullptr ? known->mass : gas->share}) {
    const auto* fitting = std::ranges::find_if(known_units, [&](const KnownUnit& each) {
      return each.unit == plain && each.ucum == info_of(quantity).ucum;
    });
    if (fitting != known_units.end()) return Column{quantity, fitting->factor};
  }
  return std::nullopt;
}

std::optional<TimeInterval> interval_of(const JsonValue& row) {
  const auto end_of = [&](std::string_view name) -> std::optional<UtcTime> {
    const JsonValue* period = row.find("period");
    const JsonValue* end = period == nullptr ? nullptr : period->find(name);
    if (end == nullptr) return std::nullopt;
    const auto utc = parse_time(end->text_at("utc"));
    return utc ? utc : parse_time(end->text_at("local"));
  };
  const auto start = end_of("datetimeFrom");
  const auto end = end_of("datetimeTo");
  if (!start || !end || *start >= *end) return std::nullopt;
  return TimeInterval{*start, *end};
}

// Less of an interval makes no hour here either.
constexpr double least_percent = 75;

// What the source itself doubts of a row; empty: nothing.
std::string_view doubt_of(const JsonValue& row) {
  const JsonValue* const flags = row.find("flagInfo");
  if (flags != nullptr && flags->text_at("hasFlags") == "true") return "source";
  const JsonValue* const coverage = row.find("coverage");
  if (coverage == nullptr) return {};
  for (const std::string_view share : {"percentComplete", "percentCoverage"}) {
    const auto percent = number_in(coverage->text_at(share));
    if (percent && *percent < least_percent) return "coverage";
  }
  return {};
}

struct AskedStation {
  std::string station;
  std::optional<double> gas_reference_k;
};

struct Row {
  TimeInterval interval;
  Reading reading;
  bool is_contradicted = false;  // another row says another value
};

// nullopt: it is left out, with a problem that says why.
std::optional<Row> row_of(const JsonValue& json, std::vector<std::string>& problems) {
  const JsonValue* parameter = json.find("parameter");
  const auto interval = interval_of(json);
  if (parameter == nullptr || !interval || json.find("value") == nullptr) {
    problems.emplace_back("result without value, parameter or period");
    return std::nullopt;
  }
  auto column = column_of(parameter->text_at("name"), parameter->text_at("units"));
  if (column && interval->end - interval->start == hours(24)) {
    const auto daily = over_24_hours(column->quantity);
    column = daily ? std::optional(Column{*daily, column->factor}) : std::nullopt;
  }
  if (!column) {
    problems.push_back(in_quotes(parameter->text_at("name")) + " in " +
                       in_quotes(parameter->text_at("units")) + " is not known");
    return std::nullopt;
  }
  Row row{*interval, reading_of(column->quantity, json.text_at("value"), column->factor)};
  if (const std::string_view doubt = doubt_of(json); row.reading.value && !doubt.empty()) {
    row.reading.flag = Flag::suspect;
    row.reading.reason = doubt;
  }
  return row;
}

// The same interval and quantity twice: something beats nothing, and of two values nobody knows
// which is right, so there is none.
class Rows {
 public:
  void add(Row row, std::vector<std::string>& problems) {
    const auto [place, is_new] = places_.try_emplace(
        {row.interval.start, row.interval.end, row.reading.quantity}, rows_.size());
    if (is_new) {
      rows_.push_back(std::move(row));
      return;
    }
    Row& known = rows_[place->second];
    Reading& reading = known.reading;
    if (known.is_contradicted || reading.value == row.reading.value) {
      if (row.reading.flag == Flag::suspect && reading.value) reading = std::move(row.reading);
      return;
    }
    problems.push_back("the interval to " + iso8601(known.interval.end) +
                       " stands there more than once, with " +
                       std::string(name_of(reading.quantity)) + " " + in_quotes(reading.text) +
                       " and " + in_quotes(row.reading.text));
    if (!row.reading.value) return;
    if (reading.value) {
      known.is_contradicted = true;
      reading = reading_of(reading.quantity, reading.text + "; " + row.reading.text);
      return;
    }
    reading = std::move(row.reading);
  }
  [[nodiscard]] const std::vector<Row>& all() const { return rows_; }

 private:
  std::vector<Row> rows_;
  std::map<std::tuple<UtcTime, UtcTime, Quantity>, std::size_t> places_;
};

void add_row(const Row& row, const AskedStation& place, StationSamples& samples) {
  samples.add(place.station, row.interval, row.reading);
  if (!place.gas_reference_k || info_of(row.reading.quantity).ucum != "ug/m3") return;
  if (auto share = share_beside(row.reading, *place.gas_reference_k)) {
    samples.add(place.station, row.interval, *std::move(share));
    samples.official(place.station, row.interval).gas_reference_k = place.gas_reference_k;
  }
}

// ---- pages ----------------------------------------------------------------------------------

constexpr std::uint64_t rows_of_a_page = 1000;  // as many as OpenAQ gives
constexpr std::uint64_t most_pages = 20;        // a value every five seconds for a day
constexpr std::string_view page_key = "&page=";

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

// Of the request's address; the first has none.
std::uint64_t page_of(std::string_view url) {
  const auto at = url.rfind(page_key);
  if (at == std::string_view::npos) return 1;
  return whole_number(url.substr(at + page_key.size())).value_or(1);
}

// The request for the page behind an answer; nullopt where it is the last.
std::optional<FeedRequest> next_page_of(const FeedRequest& request, const JsonValue& answer,
                                        std::size_t rows, std::vector<std::string>& problems) {
  const JsonValue* const meta = answer.find("meta");
  if (request.url.empty() || meta == nullptr || rows == 0) return std::nullopt;
  const std::uint64_t page = page_of(request.url);
  // Whoever answers another page than was asked knows none.
  if (whole_number(meta->text_at("page")).value_or(page) != page) return std::nullopt;
  const std::uint64_t limit = whole_number(meta->text_at("limit")).value_or(rows_of_a_page);
  const auto found = whole_number(meta->text_at("found"));
  const bool has_more = rows >= limit || (found && page * limit < *found);
  if (!has_more) return std::nullopt;
  if (page >= most_pages) {
    problems.push_back("more than " + std::to_string(most_pages) +
                       " pages: the newest values are not among them");
    return std::nullopt;
  }
  FeedRequest next = request;
  next.url.resize(std::min(next.url.size(), next.url.rfind(page_key)));
  next.url.append(page_key).append(std::to_string(page + 1));
  return next;
}

Unexpected<FeedFailure> failure(FeedFault fault, std::string what) {
  return Unexpected{FeedFailure{fault, std::move(what)}};
}

Result<FeedContent, FeedFailure> decode_openaq(const FeedResponse& response,
                                               const AskedStation& place) {
  FeedContent content;
  const auto text = readable_text(response.body, content.problems);
  if (!text) return Unexpected{text.error()};
  const auto answer = parse_json(*text);
  if (!answer) return Unexpected{answer.error()};
  const JsonValue* results = answer->find("results");
  if (results == nullptr || !results->is_list()) {
    for (const std::string_view key : {"detail", "message", "error"}) {
      if (answer->find(key) == nullptr) continue;
      return failure(FeedFault::http_error, "refused: " + in_quotes(answer->text_at(key)));
    }
    return failure(FeedFault::grammar_changed, "JSON without results");
  }
  if (results->children.empty()) {
    if (page_of(response.request.url) > 1) return content;  // the page before was the last
    return failure(FeedFault::empty, "no results");
  }
  Rows rows;
  for (const JsonValue& json : results->children) {
    if (auto row = row_of(json, content.problems)) rows.add(*std::move(row), content.problems);
  }
  StationSamples samples(response.received);
  for (const Row& row : rows.all()) add_row(row, place, samples);
  content.samples = samples.take();
  content.next_page =
      next_page_of(response.request, *answer, results->children.size(), content.problems);
  if (content.samples.empty()) {
    return failure(FeedFault::grammar_changed, content.problems.back());
  }
  return content;
}

// ---- the feed -------------------------------------------------------------------------------

constexpr std::string_view base = "https://api.openaq.org";
constexpr auto settings = std::to_array<Setting>({
    base_setting(base),
    {.name = "sensors",
     .kind = SettingKind::table,
     .documentation =
         "OpenAQ's sensor ids with the station that each belongs to, such as {\"3920\": "
         "\"del-norte\"}.",
     .required = true},
    {.name = "places",
     .kind = SettingKind::table,
     .documentation =
         "Where stations are (WGS 84) and of which kind, as OpenAQ's record of the location has "
         "it: {\"del-norte\": {\"latitude\": 35.13, \"longitude\": -106.58, "
         "\"height_above_sea_m\": 1590, \"kind\": \"general\"}}. A sensor can be compared "
         "only with a station whose place is known.",
     .fallback = "{}"},
    {.name = "key_file",
     .kind = SettingKind::path,
     .documentation =
         "The file with the API key: a path, or the name of a systemd credential or of a file "
         "beside this one.",
     .required = true,
     .secret = true},
    {.name = "station",
     .kind = SettingKind::id,
     .documentation = "The station of an answer that was saved without its request.",
     .fallback = "openaq"},
    {.name = "gas_reference_k",
     .kind = SettingKind::number,
     .documentation =
         "The temperature in kelvin that the source's gases in µg/m³ refer to; without it no ppb "
         "is given beside them.",
     .lower = 273.15,
     .upper = 298.15},
    poll_delay_setting("20min"),
    private_addresses_setting,
    terms_setting,
});

// The sensors with their stations; empty where the setting is not there.
std::vector<std::pair<std::string, std::string>> sensors_in(const Settings& chosen) {
  std::vector<std::pair<std::string, std::string>> sensors;
  if (!chosen.has("sensors")) return sensors;
  const auto table = parse_json(chosen.text("sensors"));
  if (!table) return sensors;
  for (const JsonValue& entry : table->children) sensors.emplace_back(entry.key, entry.text);
  return sensors;
}

std::optional<double> number_at(const JsonValue& object, std::string_view name) {
  const JsonValue* const found = object.find(name);
  if (found == nullptr || found->kind != JsonValue::Kind::number) return std::nullopt;
  double number = 0;
  const char* const end = found->text.data() + found->text.size();
  const auto [rest, error] = std::from_chars(found->text.data(), end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

constexpr std::array<std::string_view, 3> kinds = {"general", "roadside", "background"};
constexpr std::array<std::string_view, 4> keys_of_a_place = {"latitude", "longitude",
                                                             "height_above_sea_m", "kind"};

// An entry of `places`; the error is a sentence for people.
Result<ReferenceStation, std::string> station_in(const JsonValue& entry) {
  const auto latitude = number_at(entry, "latitude");
  const auto longitude = number_at(entry, "longitude");
  if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) {
    return Unexpected{"the place of " + in_quotes(entry.key) +
                      " needs latitude and longitude in degrees"};
  }
  for (const JsonValue& member : entry.children) {
    if (std::ranges::find(keys_of_a_place, member.key) == keys_of_a_place.end()) {
      return Unexpected{"the place of " + in_quotes(entry.key) + " has no " +
                        in_quotes(member.key) +
                        ", expected latitude, longitude, height_above_sea_m and kind"};
    }
  }
  const std::string kind(entry.text_at("kind"));
  if (!kind.empty() && std::ranges::find(kinds, kind) == kinds.end()) {
    return Unexpected{in_quotes(kind) + " is no kind of a station, expected " +
                      in_quotes(kinds[0]) + ", " + in_quotes(kinds[1]) + " or " +
                      in_quotes(kinds[2])};
  }
  ReferenceStation station;
  station.id = entry.key;
  station.kind = kind;
  station.position = Position{.datum = Datum::wgs84,
                              .latitude_deg = *latitude,
                              .longitude_deg = *longitude,
                              .height_above_sea_m = number_at(entry, "height_above_sea_m"),
                              .height_above_ground_m = {}};
  return station;
}

std::vector<ReferenceStation> stations_in(const Settings& chosen) {
  std::vector<ReferenceStation> stations;
  const auto table = parse_json(chosen.has("places") ? chosen.text("places") : "{}");
  if (!table) return stations;
  for (const JsonValue& entry : table->children) {
    if (auto station = station_in(entry)) stations.push_back(*std::move(station));
  }
  return stations;
}

class OpenAq final : public Feed {
 public:
  explicit OpenAq(const Settings& chosen)
      : base_(base_of(chosen)),
        key_file_(chosen.has("key_file") ? chosen.text("key_file") : ""),
        sensors_(sensors_in(chosen)),
        stations_(stations_in(chosen)),
        place_{chosen.text("station"), chosen.has("gas_reference_k")
                                           ? std::optional(chosen.number("gas_reference_k"))
                                           : std::nullopt} {}

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime now) const override {
    std::vector<FeedRequest> requests;
    // Sources report hours late, so a day is asked for.
    const std::string since = iso8601(std::chrono::floor<hours>(now) - hours(24));
    for (const auto& [sensor, station] : sensors_) {
      std::string url = base_ + "/v3/sensors/" + sensor +
                        "/measurements?limit=" + std::to_string(rows_of_a_page) + "&datetime_from=";
      requests.push_back({.name = sensor,
                          .url = url + since,
                          .headers = {},
                          .secret = SecretHeader{.name = "X-API-Key", .file = key_file_}});
    }
    return requests;
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    AskedStation place = place_;
    const auto asked = std::ranges::find(sensors_, response.request.name,
                                         &std::pair<std::string, std::string>::first);
    if (asked != sensors_.end()) place.station = asked->second;
    return decode_openaq(response, place);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    const auto found = std::ranges::find(stations_, id, &ReferenceStation::id);
    return found == stations_.end() ? nullptr : &*found;
  }

 private:
  const std::string base_;
  const std::string key_file_;
  const std::vector<std::pair<std::string, std::string>> sensors_;
  const std::vector<ReferenceStation> stations_;
  const AskedStation place_;
};

std::string problem_of(const Settings& chosen) {
  for (const auto& [sensor, station] : sensors_in(chosen)) {
    const bool is_number =
        !sensor.empty() && std::ranges::all_of(sensor, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) return in_quotes(sensor) + " is no sensor id of OpenAQ, expected a number";
    if (!is_id(station)) {
      return in_quotes(station) + " is not the id of a station, expected " +
             expectation({.kind = SettingKind::id});
    }
  }
  const auto places = parse_json(chosen.has("places") ? chosen.text("places") : "{}");
  for (const JsonValue& entry : places ? places->children : std::vector<JsonValue>()) {
    if (const auto station = station_in(entry); !station) return station.error();
    const auto sensors = sensors_in(chosen);
    if (std::ranges::find(sensors, entry.key, &std::pair<std::string, std::string>::second) ==
        sensors.end()) {
      return "no sensor belongs to " + in_quotes(entry.key) + " of places";
    }
  }
  return {};
}

constexpr std::array<Quantity, 22> quantities = {
    pm1,      pm2_5,    pm4,       pm10,     no2,     o3,     so2,     co,
    no,       nox,      co_ppm,    o3_ppb,   so2_ppb, no_ppb, no2_ppb, temperature,
    humidity, pressure, pm2_5_24h, pm10_24h, no2_24h, so2_24h};

}  // namespace

extern const FeedInfo openaq = {
    .name = "openaq",
    .summary = "OpenAQ v3: measurements of stations all over the world, by sensor id",
    .publisher = "OpenAQ, from many agencies",
    .licence = "of each source, see OpenAQ's record of the location",
    .licence_url = "https://docs.openaq.org/about/terms",
    .attribution = "Source: OpenAQ (openaq.org) and the agency that it names for the location",
    .may_be_redistributed = false,
    .terms =
        "OpenAQ passes on data of many sources, each with a licence of its own: whoever follows a "
        "sensor has read OpenAQ's terms and the licence of its location.",
    .label = Label::stated,
    .zone = "UTC",
    .base_url = base,
    .cadence = hours(1),
    .delay = std::chrono::minutes(20),
    .quantities = quantities,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<OpenAq>(chosen);
    },
    .check = problem_of,
};

}  // namespace twinsky
