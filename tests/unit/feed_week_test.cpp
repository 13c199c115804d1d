// SPDX-License-Identifier: Apache-2.0
// A week of both cities on a clock that the test moves: what their agencies answered stands in a
// real store, each hour once per revision, whatever went wrong on the way.
// Not under the thread sanitizer: FeedWeek
#include "canned_fetcher.hpp"
#include "gateway/acquire/feed_watch.hpp"
#include "gateway/acquire/official_outlet.hpp"
#include "store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace twinsky {
namespace {

using std::chrono::floor;
using std::chrono::hours;

constexpr int hours_of_week = 168;
const UtcTime start = *parse_time("2026-11-15T00:20:00Z");

// "2026-11-15T09:00:00" in both cities
std::string local(UtcTime time) {
  return iso8601(time + 8h).substr(0, 19);
}
// "15 Nov 2026 09:00:00 +0800"
std::string mail_stamp(UtcTime time) {
  const std::string text = local(time);
  return text.substr(8, 2) + " Nov 2026 " + text.substr(11) + " +0800";
}

// What an agency's answer may be instead of its document.
enum class Trouble : std::uint8_t {
  none,
  late,  // the newest hour is not there yet
  stale,
  html,
  truncated,
  cut,  // by the transport
  empty,
  http_error,
  grammar_changed,
  unreachable,
  too_large,
};
constexpr std::array<std::string_view, 11> fault_names = {
    "",      "",           "stale",           "html",        "truncated", "truncated",
    "empty", "http_error", "grammar_changed", "unreachable", "too_large"};

// When it happens, in hours of the week.
struct Spell {
  Trouble trouble;
  double from;
  double to;
};
constexpr auto spells = std::to_array<Spell>({{Trouble::late, 12, 12.6},
                                              {Trouble::html, 60.1, 61.6},
                                              {Trouble::truncated, 66.1, 66.9},
                                              {Trouble::empty, 72.1, 73.1},
                                              {Trouble::http_error, 78.1, 79.3},
                                              {Trouble::grammar_changed, 84.1, 85},
                                              {Trouble::unreachable, 90.1, 93.6},
                                              {Trouble::stale, 100, 105.2},
                                              {Trouble::too_large, 112.1, 112.9},
                                              {Trouble::cut, 118.1, 118.9}});

// One hour of one station as a document prints it.
struct Printed {
  std::string station;  // our id
  std::string name;     // theirs
  UtcTime end;
  std::string text;  // NO2 in Hong Kong, PM2.5 in Shanghai, or the index
};

int hour_of(UtcTime end) {
  return static_cast<int>((end - floor<hours>(start)) / 1h);
}

// The two agencies. They know the time, and nothing of the gateway.
struct Agencies {
  explicit Agencies(const Clock& the_clock) : clock(the_clock) {}

  [[nodiscard]] double week_hour() const {
    return static_cast<double>((clock.utc() - floor<hours>(start)).count()) / 3'600'000.0;
  }
  [[nodiscard]] Trouble trouble() const {
    for (const Spell& spell : spells) {
      if (week_hour() >= spell.from && week_hour() < spell.to) return spell.trouble;
    }
    return Trouble::none;
  }
  // The newest hour, published so long after its end.
  [[nodiscard]] UtcTime newest(milliseconds after) const {
    const UtcTime usual = floor<hours>(clock.utc() - after);
    if (trouble() == Trouble::late) return usual - 1h;
    if (trouble() == Trouble::stale) return std::min<UtcTime>(usual, floor<hours>(start) + 99h);
    return usual;
  }

  // Three stations, of which one gets another name, one has a row that comes hours later, and one
  // changes an hour twice.
  [[nodiscard]] std::vector<Printed> concentrations() const {
    std::vector<Printed> rows;
    const UtcTime last = newest(20min);
    const bool is_renamed = week_hour() > 48;
    const std::string island = is_renamed ? "Tap Mun Island" : "Tap Mun";
    const std::string island_id = is_renamed ? "tap-mun-island" : "tap-mun";
    for (UtcTime end = last - 23h; end <= last; end += 1h) {
      const int hour = hour_of(end);
      const std::string tenth = std::to_string((hour + 240) % 10);
      const bool is_late_row = hour == 20 && week_hour() < 23.5;
      if (!is_late_row) rows.push_back({"central-western", "Central/Western", end, "30." + tenth});
      const char* revised = week_hour() < 33 ? "41.0" : week_hour() < 37 ? "42.5" : "41.0";
      rows.push_back({"mong-kok", "Mong Kok", end, hour == 30 ? revised : "41." + tenth});
      rows.push_back({island_id, island, end, hour == 25 ? "-" : "8." + tenth});
    }
    return rows;
  }
  // Printed wrong for ten hours.
  [[nodiscard]] std::vector<Printed> indices() const {
    std::vector<Printed> rows = concentrations();
    for (Printed& row : rows) {
      const int hour = hour_of(row.end);
      row.text = hour >= 130 && hour < 140 ? "7" : row.name.starts_with("Tap") ? "3" : "4";
    }
    return rows;
  }
  // Only the newest hour; a site's name changes, its code does not.
  [[nodiscard]] std::vector<Printed> sites() const {
    const UtcTime end = newest(5min);
    const int hour = hour_of(end);
    // Of every seventh hour the first value is revised in the second half of the hour.
    const bool is_revised = hour % 7 == 0 && clock.utc() - end > 40min;
    return {{"1141a", week_hour() > 48 ? "普陀新" : "普陀", end,
             std::to_string(40 + hour % 9 + (is_revised ? 1 : 0))},
            {"1142a", "十五厂", end, hour == 25 ? "—" : std::to_string(30 + hour % 9)}};
  }

  // What the request asks for, with the rows that stand in it.
  [[nodiscard]] std::pair<std::string, std::vector<Printed>> document(
      const std::string& url) const {
    if (url.find("24pc") != std::string::npos) {
      std::string body = "<AQHI24HrPollutantConcentration>";
      for (const Printed& row : concentrations()) {
        body += "<PollutantConcentration><StationName>" + row.name + "</StationName><DateTime>" +
                mail_stamp(row.end) + "</DateTime><NO2>" + row.text +
                "</NO2><O3>80.0</O3><SO2>4.0</SO2><CO>-</CO><PM10>40.0</PM10><PM2.5>20.0</PM2.5>"
                "</PollutantConcentration>";
      }
      return {body + "</AQHI24HrPollutantConcentration>", concentrations()};
    }
    if (url.find("24aqhi") != std::string::npos) {
      std::string body = "<AQHI24HrReport>";
      for (const Printed& row : indices()) {
        body += "<item><StationName>" + row.name + "</StationName><DateTime>" +
                mail_stamp(row.end) + "</DateTime><aqhi>" + row.text + "</aqhi></item>";
      }
      return {body + "</AQHI24HrReport>", indices()};
    }
    std::string body = "[";
    for (const Printed& row : sites()) {
      std::string code = row.station;
      code.back() = 'A';
      body += R"({"TimePoint":")" + local(row.end) + R"(","StationCode":")" + code +
              R"(","PositionName":")" + row.name + R"(","PM2_5":")" + row.text +
              R"(","PM10":"50","NO2":"30","SO2":"6","O3":"80","CO":"0.6"},)";
    }
    body.back() = ']';
    return {body, sites()};
  }

  FetchReply answer_to(const FetchRequest& request) {
    const bool is_json = request.url.find("CityData") != std::string::npos;
    auto [body, rows] = document(request.url);
    FetchReply reply = answer(body);
    switch (trouble()) {
      case Trouble::html:
        return answer("<!DOCTYPE html>\n<html><body>maintenance</body></html>");
      case Trouble::truncated:
        return answer(body.substr(0, body.size() / 2));
      case Trouble::empty:
        if (is_json) return answer("[]");
        return answer(request.url.find("24pc") != std::string::npos
                          ? "<AQHI24HrPollutantConcentration></AQHI24HrPollutantConcentration>"
                          : "<AQHI24HrReport></AQHI24HrReport>");
      case Trouble::grammar_changed:
        return answer(is_json ? R"({"code":1})" : "<rdf><a/></rdf>");
      case Trouble::unreachable:
        return no_answer();
      case Trouble::http_error:
        reply.status = 500;
        return reply;
      case Trouble::too_large:
        reply.too_large = true;
        return reply;
      case Trouble::cut:
        reply.truncated = true;
        return reply;
      case Trouble::none:
      case Trouble::late:
      case Trouble::stale:
        break;
    }
    if (!request.etag.empty() && request.etag == reply.etag) {
      reply.status = 304;
      return reply;
    }
    const char* const kind = is_json                                         ? "pm2_5"
                             : request.url.find("24pc") != std::string::npos ? "no2"
                                                                             : "aqhi";
    for (const Printed& row : rows) {
      auto& texts =
          served[{(is_json ? "ref/cn-cnemc/" : "ref/hk-epd/") + row.station, kind, row.end}];
      if (texts.empty() || texts.back() != row.text) texts.push_back(row.text);
    }
    return reply;
  }

  // By stream, quantity and end of the hour: what was printed, each time that it was another.
  using Served = std::map<std::tuple<std::string, std::string, UtcTime>, std::vector<std::string>>;
  const Clock& clock;
  Served served;
};

class FeedWeek : public StoreTest {
 protected:
  FeedWeek() {
    clock_.step_utc(start - clock_.utc());
    start_gateway();
  }
  ~FeedWeek() override { stop_gateway(); }

  void start_gateway() {
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    indices_ = std::make_unique<OfficialIndices>(catalogue_, *intake_, bulletin_, log_);
    outlet_ = outlet_to(*intake_, *indices_, bulletin_, *store_);
    for (const FeedSettings& settings :
         {settings_of("hk-epd", {"24pc", "24aqhi"}), settings_of("cn-cnemc")}) {
      watches_.push_back(
          std::make_unique<FeedWatch>("mk-roof", settings, *feed_named(settings.feed),
                                      FeedWatch::Surroundings{fetcher_, outlet_, clock_, log_}));
    }
  }
  void stop_gateway() {
    watches_.clear();
    indices_.reset();
    intake_.reset();
    close();
  }

  void run_until(UtcTime end) {
    for (;;) {
      const auto next =
          std::ranges::min_element(watches_, {}, [](const auto& watch) { return watch->due(); });
      const UtcTime due = (*next)->due();
      if (due > end) break;
      if (due > clock_.utc()) clock_.advance(due - clock_.utc());
      (*next)->step({});
      ASSERT_TRUE(commit());
    }
  }
  // Requests for one document.
  [[nodiscard]] std::vector<UtcTime> asked(const std::string& part) const {
    std::vector<UtcTime> times;
    for (const auto& each : fetcher_.asked()) {
      if (each.request.url.find(part) != std::string::npos) times.push_back(each.time);
    }
    return times;
  }

  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
  const IndexCatalogue catalogue_;
  std::unique_ptr<OfficialIndices> indices_;
  FollowerOutlet outlet_;
  Agencies agencies_{clock_};
  CannedFetcher fetcher_{
      clock_, [this](const FetchRequest& request) { return agencies_.answer_to(request); }};
  std::vector<std::unique_ptr<FeedWatch>> watches_;
};

TEST_F(FeedWeek, every_published_hour_is_kept_once_per_revision_and_failures_are_told_apart) {
  run_until(start + 50h);
  stop_gateway();  // what it had in memory is gone; what the agencies repeat is known all the same
  start_gateway();
  run_until(start + hours(hours_of_week));
  EXPECT_EQ(store_->status().queue_dropped, 0U);

  // ---- hours
  std::map<std::tuple<std::string, std::string, UtcTime>, std::map<int, std::string>> kept;
  std::map<std::string, std::map<UtcTime, int>> computed;  // index records by stream and hour
  std::vector<std::string> events;
  for (const Row& row : rows()) {
    if (row.stream == "ledger") continue;
    const auto body = nlohmann::json::parse(row.body);
    if (row.stream == "event") {
      events.push_back(body.at("event").get<std::string>() + " " +
                       body.at("subject").get<std::string>() + " " +
                       body.at("message").get<std::string>());
      continue;
    }
    const auto end = parse_time(body.at("end").get<std::string>()).value();
    EXPECT_EQ(parse_time(body.at("start").get<std::string>()).value(), end - 1h) << row.body;
    EXPECT_EQ(row.time, end);
    const int revision = body.at("revision");
    if (row.stream.starts_with("index/")) {
      EXPECT_EQ(revision, ++computed[row.stream][end]) << row.stream << row.body;
      continue;
    }
    const std::string kind =
        body.contains("no2") && !body.contains("pm10_24h") && row.stream.starts_with("ref/hk-epd")
            ? "no2"
        : body.contains("aqhi") ? "aqhi"
                                : "pm2_5";
    const auto& value = body.at(kind);
    const bool is_new =
        kept[{row.stream, kind, end}]
            .emplace(revision, value.is_null() ? body.at("text").at(kind).get<std::string>()
                                               : std::to_string(value.get<double>()))
            .second;
    EXPECT_TRUE(is_new) << "twice: " << row.stream << " " << row.body;
  }
  ASSERT_EQ(kept.size(), agencies_.served.size());
  int revised = 0;
  for (const auto& [key, texts] : agencies_.served) {
    const auto& revisions = kept.at(key);
    ASSERT_EQ(revisions.size(), texts.size()) << std::get<0>(key) << iso8601(std::get<2>(key));
    for (const auto& [revision, text] : revisions) {
      const std::string& printed = texts.at(static_cast<std::size_t>(revision - 1));
      const bool is_number = printed.front() >= '0' && printed.front() <= '9';
      EXPECT_EQ(text, is_number ? std::to_string(std::stod(printed)) : printed);
    }
    revised += static_cast<int>(texts.size()) - 1;
  }
  EXPECT_GE(revised, 2);
  const auto hour_end = [](int hour) { return floor<hours>(start) + hours(hour); };
  EXPECT_EQ((kept.at({"ref/hk-epd/mong-kok", "no2", hour_end(30)}).size()), 3U);
  // Whatever an agency showed for a day is complete, through every outage.
  for (const char* station : {"mong-kok", "central-western"}) {
    for (const char* kind : {"no2", "aqhi"}) {
      for (int hour = -23; hour < hours_of_week; ++hour) {
        const std::string stream = std::string("ref/hk-epd/") + station;
        EXPECT_TRUE((kept.contains({stream, kind, hour_end(hour)}))) << stream << hour;
      }
    }
  }
  EXPECT_TRUE((kept.contains({"ref/hk-epd/tap-mun-island", "no2", hour_end(25)})));
  // What is shown for an hour only is lost where it could not be had in that hour, and nowhere
  // else.
  std::size_t hours_of_site = 0;
  for (const auto& [key, revisions] : kept) {
    if (std::get<0>(key) == "ref/cn-cnemc/1141a") ++hours_of_site;
  }
  for (int hour = 0; hour < hours_of_week; ++hour) {
    const bool is_troubled = std::ranges::any_of(spells, [&](const Spell& spell) {
      return spell.trouble != Trouble::late && spell.from < hour + 1 && spell.to > hour;
    });
    const bool is_kept = kept.contains({"ref/cn-cnemc/1141a", "pm2_5", hour_end(hour)});
    EXPECT_TRUE(is_kept || is_troubled) << hour;
  }
  // And then the ledger says so, hour by hour, and of nothing else.
  std::set<UtcTime> missed;
  std::set<UtcTime> expected_missed;
  for (const LedgerRow& row : ledger()) {
    if (row.cause == "station_missing") {  // the one that got another name
      EXPECT_EQ(row.stream, "ref/hk-epd/tap-mun");
      continue;
    }
    ASSERT_TRUE(row.stream.starts_with("ref/cn-cnemc/")) << row.stream << " " << row.cause;
    EXPECT_EQ(row.count, static_cast<std::uint64_t>((row.end - row.start) / 1h));
    if (row.stream != "ref/cn-cnemc/1141a") continue;
    for (UtcTime at = row.start; at < row.end; at += 1h) EXPECT_TRUE(missed.insert(at).second);
  }
  for (int hour = 1; hour < hours_of_week; ++hour) {
    if (!kept.contains({"ref/cn-cnemc/1141a", "pm2_5", hour_end(hour)})) {
      expected_missed.insert(hour_end(hour) - 1h);
    }
  }
  EXPECT_FALSE(missed.empty());
  EXPECT_EQ(missed, expected_missed);

  // ---- indices
  const auto& of_mong_kok = computed.at("index/hk-aqhi-2025/hk-epd--mong-kok");
  EXPECT_EQ(of_mong_kok.size(), static_cast<std::size_t>(hours_of_week + 23 - 2));
  for (const auto& [end, revisions] : of_mong_kok) {
    const int hour = hour_of(end);
    EXPECT_EQ(revisions, hour >= 30 && hour <= 32 ? 3 : 1) << hour;
  }
  EXPECT_EQ(computed.at("index/cn-hj633-2026/cn-cnemc--1141a").size(), hours_of_site);
  EXPECT_EQ(std::ranges::count_if(events,
                                  [](const std::string& event) {
                                    return event.starts_with("index_drift hk-aqhi-2025 ");
                                  }),
            1);
  EXPECT_EQ(std::ranges::count_if(events,
                                  [](const std::string& event) {
                                    return event.starts_with("index_agrees hk-aqhi-2025 ");
                                  }),
            1);

  // ---- failures
  for (const char* const document : {"hk-epd 24pc", "hk-epd 24aqhi", "cn-cnemc sites"}) {
    std::vector<std::string> told;
    for (const std::string& event : events) {
      const std::string lost = std::string("feed_lost ") + document + ": ";
      if (event.starts_with(lost)) {
        told.push_back(event.substr(lost.size(), event.find(": ", lost.size()) - lost.size()));
      }
    }
    std::vector<std::string> expected;
    for (const Spell& spell : spells) {
      if (const auto name = fault_names.at(static_cast<std::size_t>(spell.trouble));
          !name.empty()) {
        expected.emplace_back(name);
      }
    }
    EXPECT_EQ(told, expected) << document;
  }
  for (const auto& watch : watches_) {
    EXPECT_EQ(watch->counters().state, "fresh");
    EXPECT_EQ(watch->counters().failures.size(), 8U);
  }

  // ---- requests
  const auto all = fetcher_.asked();
  std::map<std::string, UtcTime> last;
  for (const auto& each : all) {
    const std::string host = each.request.url.substr(0, each.request.url.find('/', 8));
    if (last.contains(host)) {
      EXPECT_GE(each.time - last.at(host), 1500ms);
    }
    last[host] = each.time;
  }
  for (const char* const part : {"24pc", "24aqhi", "CityData"}) {
    std::map<int, int> by_hour;
    for (const UtcTime time : asked(part)) ++by_hour[hour_of(floor<hours>(time))];
    for (const auto& [hour, count] : by_hour) {
      const bool is_quiet = std::ranges::none_of(spells, [&, at = hour](const Spell& spell) {
        return at + 1 > spell.from && at < spell.to + 1;
      });
      const bool is_start = hour == 0 || hour == 50;
      EXPECT_LE(count, is_quiet && !is_start ? 1 : 8) << part << " in hour " << hour;
    }
    EXPECT_LE(asked(part).size(), static_cast<std::size_t>(hours_of_week) + 60);
  }
}

}  // namespace
}  // namespace twinsky
