// SPDX-License-Identifier: Apache-2.0
// A week of both cities whose agencies measure the same all the time, and whose documents are wrong
// in every way but that: whatever enters the store is either that value or nothing, and each
// trouble is told once, as what it is.
// Not under the thread sanitizer: FeedTroubles
#include "canned_fetcher.hpp"
#include "gateway/acquire/feed_watch.hpp"
#include "gateway/acquire/official_outlet.hpp"
#include "store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace twinsky {
namespace {

using std::chrono::floor;
using std::chrono::hours;

const UtcTime start = *parse_time("2026-11-15T00:20:00Z");
constexpr int hours_of_week = 168;

// What each quantity is, everywhere and always.
const std::map<std::string, double> truth = {{"no2", 36.5},         {"o3", 80.5},    {"so2", 4.5},
                                             {"pm10", 41.5},        {"pm2_5", 20.5}, {"aqhi", 4},
                                             {"temperature", 31.5}, {"rain_1h", 12}};

std::string local(UtcTime time) {
  return iso8601(time + hours(8)).substr(0, 19);
}

std::string mail_stamp(UtcTime time) {
  const std::string text = local(time);
  return text.substr(8, 2) + " Nov 2026 " + text.substr(11) + " +0800";
}

enum class Trouble : std::uint8_t {
  none,
  renamed_columns,
  renamed_station,
  doubled_hour,
  contradiction,
  cut,
  another_document,
  empty_document,
  ahead,
  sentinel,
  impossible,  // what no thermometer of a station can have measured
  long_past,
};
struct Spell {
  Trouble trouble;
  double from;  // hours of the week
  double to;
};
constexpr auto spells = std::to_array<Spell>({{Trouble::renamed_columns, 24, 30},
                                              {Trouble::renamed_station, 40, 58},
                                              {Trouble::doubled_hour, 64, 66},
                                              {Trouble::contradiction, 70, 72},
                                              {Trouble::cut, 80, 84},
                                              {Trouble::another_document, 90, 93},
                                              {Trouble::empty_document, 100, 104},
                                              {Trouble::ahead, 120.7, 122.4},
                                              {Trouble::sentinel, 130, 134},
                                              {Trouble::impossible, 140, 142},
                                              {Trouble::long_past, 150, 152}});

class Agencies {
 public:
  explicit Agencies(const Clock& clock) : clock_(clock) {}

  FetchReply answer_to(const FetchRequest& request) const {
    FetchReply reply = answer(body_of(request.url));
    if (!request.etag.empty() && request.etag == reply.etag) reply.status = 304;
    return reply;
  }

 private:
  [[nodiscard]] bool is(Trouble trouble) const {
    const double hour = static_cast<double>((clock_.utc() - floor<hours>(start)).count()) / 3.6e6;
    return std::ranges::any_of(spells, [&](const Spell& spell) {
      return spell.trouble == trouble && hour >= spell.from && hour < spell.to;
    });
  }
  [[nodiscard]] UtcTime newest(milliseconds after) const {
    return floor<hours>(clock_.utc() - after) + (is(Trouble::ahead) ? hours(30) : hours(0));
  }

  [[nodiscard]] std::string body_of(const std::string& url) const {
    const auto asks = [&](const char* part) { return url.find(part) != std::string::npos; };
    if (asks("24pc")) return is(Trouble::another_document) ? indices() : concentrations();
    if (asks("24aqhi")) return is(Trouble::another_document) ? concentrations() : indices();
    if (asks("latest_1min_temperature")) return table();
    if (asks("rhrread")) return report();
    if (asks("warnsum")) {
      return R"({"WTCSGNL":{"name":"Tropical Cyclone Warning Signal","code":"TC8SE",)"
             R"("actionCode":"ISSUE","issueTime":"2026-11-15T05:00:00+08:00"}})";
    }
    return sites();
  }

  [[nodiscard]] std::string concentrations() const {
    const bool is_renamed = is(Trouble::renamed_columns);
    const std::string coarse = is_renamed ? "RSP" : "PM10";
    const std::string fine = is_renamed ? "FSP" : "PM2.5";
    std::string body = "<AQHI24HrPollutantConcentration>";
    const auto row = [&](const std::string& name, UtcTime end, const std::string& no2) {
      body += "<PollutantConcentration><StationName>" + name + "</StationName><DateTime>" +
              mail_stamp(end) + "</DateTime><NO2>" + no2 +
              "</NO2><O3>80.5</O3><SO2>4.5</SO2><CO>-</CO><" + coarse + ">41.5</" + coarse + "><" +
              fine + ">20.5</" + fine + "></PollutantConcentration>";
    };
    const UtcTime last = newest(std::chrono::minutes(20));
    for (UtcTime end = last - hours(23); end <= last; end += hours(1)) {
      row("Sha Tin", end, end == last && is(Trouble::sentinel) ? "-9999" : "36.5");
      row(is(Trouble::renamed_station) ? "Mongkok" : "Mong Kok", end, "36.5");
      if (end == last && is(Trouble::doubled_hour)) row("Sha Tin", end, "-");
      if (end == last && is(Trouble::contradiction)) row("Sha Tin", end, "99.5");
    }
    return body + "</AQHI24HrPollutantConcentration>";
  }

  [[nodiscard]] std::string indices() const {
    std::string body = "<AQHI24HrReport>";
    const UtcTime last = newest(std::chrono::minutes(20));
    for (UtcTime end = last - hours(23); end <= last; end += hours(1)) {
      for (const std::string name :
           {"Sha Tin", is(Trouble::renamed_station) ? "Mongkok" : "Mong Kok"}) {
        body += "<item><StationName>" + name + "</StationName><DateTime>" + mail_stamp(end) +
                "</DateTime><aqhi>4</aqhi></item>";
      }
    }
    return body + "</AQHI24HrReport>";
  }

  [[nodiscard]] std::string table() const {
    if (is(Trouble::another_document)) {
      return "Date time,Automatic Weather Station,10-Minute Mean Speed(km/hour)\n" + stamp() +
             ",Sha Tin,3\n";
    }
    std::string body = "Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n" +
                       stamp() + ",King's Park,31.5\n" + stamp() +
                       (is(Trouble::impossible) ? ",Sha Tin,315\n" : ",Sha Tin,31.5\n");
    if (is(Trouble::cut)) body.resize(body.size() - 3);  // "Sha Tin,31"
    return body;
  }
  [[nodiscard]] std::string stamp() const {
    std::string text = local(clock_.utc() - std::chrono::minutes(10)).substr(0, 15) + "0";
    std::erase_if(text, [](char c) { return c == '-' || c == 'T' || c == ':'; });
    return text;
  }

  // The district has the name of a station, and its rain is that of no station.
  [[nodiscard]] std::string report() const {
    if (is(Trouble::empty_document)) return "{}";
    const std::string end = local(newest({})) + "+08:00";
    const std::string begin = local(newest({}) - hours(1)) + "+08:00";
    return R"({"updateTime":")" + end + R"(","rainfall":{"startTime":")" + begin +
           R"(","endTime":")" + end +
           R"(","data":[{"unit":"mm","place":"Sha Tin","max":12,"main":"FALSE"}]},)" +
           R"("temperature":{"recordTime":")" + end +
           R"(","data":[{"place":"Hong Kong Observatory","value":31.5,"unit":"C"}]},)" +
           R"("humidity":""})";
  }

  [[nodiscard]] std::string sites() const {
    const std::string end = local(newest(std::chrono::minutes(5)));
    const std::string fine = is(Trouble::renamed_columns) ? "PM25_1h" : "PM2_5";
    const std::string code = is(Trouble::renamed_station) ? "9141A" : "1141A";
    const auto record = [&](const std::string& site, const std::string& value,
                            const std::string& time) {
      return R"({"TimePoint":")" + time + R"(","StationCode":")" + site + R"(",")" + fine +
             R"(":")" + value + R"(","PM10":"41.5","NO2":"36.5","SO2":"4.5","O3":"80.5"})";
    };
    if (is(Trouble::another_document)) {
      return R"([{"TimePoint":")" + end + R"(","Area":"北京市","CityCode":"110000","NO2":"99"}])";
    }
    std::string body = "[" + record(code, "20.5", end) + "," + record("1142A", "20.5", end);
    if (is(Trouble::doubled_hour)) body += "," + record("1142A", "—", end);
    if (is(Trouble::contradiction)) body += "," + record("1142A", "99", end);
    if (is(Trouble::long_past)) body += "," + record("1142A", "99", "1900-01-01T00:00:00");
    return body + "]";
  }

  const Clock& clock_;
};

class FeedTroubles : public StoreTest {
 protected:
  FeedTroubles() {
    clock_.step_utc(start - clock_.utc());
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    indices_ = std::make_unique<OfficialIndices>(catalogue_, *intake_, bulletin_, log_);
    outlet_ = outlet_to(*intake_, *indices_, bulletin_, *store_);
    outlet_.warn = [this](std::string_view, const std::vector<Warning>* in_force) {
      warnings_.push_back(in_force == nullptr ? "gone" : warnings_document(*in_force));
    };
    for (const FeedSettings& settings :
         {settings_of("hk-epd", {"24pc", "24aqhi"}, {"mong-kok", "sha-tin"}),
          settings_of("hk-hko", {"latest_1min_temperature", "rhrread", "warnsum"}),
          settings_of("cn-cnemc", {}, {"1141a", "1142a"})}) {
      watches_.push_back(
          std::make_unique<FeedWatch>("mk-roof", settings, *feed_named(settings.feed),
                                      FeedWatch::Surroundings{fetcher_, outlet_, clock_, log_}));
    }
  }
  ~FeedTroubles() override {
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

  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
  const IndexCatalogue catalogue_;
  std::unique_ptr<OfficialIndices> indices_;
  FollowerOutlet outlet_;
  std::vector<std::string> warnings_;
  Agencies agencies_{clock_};
  CannedFetcher fetcher_{
      clock_, [this](const FetchRequest& request) { return agencies_.answer_to(request); }};
  std::vector<std::unique_ptr<FeedWatch>> watches_;
};

TEST_F(FeedTroubles, leave_no_wrong_value_and_are_told_once_each) {
  run_until(start + hours(hours_of_week));

  std::vector<std::string> told;
  std::set<std::string> streams;
  std::map<std::string, std::set<double>> computed;
  std::set<std::string> nulls;   // "stream quantity"
  std::set<std::string> failed;  // "stream quantity reason": printed, and never reckoned with
  for (const Row& row : rows()) {
    if (row.stream == "ledger") continue;
    const auto body = nlohmann::json::parse(row.body);
    if (row.stream == "event") {
      const std::string event = body.at("event");
      const std::string message = body.at("message");
      if (event == "feed_back" || event == "station_back") continue;
      told.push_back(event + " " + body.at("subject").get<std::string>() +
                     (event == "feed_lost"
                          ? " " + message.substr(0, message.find(": ", message.find(": ") + 2))
                          : ""));
      continue;
    }
    streams.insert(row.stream);
    for (const auto& [quantity, value] : truth) {
      if (!body.contains(quantity)) continue;
      if (body.at(quantity).is_null()) {
        nulls.insert(row.stream + " " + quantity);
      } else if (body.contains("flags") && body.at("flags").value(quantity, 0) == 4) {
        failed.insert(row.stream + " " + quantity + " " + body.at("reasons").at(quantity).dump());
      } else if (row.stream.starts_with("index/")) {
        computed[row.stream].insert(body.at(quantity).get<double>());
      } else {
        EXPECT_DOUBLE_EQ(body.at(quantity).get<double>(), value) << row.stream << " " << row.body;
      }
    }
  }
  EXPECT_EQ(failed, std::set<std::string>{R"(ref/hk-hko/sha-tin temperature "range")"});
  // No index but the one that the values make.
  EXPECT_EQ(computed.size(), 2U);
  for (const auto& [stream, values] : computed) EXPECT_EQ(values.size(), 1U) << stream;
  // Nothing is null but what the agency contradicted, and what it printed without a value.
  for (const std::string& each : nulls) {
    EXPECT_TRUE(each == "ref/hk-epd/sha-tin no2" || each.starts_with("ref/cn-cnemc/1142a pm2_5") ||
                each.starts_with("index/"))
        << each;
  }
  // No station out of a district, a new name or another document.
  for (const std::string& stream : streams) {
    static const std::set<std::string> expected = {
        "ref/hk-epd/mong-kok",       "ref/hk-epd/sha-tin",   "ref/cn-cnemc/1141a",
        "ref/cn-cnemc/1142a",        "ref/hk-hko/sha-tin",   "ref/hk-hko/sha-tin-district",
        "ref/hk-hko/hk-observatory", "ref/hk-hko/kings-park"};
    EXPECT_TRUE(expected.contains(stream) || stream.starts_with("index/")) << stream;
  }
  // What an earlier version of the registry called the Observatory is retained nowhere any more.
  bulletin_.declare_complete({"ref/hk-hko/"});
  EXPECT_TRUE(bulletin_.is_obsolete("ref/hk-hko/hong-kong-observatory/state"));
  EXPECT_FALSE(bulletin_.is_obsolete("ref/hk-hko/hk-observatory/state"));
  // The signal stands all the week.
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("TC8SE"), std::string::npos);

  std::ranges::sort(told);
  EXPECT_EQ(told, (std::vector<std::string>{
                      "feed_lost cn-cnemc sites: grammar_changed",  // the column
                      "feed_lost cn-cnemc sites: grammar_changed",  // another document
                      "feed_lost hk-epd 24aqhi: grammar_changed",
                      "feed_lost hk-epd 24pc: grammar_changed",
                      "feed_lost hk-epd 24pc: grammar_changed",
                      "feed_lost hk-hko latest_1min_temperature: grammar_changed",
                      "feed_lost hk-hko latest_1min_temperature: truncated",
                      "feed_lost hk-hko rhrread: empty",
                      "station_missing cn-cnemc/1141a",
                      "station_missing hk-epd/mong-kok",
                  }));
  // The hours of the station that had another name are on record.
  std::map<std::string, std::uint64_t> missed;
  for (const LedgerRow& row : ledger()) {
    if (row.cause == "station_missing") missed[row.stream] += row.count;
  }
  EXPECT_EQ(missed["ref/hk-epd/mong-kok"], 18U);
  EXPECT_EQ(missed["ref/cn-cnemc/1141a"], 18U);
  EXPECT_EQ(missed.size(), 2U);
  for (const auto& watch : watches_) EXPECT_EQ(watch->counters().state, "fresh");
}

}  // namespace
}  // namespace twinsky
