// SPDX-License-Identifier: Apache-2.0
// Hong Kong, Environmental Protection Department: hourly concentrations and the Air Quality Health
// Index (AQHI) of its 18 stations.
//
//   <PollutantConcentration>                                   24pc_Eng.xml: 18 stations x 24 hours
//     <StationName>Central/Western</StationName>
//     <DateTime>Mon, 05 Oct 2026 14:00:00 +0800</DateTime>      hour-ending: 13:00 to 14:00
//     <NO2>36.7</NO2><O3>137.6</O3><SO2>3.8</SO2><CO>-</CO><PM10>-</PM10><PM2.5>-</PM2.5>
//   </PollutantConcentration>                                  ug/m3, CO too; "-" or nothing: none
//
// Label: an hour is named by its end. An AQHI stamped HH:MM (the current index comes at HH:30)
// belongs to the hour that ends at HH:00. Zone: +08:00 in every stamp; the City Dashboard prints
// none. Gases: ug/m3 at 293.15 K and 1013.25 hPa. The index is an integer or "10+", which is 11.
// Read from www.aqhi.gov.hk/epd/ddata/html/out/ (data.gov.hk: hk-epd-airteam-past24hr-…).
#include "drivers/driver.hpp"
#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/columns.hpp"
#include "drivers/feeds/feed_settings.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/samples.hpp"
#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/stations.hpp"
#include "drivers/feeds/text.hpp"
#include "drivers/feeds/xml.hpp"
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

constexpr double reference_k = 293.15;

struct Element {
  std::string_view name;  // loosened
  Quantity quantity;
};
constexpr auto pollutants = std::to_array<Element>(
    {{"no2", no2}, {"o3", o3}, {"so2", so2}, {"co", co}, {"pm10", pm10}, {"pm25", pm2_5}});
constexpr auto index_elements = std::to_array<Element>({{"aqhi", aqhi}});

// Elements are matched loosely: "PM2.5" is an unusual name, of which the agency's own page data
// already has another form ("PM25").
std::string loosened(std::string_view element) {
  std::string loose = lower_case(element);
  std::erase_if(loose, [](char c) { return c == '.' || c == '_' || c == '-'; });
  return loose;
}

// The text of the first child with that loosened name; empty when there is none.
std::string text_in(const pugi::xml_node& row, std::string_view element) {
  for (const pugi::xml_node& child : row.children()) {
    if (loosened(child.name()) == element) return text_of(child);
  }
  return {};
}

// What decoding a document gathers.
struct Draft {
  const Stations& stations;
  StationSamples samples;
  std::vector<std::string> problems;
  Columns columns;

  void problem(std::string_view what, std::string_view where) {
    problems.push_back(std::string(what).append(" ").append(in_quotes(where)));
  }
};

TimeInterval hour_before(UtcTime stamp) {
  return ending_at(std::chrono::floor<hours>(stamp), hours(1));
}

Reading aqhi_reading(std::string_view printed) {
  if (trimmed(printed) == "10+") return reading_of(aqhi, printed, std::optional(11.0));
  return reading_of(aqhi, printed);
}

// The rows of both documents of past hours: each names its station and when its hour ended.
template <class Take>
void read_hours(const pugi::xml_node& root, const char* element, Draft& draft, Take&& take) {
  for (const pugi::xml_node& row : root.children(element)) {
    const std::string name = text_in(row, "stationname");
    const std::string stamp = text_in(row, "datetime");
    const auto time = rfc822_time(stamp, china_offset);
    if (name.empty() || !time) {
      draft.problem("row without station or with the time", stamp);
      continue;
    }
    const auto station = draft.stations.id_of(name);
    if (!station) {
      draft.problem("row of what is no station,", name);
      continue;
    }
    take(row, *station, hour_before(*time));
  }
}

// Which of `elements` any of the rows has. What none has is not there: that is something else than
// a cell without a value.
template <class Elements>
void see_columns(const pugi::xml_node& root, const char* row_element, const Elements& elements,
                 Draft& draft) {
  for (const Element& element : elements) draft.columns.expect(element.quantity);
  for (const pugi::xml_node& row : root.children(row_element)) {
    for (const pugi::xml_node& child : row.children()) {
      const std::string name = loosened(child.name());
      if (child.type() != pugi::node_element || name == "stationname" || name == "datetime")
        continue;
      const auto* known = std::ranges::find(elements, name, &Element::name);
      if (known == elements.end()) {
        draft.columns.see_unknown(child.name());
      } else {
        draft.columns.see(known->quantity);
      }
    }
  }
}

// The cells of a row that stand for `element`: one, unless the row says it twice.
std::vector<std::string> cells_of(const pugi::xml_node& row, const Element& element) {
  std::vector<std::string> cells;
  for (const pugi::xml_node& child : row.children()) {
    if (loosened(child.name()) == element.name) cells.push_back(text_of(child));
  }
  if (cells.empty()) cells.emplace_back();
  return cells;
}

void read_concentrations(const pugi::xml_node& root, Draft& draft) {
  constexpr const char* row_element = "PollutantConcentration";
  see_columns(root, row_element, pollutants, draft);
  read_hours(root, row_element, draft,
             [&](const pugi::xml_node& row, const std::string& station, const TimeInterval& hour) {
               for (const Element& element : pollutants) {
                 if (!draft.columns.has(element.quantity)) continue;
                 for (const std::string& cell : cells_of(row, element)) {
                   const Reading mass = reading_of(element.quantity, cell);
                   draft.samples.add(station, hour, mass);
                   if (auto share = share_beside(mass, reference_k)) {
                     draft.samples.add(station, hour, *std::move(share));
                   }
                 }
                 draft.samples.official(station, hour).gas_reference_k = reference_k;
               }
             });
}

void read_past_indices(const pugi::xml_node& root, Draft& draft) {
  see_columns(root, "item", index_elements, draft);
  read_hours(root, "item", draft,
             [&](const pugi::xml_node& row, const std::string& station, const TimeInterval& hour) {
               if (!draft.columns.has(aqhi)) return;
               for (const std::string& cell : cells_of(row, index_elements.front())) {
                 draft.samples.add(station, hour, aqhi_reading(cell));
               }
             });
}

// Where the first colon of `text` is, and how long; Chinese editions have full-width ones as well.
struct Colon {
  std::size_t at;
  std::size_t length;
};
std::optional<Colon> colon_in(std::string_view text) {
  constexpr std::string_view wide = "：";
  const auto narrow_at = text.find(':');
  const auto wide_at = text.find(wide);
  if (narrow_at == std::string_view::npos && wide_at == std::string_view::npos) return std::nullopt;
  return narrow_at < wide_at ? Colon{narrow_at, 1} : Colon{wide_at, wide.size()};
}

// "Central/Western : 2 : Low" is the title, or only the name is; the description then has
// "Central/Western - General Stations: 2 Low - Tue, 17 Jun 2025 19:30". Returns name and printed
// index.
std::pair<std::string, std::string> index_in(std::string_view title, std::string_view description) {
  if (const auto colon = colon_in(title)) {
    const std::string_view rest = title.substr(colon->at + colon->length);
    const auto next = colon_in(rest);
    if (!next) return {};  // "General Stations: 3 to 5" is the range over all stations
    return {std::string(trimmed(title.substr(0, colon->at))),
            std::string(trimmed(rest.substr(0, next->at)))};
  }
  if (!description.starts_with(title)) return {};
  description.remove_prefix(title.size());
  const auto colon = colon_in(description);
  if (!colon) return {};
  description = trimmed(description.substr(colon->at + colon->length));
  return {std::string(title), std::string(description.substr(0, description.find(' ')))};
}

// An index, or one of the marks for none that the documents print; "2 to 3" is neither.
bool is_index_cell(std::string_view printed) {
  const std::string plain = lower_case(trimmed(printed));
  if (plain == "10+" || number_in(plain)) return true;
  static constexpr auto marks =
      std::to_array<std::string_view>({"", "-", "--", "*", "n/a", "n.a.", "na", "m"});
  return std::ranges::find(marks, plain) != marks.end();
}

void read_current_indices(const pugi::xml_node& root, Draft& draft) {
  const pugi::xml_node channel = root.child("channel");
  for (const pugi::xml_node& item : channel.children("item")) {
    const std::string title = text_of(item, "title");
    const auto [name, printed] = index_in(title, text_of(item, "description"));
    std::string stamp = text_of(item, "pubDate");
    if (stamp.empty()) stamp = text_of(channel, "lastBuildDate");
    const auto time = rfc822_time(stamp, china_offset);
    const auto station = draft.stations.id_of(name);
    if (!station || !time || !is_index_cell(printed)) {
      draft.problem("no station's index in", title);
      continue;
    }
    const TimeInterval hour = hour_before(*time);
    draft.samples.add(*station, hour, aqhi_reading(printed));
    draft.samples.official(*station, hour).issued = *time;
  }
}

// [{"station": "Causeway Bay", "aqhi": 2, "health_risk": "Low", "publish_date":
// "2026-06-20T08:30:00"}]
std::optional<FeedFailure> read_dashboard(std::string_view text, Draft& draft) {
  const auto list = parse_json(text);
  if (!list) return list.error();
  if (!list->is_list()) return FeedFailure{FeedFault::grammar_changed, "JSON that is no list"};
  for (const JsonValue& row : list->children) {
    const std::string_view name = row.text_at("station");
    const std::string_view stamp = row.text_at("publish_date");
    const auto time = parse_time(stamp, china_offset);
    const auto station = draft.stations.id_of(name);
    if (!station || !time || row.find("aqhi") == nullptr) {
      draft.problem("entry without station or index or with the time", stamp);
      continue;
    }
    const TimeInterval hour = hour_before(*time);
    draft.samples.add(*station, hour, aqhi_reading(row.text_at("aqhi")));
    draft.samples.official(*station, hour).issued = *time;
  }
  if (list->children.empty()) return FeedFailure{FeedFault::empty, "a list without entries"};
  return std::nullopt;
}

struct Document {
  std::string_view name;
  std::string_view root;
};
constexpr auto documents = std::to_array<Document>({{"24pc", "AQHI24HrPollutantConcentration"},
                                                    {"24aqhi", "AQHI24HrReport"},
                                                    {"aqhi_ind_rss", "rss"}});

// `asked`: which document; empty: not known.
std::optional<FeedFailure> read_xml(std::string_view text, std::string_view asked, Draft& draft) {
  pugi::xml_document document;
  if (auto failure = load_xml(document, text)) return failure;
  const pugi::xml_node root = document.document_element();
  const std::string_view name = root.name();
  const auto* expected = std::ranges::find(documents, asked, &Document::name);
  if (expected != documents.end() && name != expected->root) {
    return FeedFailure{FeedFault::grammar_changed,
                       "another document than the one asked for: " + in_quotes(name) +
                           ", expected " + in_quotes(expected->root)};
  }
  if (name == "AQHI24HrPollutantConcentration") {
    if (!root.child("PollutantConcentration")) {
      return FeedFailure{FeedFault::empty, "no concentrations inside"};
    }
    read_concentrations(root, draft);
  } else if (name == "AQHI24HrReport") {
    if (!root.child("item")) return FeedFailure{FeedFault::empty, "no hours inside"};
    read_past_indices(root, draft);
  } else if (name == "rss") {
    if (!root.child("channel").child("item"))
      return FeedFailure{FeedFault::empty, "no items inside"};
    read_current_indices(root, draft);
  } else {
    return FeedFailure{FeedFault::grammar_changed, "an unknown element " + in_quotes(name)};
  }
  return std::nullopt;
}

Result<FeedContent, FeedFailure> decode_hk_epd(const FeedResponse& response,
                                               const Stations& stations) {
  const std::string_view body = response.body;
  const std::string_view asked = response.request.name;
  Draft draft{stations, StationSamples(response.received, Doubles::contradict), {}, {}};
  const auto text = readable_text(body, draft.problems);
  if (!text) return Unexpected{text.error()};
  const char first = trimmed(*text).front();
  if (first != '<' && first != '[' && first != '{') {
    return Unexpected{FeedFailure{FeedFault::grammar_changed, "neither XML nor JSON"}};
  }
  if (first != '<' && !asked.empty()) {
    return Unexpected{FeedFailure{FeedFault::grammar_changed, "JSON instead of XML"}};
  }
  if (auto failure = first == '<' ? read_xml(*text, asked, draft) : read_dashboard(*text, draft)) {
    return Unexpected{*std::move(failure)};
  }
  FeedContent content;
  content.partly = draft.columns.renamed();
  content.columns = draft.columns.seen();
  content.samples = draft.samples.take();
  content.problems = std::move(draft.problems);
  std::ranges::move(draft.samples.doubles(), std::back_inserter(content.problems));
  if (!content.samples.empty()) return content;
  if (content.partly) return Unexpected{*std::move(content.partly)};
  return Unexpected{FeedFailure{FeedFault::grammar_changed, content.problems.empty()
                                                                ? "no column of values"
                                                                : content.problems.front()}};
}

// ---- the feed -------------------------------------------------------------------------------

constexpr auto document_names = [] {
  std::array<std::string_view, documents.size()> names;
  std::ranges::transform(documents, names.begin(), &Document::name);
  return names;
}();
constexpr auto settings =
    declare_feed_settings("https://www.aqhi.gov.hk", R"(["24pc","24aqhi"])", "30min");

class HkEpd final : public Feed {
 public:
  explicit HkEpd(const Settings& chosen)
      : base_(base_of(chosen)),
        edition_(chosen.text("edition")),
        documents_(chosen.texts("documents")),
        stations_(embedded_file("config/reference/hongkong.json"), "hk-epd") {}

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime) const override {
    const std::string_view suffix = edition_ == "tc" ? "ChT" : edition_ == "sc" ? "ChS" : "Eng";
    std::vector<FeedRequest> requests;
    for (const std::string& document : documents_) {
      std::string url = base_ + "/epd/ddata/html/out/" + document;
      url.append("_").append(suffix).append(".xml");
      requests.push_back({.name = document, .url = std::move(url), .headers = {}});
    }
    return requests;
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    return decode_hk_epd(response, stations_);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    return stations_.find(id);
  }

  [[nodiscard]] std::vector<const ReferenceStation*> stations() const override {
    return stations_.all();
  }

 private:
  const std::string base_;
  const std::string edition_;
  const std::vector<std::string> documents_;
  const Stations stations_;
};

constexpr std::array<Quantity, 11> quantities = {no2,     o3,     so2,   co,   no2_ppb, o3_ppb,
                                                 so2_ppb, co_ppm, pm2_5, pm10, aqhi};

}  // namespace

extern const FeedInfo hk_epd = {
    .name = "hk-epd",
    .summary = "Hong Kong air quality: hourly concentrations and AQHI of 18 stations",
    .publisher = "Environmental Protection Department, Government of the Hong Kong SAR",
    .licence = "Terms and Conditions of Use of DATA.GOV.HK",
    .licence_url = "https://data.gov.hk/en/terms-and-conditions",
    .attribution =
        "Source: Environmental Protection Department, the Government of the Hong Kong "
        "Special Administrative Region, by way of DATA.GOV.HK",
    .may_be_redistributed = true,
    .label = Label::ending,
    .zone = "Asia/Hong_Kong",
    .gas_reference_k = reference_k,
    .index_family = "hk-aqhi",
    .base_url = "https://www.aqhi.gov.hk",
    .cadence = hours(1),
    .delay = std::chrono::minutes(30),  // the documents carry build times of HH:30
    .quantities = quantities,
    .documents = document_names,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<HkEpd>(chosen);
    },
    .check = [](const Settings& chosen) { return unknown_document(chosen, document_names); },
};

}  // namespace twinsky
