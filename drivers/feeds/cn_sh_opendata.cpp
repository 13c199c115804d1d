// SPDX-License-Identifier: Apache-2.0
// Shanghai's public data platform (data.sh.gov.cn): any resource with a row per hour, by the
// operator's own token and column map.
//
//   {"code": "0", "message": "success",
//    "data": "{\"total\": 2, \"data\": [{\"rq\": \"2026-10-05\", \"sj\": \"14:00\", \"aqi\":
//    \"55\"}]}"}
//             sometimes an object, sometimes the JSON text of it
//
// What a column means differs from resource to resource (the air quality resource lists sub-indices
// under the pollutants' names, not concentrations), so nothing but date, time and AQI is taken for
// granted: the setting `columns` says what the others are. Label and interval are settings, China
// time without saying so. Gases in ug/m3: 298.15 K and 1013.25 hPa.
// Terms: each resource is applied for and has conditions of its own.
#include "drivers/driver.hpp"
#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/columns.hpp"
#include "drivers/feeds/feed_settings.hpp"
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
using std::chrono::hours;

constexpr double reference_k = 298.15;

// What the columns of a resource are.
struct ColumnMap {
  struct Value {
    std::string name;  // in lower case
    Quantity quantity{};
    double factor = 1;  // into the catalogue's unit
  };
  std::string date;
  std::string time;
  std::string station;
  std::vector<Value> values;
  std::string problem;  // what is wrong with it; empty: nothing
};

// A column is "date", "time", "station", a quantity, or a quantity in another unit: {"quantity":
// "co", "factor": 1000}.
void take_column(const JsonValue& entry, ColumnMap& map) {
  const std::string name = lower_case(trimmed(entry.key));
  const std::string_view meaning =
      entry.is_object() ? entry.text_at("quantity") : std::string_view(entry.text);
  if (meaning == "date") {
    map.date = name;
  } else if (meaning == "time") {
    map.time = name;
  } else if (meaning == "station") {
    map.station = name;
  } else if (const auto quantity = quantity_named(meaning)) {
    const JsonValue* written = entry.find("factor");
    const auto factor = written == nullptr ? std::optional(1.0) : number_in(written->text);
    if (!factor || *factor == 0)
      map.problem = "the factor of " + in_quotes(entry.key) + " is no number";
    map.values.push_back({name, *quantity, factor.value_or(1)});
  } else {
    map.problem = "the column " + in_quotes(entry.key) + " is " + in_quotes(meaning) +
                  R"(, expected "date", "time", "station" or a quantity such as "pm2_5")";
  }
}

ColumnMap column_map(std::string_view json) {
  ColumnMap map;
  const auto table = parse_json(json);
  if (!table) return map;
  for (const JsonValue& entry : table->children) take_column(entry, map);
  if (!map.problem.empty()) return map;
  if (map.time.empty() && map.date.empty()) map.problem = R"(no column is "date" or "time")";
  if (map.values.empty()) map.problem = "no column is a quantity";
  return map;
}

struct Definition {
  ColumnMap columns;
  std::string station;  // where no column names it
  milliseconds length{0};
  Label label = Label::ending;
};

// The member of a row whose name is `name`, whatever its case.
const JsonValue* cell_of(const JsonValue& row, const std::string& name) {
  if (name.empty()) return nullptr;
  const auto found = std::ranges::find_if(row.children, [&](const JsonValue& member) {
    return lower_case(trimmed(member.key)) == name;
  });
  return found == row.children.end() ? nullptr : &*found;
}

std::string_view text_of(const JsonValue* cell) {
  return cell == nullptr ? std::string_view() : trimmed(cell->text);
}

// "1400" as "14:00".
std::string with_colon(std::string clock) {
  const bool is_digits =
      clock.size() == 4 && std::ranges::all_of(clock, [](char c) { return c >= '0' && c <= '9'; });
  return is_digits ? clock.insert(2, ":") : clock;
}

// "2026-10-05" and "14:00", "1400", "14" or "14时"; or both in one column; or a date alone for a
// day.
std::optional<UtcTime> time_of_row(const JsonValue& row, const ColumnMap& columns, bool is_daily) {
  const std::string date = narrowed(text_of(cell_of(row, columns.date)));
  const std::string time = narrowed(text_of(cell_of(row, columns.time)));
  if (date.empty() || time.empty()) {
    const std::string& only = date.empty() ? time : date;
    if (const auto both = mainland_time(only, china_offset)) return both;
    return is_daily ? mainland_time(only + " 00:00", china_offset) : std::nullopt;
  }
  // The platform prints the date's column with an empty time of day now and then.
  const std::string day = date.substr(0, date.find_first_of(" T"));
  if (const auto both = mainland_time(day + " " + with_colon(time), china_offset)) return both;
  return mainland_time(time, china_offset);
}

// All members of a row whose name is `name`: one, unless the row says it twice.
std::vector<const JsonValue*> cells_of(const JsonValue& row, const std::string& name) {
  std::vector<const JsonValue*> cells;
  for (const JsonValue& member : row.children) {
    const bool is_cell = !member.is_list() && !member.is_object();
    if (is_cell && lower_case(trimmed(member.key)) == name) cells.push_back(&member);
  }
  return cells;
}

void read_row(const JsonValue& row, const Definition& definition, const Stations& stations,
              StationSamples& samples, Columns& seen, std::vector<std::string>& problems) {
  const ColumnMap& columns = definition.columns;
  const std::string_view name = text_of(cell_of(row, columns.station));
  const auto time = time_of_row(row, columns, definition.length == hours(24));
  if (!time || (name.empty() && !columns.station.empty())) {
    problems.push_back(std::string(time ? "row without station" : "row with the time ") +
                       (time ? ""
                             : in_quotes(std::string(text_of(cell_of(row, columns.date)))
                                             .append(" ")
                                             .append(text_of(cell_of(row, columns.time))))));
    return;
  }
  const auto station = name.empty() ? std::optional(definition.station) : stations.id_of(name);
  if (!station) {
    problems.push_back("row of what is no station, " + in_quotes(name));
    return;
  }
  const TimeInterval interval = definition.label == Label::ending
                                    ? ending_at(*time, definition.length)
                                    : TimeInterval{*time, *time + definition.length};
  bool is_empty = true;
  for (const auto& [column, quantity, factor] : columns.values) {
    for (const JsonValue* const cell : cells_of(row, column)) {
      is_empty = false;
      seen.see(quantity);
      const Reading reading = reading_of(quantity, cell->text, factor);
      samples.add(*station, interval, reading);
      if (auto share = share_beside(reading, reference_k)) {
        samples.add(*station, interval, *std::move(share));
        samples.official(*station, interval).gas_reference_k = reference_k;
      }
    }
  }
  if (is_empty) problems.emplace_back("row without any of the columns");
}

Unexpected<FeedFailure> failure(FeedFault fault, std::string what) {
  return Unexpected{FeedFailure{fault, std::move(what)}};
}

// A code that the platform answers when it gives the data.
bool is_success(std::string_view code) {
  static constexpr auto good =
      std::to_array<std::string_view>({"", "0", "00", "000000", "200", "0000", "success"});
  return std::ranges::find(good, lower_case(code)) != good.end();
}

// The list of rows within the envelope.
Result<JsonValue, FeedFailure> rows_of(std::string_view text) {
  auto answer = parse_json(text);
  if (answer) answer = without_wrapping(*std::move(answer));
  if (!answer) return answer;
  const auto code = answer->text_at("code");
  if (!is_success(code)) {
    return failure(FeedFault::http_error, "refused with code " + in_quotes(code) + ": " +
                                              in_quotes(answer->text_at("message")));
  }
  // The rows are the list itself, or in `data`, or in the `data` of that.
  JsonValue rows = *std::move(answer);
  for (int depth = 0; depth < 3 && rows.is_object(); ++depth) {
    const JsonValue* data = rows.find("data");
    if (data == nullptr) break;
    auto inside = without_wrapping(*data);
    if (!inside) return inside;
    rows = *std::move(inside);
  }
  const bool is_nothing = rows.kind == JsonValue::Kind::null ||
                          (rows.kind == JsonValue::Kind::text && trimmed(rows.text).empty());
  if (is_nothing || rows.text_at("total") == "0") {
    return failure(FeedFault::empty, "a table without rows");
  }
  if (!rows.is_list()) return failure(FeedFault::grammar_changed, "no list of rows inside");
  if (rows.children.empty()) return failure(FeedFault::empty, "a table without rows");
  return rows;
}

Result<FeedContent, FeedFailure> decode_cn_sh_opendata(std::string_view body, UtcTime received,
                                                       const Definition& definition,
                                                       const Stations& stations) {
  FeedContent content;
  const auto text = readable_text(body, content.problems);
  if (!text) return Unexpected{text.error()};
  const auto rows = rows_of(*text);
  if (!rows) return Unexpected{rows.error()};
  StationSamples samples(received, Doubles::contradict);
  Columns columns;
  for (const auto& value : definition.columns.values) columns.expect(value.quantity);
  for (const JsonValue& row : rows->children) {
    read_row(row, definition, stations, samples, columns, content.problems);
  }
  content.samples = samples.take();
  std::ranges::move(samples.doubles(), std::back_inserter(content.problems));
  // The operator has said which columns there are.
  content.partly = columns.absent();
  content.columns = columns.seen();
  if (content.samples.empty()) {
    return failure(FeedFault::grammar_changed, content.problems.back());
  }
  return content;
}

// ---- the feed -------------------------------------------------------------------------------

constexpr std::string_view base = "https://data.sh.gov.cn";
constexpr std::array<std::string_view, 2> labels = {"ending", "beginning"};
constexpr auto settings = std::to_array<Setting>({
    base_setting(base),
    {.name = "resource",
     .kind = SettingKind::text,
     .documentation =
         "The path of the resource as the platform shows it after the application, such as "
         "\"/interface/CODE/ID\".",
     .required = true},
    {.name = "token_file",
     .kind = SettingKind::path,
     .documentation =
         "The file with the operator's token: a path, or the name of a systemd credential or of a "
         "file beside this one.",
     .required = true,
     .secret = true},
    {.name = "query",
     .kind = SettingKind::table,
     .documentation = "What is posted: page and filters, as the resource's page explains them.",
     .fallback = R"({"limit": 200, "offset": 0})"},
    {.name = "columns",
     .kind = SettingKind::table,
     .documentation =
         "What the columns are: \"date\", \"time\", \"station\", a quantity, or a quantity in "
         "another unit, such as {\"rq\": \"date\", \"sj\": \"time\", \"co\": {\"quantity\": "
         "\"co\", \"factor\": 1000}}.",
     .fallback = R"({"rq": "date", "sj": "time", "aqi": "aqi"})"},
    {.name = "station",
     .kind = SettingKind::id,
     .documentation = "The station of rows that name none.",
     .fallback = "shanghai"},
    {.name = "interval",
     .kind = SettingKind::duration,
     .documentation = "How long the interval of a row is.",
     .fallback = "1h",
     .lower = 60'000,
     .upper = 86'400'000},
    {.name = "label",
     .kind = SettingKind::choice,
     .documentation = "Which end of its interval the time of a row is.",
     .fallback = "ending",
     .choices = labels},
    poll_delay_setting("20min"),
    private_addresses_setting,
    terms_setting,
});

class CnShOpendata final : public Feed {
 public:
  explicit CnShOpendata(const Settings& chosen)
      : url_(base_of(chosen) + chosen.text("resource")),
        token_file_(chosen.has("token_file") ? chosen.text("token_file") : ""),
        query_(chosen.text("query")),
        definition_{column_map(chosen.text("columns")), chosen.text("station"),
                    chosen.duration("interval"),
                    chosen.text("label") == "ending" ? Label::ending : Label::beginning},
        stations_(embedded_file("config/reference/shanghai.json"), "cn-cnemc") {}

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime) const override {
    return {{.name = "resource",
             .url = url_,
             .headers = {"Content-Type: application/json"},
             .body = query_,
             .secret = SecretHeader{.name = "token", .file = token_file_}}};
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    return decode_cn_sh_opendata(response.body, response.received, definition_, stations_);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    return stations_.find(id);
  }

 private:
  const std::string url_;
  const std::string token_file_;
  const std::string query_;
  const Definition definition_;
  const Stations stations_;  // the platform's names for the city and its sites are the network's
};

std::string problem_of(const Settings& chosen) {
  const std::string& resource = chosen.text("resource");
  if (!resource.empty() && !resource.starts_with('/')) {
    return in_quotes(resource) + " is no path of a resource, expected \"/interface/CODE/ID\"";
  }
  return column_map(chosen.text("columns")).problem;
}

constexpr std::array<Quantity, 16> quantities = {
    pm2_5,   pm10,   no2, o3,          so2,      co,         no2_ppb,  o3_ppb,
    so2_ppb, co_ppm, aqi, temperature, humidity, wind_speed, wind_dir, rain_1h};

}  // namespace

extern const FeedInfo cn_sh_opendata = {
    .name = "cn-sh-opendata",
    .summary = "Shanghai's public data platform: a resource of the operator's choice",
    .publisher = "Shanghai Municipal Data Bureau and the resource's department",
    .licence = "of each resource, see its page on the platform",
    .licence_url = "https://data.sh.gov.cn/",
    .attribution = "Source: Shanghai public data open platform (上海市公共数据开放平台)",
    .may_be_redistributed = false,
    .terms =
        "Each resource is given to the operator's own account for the purpose of the application: "
        "cite the source, keep to that purpose, identify nobody, pass on only what its conditions "
        "allow.",
    .label = Label::ending,
    .zone = "Asia/Shanghai",
    .gas_reference_k = reference_k,
    .base_url = base,
    .cadence = hours(1),
    .delay = std::chrono::minutes(20),
    .quantities = quantities,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<CnShOpendata>(chosen);
    },
    .check = problem_of,
};

}  // namespace twinsky
