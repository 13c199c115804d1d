// SPDX-License-Identifier: Apache-2.0
// Aerodrome weather reports (METAR, SPECI) of Hong Kong and Shanghai: the weather that both cities
// publish without a key.
//
//   METAR VHHH 140730Z 32004KT 9999 FEW015 SCT045 29/24 Q1012 NOSIG
//              |       |                          |     pressure, reduced to sea level, hPa
//              |       |                          temperature/dew point, whole degC, M: below zero
//              |       wind: degrees or VRB, speed, G gust; KT, MPS or KMH; 00000KT: calm
//              day and time in UTC, without month: of the month in which it is nearest to now; a
//              time ahead of now is no time of an observation
//
// Grammar: WMO-No. 306, FM 15: the groups come in this order, and with the pressure the observation
// ends; what follows (recent weather RE, wind shear WS, sea, runways, trend, remarks) is none. The
// wind stands at its own place, directly behind the head, or nowhere. "/" (in places XX) stands for
// what is not there, and a group of strokes takes no other group's place. Forecasts (TAF), known by
// their period or AMD, are no observations. Label: the wind is the mean of the ten minutes before,
// the gust their maximum (ICAO Annex 3, 4.1.5); the other values are those of the last minute.
// Read from aviationweather.gov of the US National Weather Service: as text or JSON; the files of
// tgftp.nws.noaa.gov, which begin with a line "2026/09/14 07:30", are understood too. In a text "="
// or a line's end ends a report. Where neither does, the last one may have been cut: it holds when
// its pressure is there (a group's width is fixed, so none is the beginning of another), else it is
// left out. A saved file that is a single report needs no mark.
#include "drivers/driver.hpp"
#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/feed_settings.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/samples.hpp"
#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/stations.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/embedded.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

namespace twinsky {
namespace {

using enum Quantity;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

// Two hours of all aerodromes of the world would fit.
constexpr std::size_t most_reports = 50'000;

using Words = std::vector<std::string_view>;

constexpr auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
constexpr auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool are_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

Words words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\f\v";
  Words words;
  while (true) {
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto length = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

// ---- the groups of a report -----------------------------------------------------------------

bool is_aerodrome(std::string_view word) {
  return word.size() == 4 && is_upper(word.front()) &&
         std::ranges::all_of(word, [](char c) { return is_upper(c) || is_digit(c); });
}

bool is_time(std::string_view word) {
  return word.size() == 7 && word.back() == 'Z' && are_digits(word.substr(0, 6));
}

// Whose month is asked for: of `anchor`'s, or of its neighbours', the one in which the day, hour
// and minute are nearest to it. Nothing where there is no such day in them.
std::optional<UtcTime> nearest_time(std::string_view word, UtcTime anchor) {
  const auto part = [&](std::size_t at) { return (word[at] - '0') * 10 + (word[at + 1] - '0'); };
  const std::chrono::year_month_day date(std::chrono::floor<days>(anchor));
  const std::chrono::year_month month = date.year() / date.month();
  std::optional<UtcTime> nearest;
  for (const int away : {-1, 0, 1}) {
    const auto that = month + std::chrono::months(away);
    const auto time = time_of(static_cast<int>(that.year()),
                              static_cast<int>(static_cast<unsigned>(that.month())), part(0),
                              part(2), part(4), 0, minutes(0));
    if (!time) continue;
    const auto distance = [&](UtcTime each) { return std::chrono::abs(each - anchor); };
    if (!nearest || distance(*time) < distance(*nearest)) nearest = time;
  }
  return nearest;
}

struct SpeedUnit {
  std::string_view name;
  double metres_per_second;
};
constexpr auto speed_units =
    std::to_array<SpeedUnit>({{"KT", 1852.0 / 3600}, {"MPS", 1}, {"KMH", 1 / 3.6}});

struct Wind {
  std::string_view group;
  std::string_view direction;  // "320", "VRB", "///"
  std::string_view speed;      // "04", "P99", "//"
  std::string_view gust;       // empty: none
  double factor = 1;           // into m/s
};

// Two or three digits, P before them for "more than"; or strokes.
bool is_speed(std::string_view text) {
  if (text == "//") return true;
  if (text.starts_with('P')) text.remove_prefix(1);
  return (text.size() == 2 || text.size() == 3) && are_digits(text);
}

std::optional<Wind> wind_in(std::string_view group) {
  const auto* unit = std::ranges::find_if(
      speed_units, [&](const SpeedUnit& each) { return group.ends_with(each.name); });
  if (unit == speed_units.end()) return std::nullopt;
  std::string_view rest = group.substr(0, group.size() - unit->name.size());
  Wind wind{.group = group, .factor = unit->metres_per_second};
  if (rest.size() < 5) return std::nullopt;
  wind.direction = rest.substr(0, 3);
  rest.remove_prefix(3);
  const auto gust = rest.find('G');
  wind.speed = rest.substr(0, gust);
  if (gust != std::string_view::npos) wind.gust = rest.substr(gust + 1);
  const bool is_direction =
      wind.direction == "VRB" || wind.direction == "///" || are_digits(wind.direction);
  const bool is_gust = gust == std::string_view::npos || is_speed(wind.gust);
  if (!is_direction || !is_speed(wind.speed) || !is_gust) return std::nullopt;
  return wind;
}

struct Air {
  std::string_view temperature;
  std::string_view dew_point;
};

// "29", "M05", "//", "XX" or, where the dew point is missing, nothing.
bool is_degrees(std::string_view text) {
  if (text.starts_with('M')) text.remove_prefix(1);
  return text == "//" || text == "XX" || (text.size() == 2 && are_digits(text));
}

std::optional<Air> air_in(std::string_view group) {
  if (group.size() < 3) return std::nullopt;
  const auto begin = std::size_t{group.starts_with('M') ? 1U : 0U};
  const auto slash = group.substr(begin).starts_with("//") ? begin + 2 : group.find('/');
  if (slash >= group.size() || group[slash] != '/') return std::nullopt;
  const Air air{group.substr(0, slash), group.substr(slash + 1)};
  if (!is_degrees(air.temperature)) return std::nullopt;
  if (!air.dew_point.empty() && !is_degrees(air.dew_point)) return std::nullopt;
  return air;
}

std::optional<double> degrees_in(std::string_view text) {
  const bool is_below_zero = text.starts_with('M');
  const auto number = number_in(is_below_zero ? text.substr(1) : text);
  if (!number) return std::nullopt;
  return is_below_zero ? -*number : *number;
}

// "Q1012" in hPa, "A2992" in hundredths of an inch of mercury; four noughts are no pressure.
std::optional<double> pressure_in(std::string_view group) {
  constexpr double hpa_per_inch = 33.863886;
  const auto number = number_in(group.substr(1));
  if (!number || *number == 0) return std::nullopt;
  return group.front() == 'Q' ? *number : *number / 100 * hpa_per_inch;
}

// Strokes in place of some digits leave no number.
bool is_pressure(std::string_view group) {
  if (group.size() != 5 || (group.front() != 'Q' && group.front() != 'A')) return false;
  return std::ranges::all_of(group.substr(1), [](char c) { return is_digit(c) || c == '/'; });
}

bool are_strokes(std::string_view word) {
  return word.find_first_not_of('/') == std::string_view::npos;
}

// "CCA", "CCB": Canada's second and third "COR".
bool is_correction_mark(std::string_view word) {
  return word == "COR" || (word.size() == 3 && word.starts_with("CC") && is_upper(word[2]));
}

// What may stand between the time and the wind.
bool is_of_head(std::string_view word) {
  return word == "AUTO" || word == "RTD" || is_correction_mark(word);
}

// The period of a forecast: "1406/1512", or as before 2008 "140624".
bool is_period(std::string_view word) {
  if (word.size() == 6) return are_digits(word);
  return word.size() == 9 && word[4] == '/' && are_digits(word.substr(0, 4)) &&
         are_digits(word.substr(5));
}

// What begins something else wherever it stands: a trend, remarks, the next report. Most of these
// come behind the pressure, where nothing is looked at any more; a report may have none.
bool begins_something_else(std::string_view word) {
  static constexpr auto names = std::to_array<std::string_view>(
      {"NOSIG", "BECMG", "TEMPO", "RMK", "INTER", "FCST", "METAR", "SPECI", "TAF"});
  static constexpr auto beginnings =
      std::to_array<std::string_view>({"FM", "TL", "AT", "PROB", "TX", "TN"});
  if (std::ranges::find(names, word) != names.end() || is_time(word) || is_period(word))
    return true;
  return std::ranges::any_of(beginnings, [&](std::string_view each) {
    return word.starts_with(each) && word.size() > each.size() && is_digit(word[each.size()]);
  });
}

// ---- a report -------------------------------------------------------------------------------

// When an observation can have been made.
struct When {
  UtcTime near{};         // its month is sought from here; the epoch: nobody knows
  UtcTime latest{};       // it was observed before this
  bool is_dated = false;  // `near` is the time that stands beside the report, to the minute
};

struct Report {
  Words words;  // from the aerodrome on
  When when;
  bool is_correction = false;
};

struct Draft {
  const Stations& stations;
  StationSamples samples;
  std::vector<std::string> problems;
};

void add_wind(const Wind& wind, const std::string& station, UtcTime time, Draft& draft) {
  const TimeInterval interval = ending_at(time, minutes(10));
  const bool is_calm = wind.direction == "000" && number_in(wind.speed) == 0;
  auto direction = number_in(wind.direction);
  if (direction && (is_calm || *direction > 360)) direction.reset();
  if (direction == 360) direction = 0;
  draft.samples.add(station, interval,
                    reading_of(wind_dir, is_calm ? wind.group : wind.direction, direction));
  draft.samples.add(station, interval, reading_of(wind_speed, wind.speed, wind.factor));
  if (!wind.gust.empty()) {
    draft.samples.add(station, interval, reading_of(wind_gust, wind.gust, wind.factor));
  }
}

// Why a report's time is none; empty: it is one, in `time`.
std::string problem_of_time(const Report& report, UtcTime& time) {
  const std::string what =
      "report of " + in_quotes(report.words[0]) + " with the time " + in_quotes(report.words[1]);
  const When& when = report.when;
  if (when.near <= UtcTime{}) return what + ", whose month nobody says";
  const auto nearest = nearest_time(report.words[1], when.near);
  if (!nearest) return what;
  if (*nearest > when.latest) return what + ", which is still to come: " + iso8601(*nearest);
  if (when.is_dated && when.near - *nearest > days(1)) {
    return what + ", but dated " + iso8601(when.near);
  }
  time = *nearest;
  return {};
}

// The groups of an observation that are read.
struct Groups {
  std::optional<Wind> wind;
  std::optional<Air> air;
  std::string_view pressure;
};

bool is_missing(const Air& air) {
  return !degrees_in(air.temperature) && !degrees_in(air.dew_point);
}

// Of two groups of one kind the first holds, but one of strokes gives way to what comes later.
Groups groups_in(std::span<const std::string_view> words) {
  Groups groups;
  std::size_t at = 0;
  for (; at < words.size() && !groups.wind; ++at) {
    if (is_of_head(words[at])) continue;
    groups.wind = wind_in(words[at]);
    if (!groups.wind && !are_strokes(words[at])) break;
    if (!groups.wind && air_in(words[at])) groups.air = air_in(words[at]);
  }
  for (; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (is_pressure(word)) {
      if (groups.pressure.empty() || !pressure_in(groups.pressure)) groups.pressure = word;
      continue;
    }
    if (!groups.pressure.empty()) break;  // with the pressure the observation ends
    if (begins_something_else(word) || wind_in(word)) break;
    if (const auto air = air_in(word); air && (!groups.air || is_missing(*groups.air))) {
      groups.air = air;
    }
  }
  return groups;
}

void read_report(const Report& report, Draft& draft) {
  const Words& words = report.words;
  const auto observed = std::span(words).subspan(2);
  const auto body = std::ranges::find_if_not(observed, is_of_head);
  if (body != observed.end() && *body == "NIL") return;  // the aerodrome has no report
  UtcTime time{};
  if (std::string problem = problem_of_time(report, time); !problem.empty()) {
    draft.problems.push_back(std::move(problem));
    return;
  }
  const std::string station = lower_case(words[0]);
  const TimeInterval minute = ending_at(time, minutes(1));
  const auto [wind, air, pressure] = groups_in(observed);
  if (!wind && !air && pressure.empty()) {
    draft.problems.push_back("report of " + in_quotes(words[0]) + " without a known group");
    return;
  }
  if (wind) add_wind(*wind, station, time, draft);
  if (air) {
    draft.samples.add(station, minute,
                      reading_of(temperature, air->temperature, degrees_in(air->temperature)));
    draft.samples.add(station, minute,
                      reading_of(dew_point, air->dew_point, degrees_in(air->dew_point)));
  }
  if (!pressure.empty()) {
    draft.samples.add(station, minute,
                      reading_of(pressure_sea_level, pressure.substr(1), pressure_in(pressure)));
  }
}

// A report that begins with these words; nullopt for a forecast and for what is none.
std::optional<Report> report_in(Words words, const When& when) {
  Report report{.words = {}, .when = when};
  while (!words.empty() && (words[0] == "METAR" || words[0] == "SPECI" || words[0] == "COR")) {
    report.is_correction |= words[0] == "COR";
    words.erase(words.begin());
  }
  if (words.size() < 3 || !is_aerodrome(words[0]) || words[0] == "TAF" || !is_time(words[1])) {
    return std::nullopt;
  }
  for (const std::string_view word : std::span(words).subspan(2)) {
    if (word == "AMD" || word == "CNL" || is_period(word)) return std::nullopt;  // a forecast
    if (!is_of_head(word)) break;
    report.is_correction |= is_correction_mark(word);
  }
  report.words = std::move(words);
  return report;
}

// A correction takes the place of what it corrects, whichever of the two comes first.
void drop_corrected(std::vector<Report>& reports) {
  using Key = std::pair<std::string_view, std::string_view>;
  const auto key_of = [](const Report& each) { return Key(each.words[0], each.words[1]); };
  std::map<Key, std::size_t> corrections;
  for (std::size_t at = 0; at < reports.size(); ++at) {
    if (reports[at].is_correction) corrections.insert_or_assign(key_of(reports[at]), at);
  }
  std::vector<Report> holding;
  for (std::size_t at = 0; at < reports.size(); ++at) {
    const auto correction = corrections.find(key_of(reports[at]));
    const bool holds = correction == corrections.end() || correction->second == at;
    if (holds) holding.push_back(std::move(reports[at]));
  }
  reports = std::move(holding);
}

// Does a report or forecast begin with this line? Any other continues the one before.
bool begins_bulletin(const Words& words) {
  static constexpr auto kinds = std::to_array<std::string_view>({"METAR", "SPECI", "TAF"});
  if (std::ranges::find(kinds, words[0]) != kinds.end()) return true;
  return words.size() > 1 && is_aerodrome(words[0]) && is_time(words[1]);
}

// "2026/09/14 07:30" before a report is its time with the month.
std::optional<UtcTime> date_line(const Words& words) {
  if (words.size() != 2 || words[0].size() != 10 || words[0][4] != '/') return std::nullopt;
  return mainland_time(std::string(words[0]).append(" ").append(words[1]), minutes(0));
}

// What is known once a report has its date beside it, which cannot be ahead either.
When dated(UtcTime date, const When& received) {
  const UtcTime latest = date + minutes(1);
  const bool is_known = received.latest > UtcTime{};
  return {.near = date,
          .latest = is_known ? std::min(latest, received.latest) : latest,
          .is_dated = true};
}

struct Reports {
  std::vector<Report> list;
  std::optional<Report> cut;  // the last one where the text ends within it
  bool is_cut = false;        // the text ends within a report, be enough of it there or not
};

bool has_pressure(const Report& report) {
  return !groups_in(std::span(report.words).subspan(2)).pressure.empty();
}

// `text` is in capitals and outlives the reports.
Reports reports_in(std::string_view text, When when) {
  Reports reports;
  Words open;
  bool is_line_whole = true;
  const auto close = [&] {
    if (reports.list.size() > most_reports || open.empty()) return;
    const bool is_report = open[0] == "METAR" || open[0] == "SPECI";
    auto report = report_in(std::exchange(open, {}), when);
    if (report && (is_line_whole || has_pressure(*report))) {
      reports.list.push_back(*std::move(report));
    } else if (!is_line_whole) {
      reports.is_cut = report || is_report;
      reports.cut = std::move(report);
    }
  };
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of("\n="), text.size());
    const bool is_ended = length < text.size() && text[length] == '=';
    const bool is_line_ended = length < text.size();
    const Words words = words_of(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
    if (words.empty()) {
      if (is_ended) close();
      continue;
    }
    if (const auto time = date_line(words)) {
      close();
      when = dated(*time, when);
      continue;
    }
    if (begins_bulletin(words)) close();
    open.insert(open.end(), words.begin(), words.end());
    is_line_whole = is_line_ended;
    if (is_ended) close();
  }
  close();
  return reports;
}

// [{"icaoId": "VHHH", "obsTime": 1789371000, "rawOb": "METAR VHHH 140730Z …"}]; `list` outlives
// the reports.
std::vector<Report> reports_in(JsonValue& list, const When& received) {
  std::vector<Report> reports;
  for (JsonValue& entry : list.children) {
    const auto observed = number_in(entry.text_at("obsTime"));
    constexpr double year_3000 = 32'503'680'000;
    const bool is_dated = observed && *observed > 0 && *observed < year_3000;
    When when = received;
    if (is_dated) {
      when = dated(UtcTime(std::chrono::seconds(static_cast<std::int64_t>(*observed))), received);
    }
    for (JsonValue& member : entry.children) {
      if (member.key != "rawOb") continue;
      // JSON has an end of its own.
      member.text = upper_case(member.text) + "\n";
      std::ranges::move(reports_in(member.text, when).list, std::back_inserter(reports));
    }
  }
  return reports;
}

Result<FeedContent, FeedFailure> decode_metar(const FeedResponse& response,
                                              const Stations& stations) {
  const UtcTime received = response.received;
  Draft draft{stations, StationSamples(received), {}};
  const auto text = readable_text(response.body, draft.problems);
  if (!text) return Unexpected{text.error()};
  // Clocks of aerodromes and of this device need not agree to the second.
  When when;
  if (received != UtcTime{}) when = {.near = received, .latest = received + hours(1)};
  const char first = trimmed(*text).front();
  Result<JsonValue, FeedFailure> list = JsonValue{};
  std::string capitals;
  std::vector<Report> reports;
  std::optional<FeedFailure> partly;
  if (first == '[' || first == '{') {
    list = parse_json(*text);
    if (!list) return Unexpected{list.error()};
    if (list->is_list() && list->children.empty()) {
      return Unexpected{FeedFailure{FeedFault::empty, "a list without reports"}};
    }
    reports = reports_in(*list, when);
  } else {
    capitals = upper_case(*text);
    Reports found = reports_in(capitals, when);
    reports = std::move(found.list);
    const bool is_saved = response.request.name.empty();
    if (found.cut && reports.empty() && is_saved) {
      reports.push_back(*std::move(found.cut));
    } else if (found.is_cut) {
      partly = FeedFailure{FeedFault::truncated,
                           "the text ends within its last report, which is left out"};
    }
  }
  if (reports.size() > most_reports) {
    return Unexpected{FeedFailure{FeedFault::too_large, "more reports than aerodromes make"}};
  }
  if (reports.empty()) {
    const FeedFailure none{FeedFault::grammar_changed, "no report inside"};
    return Unexpected{partly.value_or(none)};
  }
  drop_corrected(reports);
  for (const Report& report : reports) read_report(report, draft);
  FeedContent content{.samples = draft.samples.take(),
                      .problems = std::move(draft.problems),
                      .partly = std::move(partly)};
  if (!content.samples.empty()) return content;
  if (content.partly) return Unexpected{*std::move(content.partly)};
  if (content.problems.empty()) {
    return Unexpected{FeedFailure{FeedFault::empty, "no aerodrome has a report"}};
  }
  return Unexpected{FeedFailure{FeedFault::grammar_changed, content.problems.back()}};
}

// ---- the feed -------------------------------------------------------------------------------

constexpr std::array<std::string_view, 1> documents = {"metar"};
constexpr std::string_view base = "https://aviationweather.gov";
constexpr auto settings = std::to_array<Setting>({
    base_setting(base),
    documents_setting(R"(["metar"])"),
    {.name = "aerodromes",
     .kind = SettingKind::texts,
     .documentation = "The ICAO codes of the aerodromes whose reports are fetched.",
     .fallback = R"(["VHHH","ZSSS","ZSPD"])"},
    poll_delay_setting("6min"),
    private_addresses_setting,
});

class Metar final : public Feed {
 public:
  explicit Metar(const Settings& chosen)
      : base_(base_of(chosen)),
        aerodromes_(chosen.texts("aerodromes")),
        documents_(chosen.texts("documents")),
        stations_(embedded_file("config/reference/hongkong.json"), "metar") {
    stations_.add(embedded_file("config/reference/shanghai.json"), "metar");
  }

  [[nodiscard]] std::vector<FeedRequest> requests(UtcTime) const override {
    if (documents_.empty()) return {};
    std::string url = base_ + "/api/data/metar?format=raw&hours=2&ids=";
    for (const std::string& aerodrome : aerodromes_) {
      url.append(aerodrome == aerodromes_.front() ? "" : ",").append(aerodrome);
    }
    return {{.name = std::string(documents.front()), .url = std::move(url), .headers = {}}};
  }

  [[nodiscard]] Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const override {
    return decode_metar(response, stations_);
  }

  [[nodiscard]] const ReferenceStation* station(std::string_view id) const override {
    return stations_.find(id);
  }

  [[nodiscard]] std::vector<const ReferenceStation*> stations() const override {
    const bool is_listed = std::ranges::all_of(aerodromes_, [this](const std::string& aerodrome) {
      return stations_.find(slug(aerodrome)) != nullptr;
    });
    if (!is_listed) return {};
    return stations_.all();
  }

 private:
  const std::string base_;
  const std::vector<std::string> aerodromes_;
  const std::vector<std::string> documents_;
  Stations stations_;
};

constexpr std::array<Quantity, 6> quantities = {temperature, dew_point, pressure_sea_level,
                                                wind_speed,  wind_gust, wind_dir};

std::string problem_of(const Settings& chosen) {
  for (const std::string& aerodrome : chosen.texts("aerodromes")) {
    if (!is_aerodrome(aerodrome)) {
      return in_quotes(aerodrome) + R"( is no ICAO code, expected four letters such as "VHHH")";
    }
  }
  return unknown_document(chosen, documents);
}

}  // namespace

extern const FeedInfo metar = {
    .name = "metar",
    .summary = "Weather reports of the airports of Hong Kong and Shanghai (VHHH, ZSSS, ZSPD)",
    .publisher = "National Weather Service, NOAA, from the aerodromes' meteorological offices",
    .licence = "public domain (works of the US Government)",
    .licence_url = "https://www.weather.gov/disclaimer",
    .attribution = "Source: aerodrome reports by way of the NOAA Aviation Weather Center",
    .may_be_redistributed = true,
    .label = Label::ending,
    .zone = "UTC",
    .base_url = base,
    .cadence = minutes(30),
    .delay = minutes(6),
    .quantities = quantities,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Feed> {
      return std::make_unique<Metar>(chosen);
    },
    .check = problem_of,
};

}  // namespace twinsky
