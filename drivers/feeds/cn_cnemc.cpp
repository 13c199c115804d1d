// SPDX-License-Identifier: Apache-2.0
// China National Environmental Monitoring Centre: hourly values of the sites of a city, and of the
// city itself, as the real-time publishing platform shows them.
//
//   [{"TimePoint": "2026-10-05T14:00:00",             hour-ending: 13:00 to 14:00, China time
//     "PositionName": "普陀", "StationCode": "1141A",  a city's record has no station but
//     "CityCode" "AQI": "55", "PM2_5": "<3", "PM2_5_24h": "21",  texts; "<3": below detection, kept
//     as text "CO": "0.6", "CO_24h": "0.6",                   mg/m3; all others ug/m3 "O3": "—",
//     "O3_8h": "96", "O3_8h_24h": "96"}]   "—" and its like: nothing
//
// Label: an hour is named by its end (HJ 633, 5.2.2: published after each full hour for the hour
// before). Zone: China time without saying so; "/Date(1791180000000)/" is UTC. `_8h` and `_24h`
// are means over the 8 and 24 hours that end there. Gases: 298.15 K and 1013.25 hPa since
// 2018-09-01 (announcement 29 of 2018 of the Ministry of Ecology and Environment), 273.15 K before.
// Read from air.cnemc.cn:18007, which states no terms and promises nothing: hence `terms`. A city
// is a list of sites or one object; the answer to a name that the server does not know is [].
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
#include "gateway/model/hexadecimal.hpp"
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
constexpr double earlier_reference_k = 273.15;
constexpr UtcTime reference_changed =
    std::chrono::sys_days(std::chrono::year(2018) / 9 / 1) - china_offset;

struct KnownColumn {
  std::string_view key;  // loosened
  Quantity quantity;
  hours length{1};
  double factor = 1;  // into the catalogue's unit
};
constexpr double ug_per_mg = 1000;
constexpr auto known_columns = std::to_array<KnownColumn>({
    {"aqi", aqi},
    {"pm25", pm2_5},
    {"pm10", pm10},
    {"no2", no2},
    {"o3", o3},
    {"so2", so2},
    {"co", co, hours(1), ug_per_mg},
    {"pm2524h", pm2_5_24h, hours(24)},
    {"pm1024h", pm10_24h, hours(24)},
    {"no224h", no2_24h, hours(24)},
    {"o38h", o3_8h, hours(8)},
    {"o324h", o3_24h, hours(24)},
    {"o38h24h", o3_8h_24h, hours(24)},
    {"so224h", so2_24h, hours(24)},
    {"co24h", co_24h, hours(24), ug_per_mg},
});

// What the platform's records have beside values, loosened; "…Level" is the index of one value.
constexpr auto passed_over = std::to_array<std::string_view>(
    {"timepoint", "timepointstr", "area", "citycode", "positionname", "stationcode", "latitude",
     "longitude", "quality", "primarypollutant", "measure", "unheathful", "ispublish", "provinceid",
     "orderid", "id", "openaccessgenerated"});

// "PM2_5", "PM2.5", "pm25": the platforms that publish these records do not agree.
std::string loosened(std::string_view key) {
  std::string loose = lower_case(narrowed(key));
  std::erase_if(loose, [](char c) { return c == '_' || c == '.' || c == '-' || c == ' '; });
  return loose;
}

// A record with its keys loosened.
class Record {
 public:
  explicit Record(const JsonValue& object) {
    for (const JsonValue& member : object.children) {
      members_.emplace_back(loosened(member.key), &member);
    }
  }
  [[nodiscard]] const JsonValue* find(std::string_view key) const {
    const auto found = std::ranges::find(members_, key, &Member::first);
    return found == members_.end() ? nullptr : found->second;
  }
  // All cells of that name: one, unless the record says it twice.
  [[nodiscard]] std::vector<const JsonValue*> cells(std::string_view key) const {
    std::vector<const JsonValue*> cells;
    for (const auto& [name, cell] : members_) {
      if (name == key && !cell->is_list() && !cell->is_object()) cells.push_back(cell);
    }
    return cells;
  }
  void see_columns(Columns& columns) const {
    for (const auto& [name, cell] : members_) {
      const auto* known = std::ranges::find(known_columns, name, &KnownColumn::key);
      const bool is_beside =
          std::ranges::find(passed_over, name) != passed_over.end() || name.ends_with("level");
      if (known != known_columns.end()) {
        columns.see(known->quantity);
      } else if (!is_beside) {
        columns.see_unknown(cell->key);
      }
    }
  }
  [[nodiscard]] std::string_view text_at(std::string_view key) const {
    const JsonValue* member = find(key);
    return member == nullptr ? std::string_view() : trimmed(member->text);
  }

 private:
  using Member = std::pair<std::string, const JsonValue*>;
  std::vector<Member> members_;
};

bool is_record(const JsonValue& value) {
  return value.is_object() && Record(value).find("timepoint") != nullptr;
}

// The records of an answer: a list, one object, or either of them within a member of an envelope,
// where they may be JSON inside a string.
Result<JsonValue, FeedFailure> records_in(JsonValue answer) {
  auto found = without_wrapping(std::move(answer));
  if (!found || found->is_list()) return found;
  if (is_record(*found)) return JsonValue{.kind = JsonValue::Kind::list, .children = {*found}};
  for (JsonValue& member : found->children) {
    auto inside = without_wrapping(std::move(member));
    if (inside && inside->is_list()) return inside;
    if (inside && is_record(*inside)) {
      return JsonValue{.kind = JsonValue::Kind::list, .children = {*inside}};
    }
  }
  return Unexpected{FeedFailure{FeedFault::grammar_changed, "JSON without records of sites"}};
}

// Sites go by their code, which no other site has; cities by name, then by their code. Nothing: it
// names neither.
std::optional<std::string> station_of(const Record& record, const Stations& stations) {
  std::string code = lower_case(record.text_at("stationcode"));
  if (is_id(code)) return code;
  const std::string_view site = record.text_at("positionname");
  if (!site.empty()) return stations.id_of(site);
  const std::string_view city = record.text_at("area");
  std::string city_code = "city-" + lower_case(record.text_at("citycode"));
  const auto id = stations.id_of(city);
  const bool is_listed = id && stations.find(*id) != nullptr;
  if (is_listed || record.text_at("citycode").empty() || !is_id(city_code)) return id;
  return city_code;
}

// The document of sites has no city in it, nor the one of a city sites.
bool is_of_document(const Record& record, std::string_view asked) {
  const bool is_site =
      !record.text_at("stationcode").empty() || !record.text_at("positionname").empty();
  return asked.empty() || is_site == (asked == "sites");
}

// What decoding a document gathers.
struct Draft {
  std::string_view asked;  // which document; empty: not known
  const Stations& stations;
  StationSamples samples;
  std::vector<std::string> problems;
  Columns columns;
};

void read_record(const JsonValue& object, Draft& draft) {
  auto& [asked, stations, samples, problems, columns] = draft;
  const Record record(object);
  const auto station = station_of(record, stations);
  const std::string_view stamp = record.text_at("timepoint");
  const auto time = mainland_time(stamp, china_offset);
  if (!station || !time) {
    problems.push_back("record without site or with the time " + in_quotes(stamp));
    return;
  }
  if (!is_of_document(record, asked)) {
    problems.push_back("record of " + in_quotes(*station) + " in the document " + in_quotes(asked));
    return;
  }
  record.see_columns(columns);
  const UtcTime end = std::chrono::floor<hours>(*time);
  const double state = end > reference_changed ? reference_k : earlier_reference_k;
  bool is_empty = true;
  for (const auto& [key, quantity, length, factor] : known_columns) {
    const TimeInterval interval = ending_at(end, length);
    for (const JsonValue* const cell : record.cells(key)) {
      is_empty = false;
      const Reading mass = reading_of(quantity, cell->text, factor);
      samples.add(*station, interval, mass);
      if (auto share = share_beside(mass, state)) {
        samples.add(*station, interval, *std::move(share));
      }
      samples.official(*station, interval).gas_reference_k = state;
    }
  }
  if (is_empty) problems.push_back("record of " + in_quotes(*station) + " without any known value");
}

Result<FeedContent, FeedFailure> decode_cn_cnemc(const FeedResponse& response,
                                                 const Stations& stations) {
  Draft draft{response.request.name,
              stations,
              StationSamples(response.received, Doubles::contradict),
              {},
              {}};
  const auto text = readable_text(response.body, draft.problems);
  if (!text) return Unexpected{text.error()};
  auto answer = parse_json(*text);
  if (!answer) return Unexpected{answer.error()};
  const auto records = records_in(*std::move(answer));
  if (!records) return Unexpected{records.error()};
  if (records->children.empty()) {
    return Unexpected{FeedFailure{FeedFault::empty, "a list without sites"}};
  }
  for (const Quantity quantity : {aqi, pm2_5, pm10, no2, o3, so2, co}) {
    draft.columns.expect(quantity);
  }
  for (const JsonValue& record : records->children) read_record(record, draft);
  if (draft.samples.is_empty()) {
    return Unexpected{FeedFailure{FeedFault::grammar_changed, draft.problems.back()}};
  }
  FeedContent content{.samples = draft.samples.take(),
                      .problems = std::move(draft.problems),
                      .partly = draft.columns.renamed(),
                      .columns = draft.columns.seen()};
  std::ranges::move(draft.samples.doubles(), std::back_inserter(content.problems));
  return content;
}

// ---- the feed -------------------------------------------------------------------------------

constexpr std::array<std::string_view, 2> documents = {"sites", "city"};
constexpr std::string_view base = "https://air.cnemc.cn:18007";
constexpr std::string_view listed_city = "上海市";  // whose sites the registry has
constexpr auto settings = std::to_array<Setting>({
    base_setting(base),
    documents_setting(R"(["sites"])"),
    {.name = "city",
     .kind = SettingKind::text,
     .documentation = "The city whose sites are asked for, in Chinese and with 市 at its end.",
     .fallback = listed_city},
    {.name = "city_code",
     .kind = SettingKind::text,
     .documentation = "The administrative code of the city, for the document \"city\".",
     .fallback = "310000"},
    poll_delay_setting("10min"),
    private_addresses_setting,
    terms_setting,
});

// RFC 3986: everything but unreserved characters.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
    } else {
      encoded += '%';
      for (const char digit : hexadecimal(static_cast<unsigned char>(c), 2)) {
        encoded += digit < 'a' ? digit : static_cast<char>(digit - 'a' + 'A');
      }
    }
  }
  return encoded;
}

class CnCnemc final : public Feed {
 public:
  explicit CnCnemc(const Settings& chosen)
      : base_(base_of(chosen)),
        city_(chosen.text("city")),
        city_code_(chosen.text("city_code")),
        documents_(chosen.texts("documents")),
        stations_(embedded_file("config/reference/shanghai.json"), "cn-cnemc") {}

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime) const override {
    std::vector<FeedRequest> requests;
    for (const std::string& document : documents_) {
      std::string url =
          base_ + (document == "sites" ? "/CityData/GetAQIDataPublishLive?cityName="
                                       : "/CityData/GetAQIDataPublishLiveInfo?cityCode=");
      url += percent_encoded(document == "sites" ? city_ : city_code_);
      requests.push_back({.name = document, .url = std::move(url), .headers = {}});
    }
    return requests;
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    return decode_cn_cnemc(response, stations_);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    return stations_.find(id);
  }

  [[nodiscard]] std::vector<const ReferenceStation*> stations() const override {
    if (city_ != listed_city) return {};
    return stations_.all();
  }

 private:
  const std::string base_;
  const std::string city_;
  const std::string city_code_;
  const std::vector<std::string> documents_;
  const Stations stations_;
};

constexpr std::array<Quantity, 19> quantities = {
    pm2_5, pm10,      no2,      o3,      so2,   co,     no2_ppb,   o3_ppb,  so2_ppb, co_ppm,
    aqi,   pm2_5_24h, pm10_24h, no2_24h, o3_8h, o3_24h, o3_8h_24h, so2_24h, co_24h};

}  // namespace

extern const FeedInfo cn_cnemc = {
    .name = "cn-cnemc",
    .summary =
        "Mainland air quality: hourly values of a city's national sites, Shanghai by default",
    .publisher = "China National Environmental Monitoring Centre",
    .licence = "none stated",
    .licence_url = "https://air.cnemc.cn:18007/",
    .attribution =
        "Source: China National Environmental Monitoring Centre (中国环境监测总站), national urban "
        "air quality real-time publishing platform; preliminary values that have not been audited",
    .may_be_redistributed = false,
    .terms =
        "The platform publishes no terms of use and no interface: its values are preliminary, may "
        "be used on the operator's own responsibility only, and are not passed on as official.",
    .label = Label::ending,
    .zone = "Asia/Shanghai",
    .gas_reference_k = reference_k,
    .index_family = "cn-aqi",
    .base_url = base,
    .cadence = hours(1),
    .delay = std::chrono::minutes(10),
    .quantities = quantities,
    .documents = documents,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<CnCnemc>(chosen);
    },
    .check = [](const Settings& chosen) { return unknown_document(chosen, documents); },
};

}  // namespace twinsky
