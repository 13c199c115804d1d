// SPDX-License-Identifier: Apache-2.0
// How an overview reads on a terminal, however small that is and whichever version wrote it.
#include "gateway/commands/overview_text.hpp"

#include "gateway/text/columns.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

constexpr const char* some_overview = R"({
  "version":1,"program":"0.1.0","time":"2026-11-22T02:30:00.000Z","started":"2026-11-22T01:30:00.000Z",
  "gateway":{"id":"mk-roof","utc_offset_s":28800},
  "problems":[{"severity":"error","text":"roof-pm has been lost for 31 s: no response","remedy":"Look at its cable"},
              {"severity":"warning","text":"feed metar answers, and has nothing new","remedy":null}],
  "sensors":[{"id":"roof-pm","state":"lost","cause":"no_response","detail":null,"age_ms":31000,"readings":[
               {"quantity":"pm2_5","channel":"","value":9.4,"unit":"µg/m³","decimals":1,"flag":1,"flag_word":"pass"},
               {"quantity":"n_above_0_3","value":900.0,"unit":"1/cm³","decimals":1,"flag":1,"flag_word":"pass"}]},
             {"id":"air","state":"fresh","age_ms":900,"readings":[
               {"quantity":"temperature","value":23.46,"unit":"°C","decimals":2,"flag":4,"flag_word":"fail","reason":"range"},
               {"quantity":"humidity","value":null,"unit":"%","decimals":1,"flag":9,"flag_word":"missing","fault":"sensor_fault"}]},
             {"id":"co2","state":"warming_up","age_ms":null,"readings":[]}],
  "sinks":[{"id":"city","state":"pausing","detail":"name does not resolve","waiting":20,"oldest":"2026-11-20T02:00:00.000Z"},
           {"id":"shut","state":"closed","detail":"closed: nothing may go there","waiting":0,"oldest":null}],
  "feeds":[{"feed":"hk-epd","state":"good","detail":null,"newest":"2026-11-22T02:00:00.000Z","stations":2}],
  "stations":[{"feed":"hk-epd","station":"far","distance_m":9300,"end":"2026-11-22T02:00:00.000Z","readings":[]},
              {"feed":"hk-epd","station":"near","distance_m":400,"end":"2026-11-22T02:00:00.000Z","readings":[
                {"quantity":"aqhi","value":11,"unit":"1","decimals":0,"flag":1,"flag_word":"pass","text":"10+"}]}],
  "indices":[{"edition":"us-nowcast-pm","subject":"own","official":false,"name":"aqi","value":120,"text":null,
              "band":"unhealthy_for_sensitive_groups","time":"2026-11-22T02:00:00.000Z","main":"pm2_5"},
             {"edition":"hk-aqhi-2025","subject":"hk-epd--near","official":true,"name":"aqhi","value":11,"text":"10+",
              "band":"serious","time":"2026-11-22T02:00:00.000Z","main":null},
             {"edition":"hk-aqhi-2025","subject":"hk-epd--near","official":false,"name":"aqhi","value":10,
              "time":"2026-11-22T02:00:00.000Z"}],
  "comparisons":[{"sensor":"roof-pm","quantity":"pm2_5","feed":"hk-epd","station":"near","verdict":null,"summary":null}],
  "store":{"path":"/var/lib/twinsky/twinsky.db","rows":1234,"size_bytes":2500000,"offline_days":400.2,"disk_fault":null},
  "ledger":{"no_response":12}})";

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all.append(line).append("\n");
  return all;
}

TEST(overview_text, health_comes_first_and_every_line_says_what_it_is_about) {
  EXPECT_EQ(joined(status_lines(Json::parse(some_overview), false)),
            R"(mk-roof: running since 09:30 (60 min), version 0.1.0, 1 of 3 sensors fresh
! roof-pm has been lost for 31 s: no response
    Look at its cable
- feed metar answers, and has nothing new
sensors
  roof-pm  lost for 31 s  no response; was pm2_5 9.4 µg/m³
  air      fresh          temperature 23.46 °C (fail: range)  humidity - (sensor fault)
  co2      warming up
sinks
  city  not connected: name does not resolve  20 waiting, the oldest of 2026-11-20 10:00
  shut  closed                                nothing may go there
feeds
  hk-epd  good  2 stations, newest of 10:00
comparisons
  roof-pm  hk-epd/near  pm2_5  not evaluated yet
store   /var/lib/twinsky/twinsky.db: 1234 samples, 2.5 MB, can stay offline for 400 days
ledger  no_response 12
)");
}

TEST(overview_text, a_port_keeps_its_name) {
  std::string text = some_overview;
  const std::string detail = R"("cause":"no_response","detail":null)";
  ASSERT_NE(text.find(detail), std::string::npos);
  text.replace(text.find(detail), detail.size(), R"("detail":"no_response: usb-1a86_USB_Serial")");
  const std::string lines = joined(status_lines(Json::parse(text), false));
  EXPECT_NE(lines.find("no response: usb-1a86_USB_Serial; was"), std::string::npos) << lines;
}

TEST(overview_text, a_warning_mode_stands_before_all_else_while_it_holds) {
  Json overview = Json::parse(some_overview);
  overview["modes"] = Json::parse(R"([
    {"id":"typhoon","feed":"hk-hko","code":"TC8NE","name":"Tropical Cyclone Warning Signal","since":"2026-11-21T23:30:00.000Z"},
    {"id":"rain","feed":null,"code":null,"name":null,"since":"2026-11-22T02:25:00.000Z"}])");
  const std::string lines =
      "* warning mode typhoon since 07:30 (3 h): TC8NE of hk-hko is in force (Tropical Cyclone "
      "Warning Signal)\n"
      "* warning mode rain since 10:25 (5 min)\n! roof-pm has";
  EXPECT_NE(joined(status_lines(overview, false)).find(lines), std::string::npos);
  EXPECT_NE(joined(top_lines(overview, 200, 24)).find(lines), std::string::npos);
}

TEST(overview_text, all_has_stations_by_distance_indices_and_every_quantity) {
  const std::string all = joined(status_lines(Json::parse(some_overview), true));
  EXPECT_NE(all.find("n_above_0_3 900.0 1/cm³"), std::string::npos) << all;
  EXPECT_NE(all.find(R"(indices
  own          aqi   10:00  120 unhealthy for sensitive groups, by pm2_5 (indicative, us-nowcast-pm)
  hk-epd/near  aqhi  10:00  10+ serious
sinks)"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find(R"(stations
  hk-epd/near  0.4 km  10:00  aqhi 10+
  hk-epd/far   9.3 km  10:00
store)"),
            std::string::npos)
      << all;
}

TEST(overview_text, errors_are_told_from_warnings) {
  Json overview = Json::parse(some_overview);
  EXPECT_TRUE(has_errors(overview));
  overview["problems"].erase(overview["problems"].begin());
  EXPECT_FALSE(has_errors(overview));
}

TEST(overview_text, top_fits_every_screen_and_shows_sensors_before_stations) {
  const Json overview = Json::parse(some_overview);
  for (std::size_t height = 1; height <= 30; ++height) {
    for (const std::size_t width : {1U, 20U, 80U, 200U}) {
      const std::vector<std::string> lines = top_lines(overview, width, height);
      EXPECT_LE(lines.size(), height) << width << "x" << height;
      for (const std::string& line : lines) EXPECT_LE(columns_of(line), width) << line;
    }
  }
  const std::string small = joined(top_lines(overview, 80, 10));
  EXPECT_NE(small.find("  air "), std::string::npos) << small;
  EXPECT_EQ(small.find("hk-epd/far"), std::string::npos) << small;
  EXPECT_NE(small.find("ledger  no_response 12"), std::string::npos) << small;
  const std::string large = joined(top_lines(overview, 80, 24));
  for (const auto* const seen :
       {"  air ", "  city ", "  hk-epd ", "  own ", "hk-epd/far", "store "}) {
    EXPECT_NE(large.find(seen), std::string::npos) << seen << "\n" << large;
  }
}

TEST(overview_text, what_does_not_fit_is_counted) {
  Json overview = Json::parse(some_overview);
  Json& stations = overview["stations"];
  const Json station = *stations.begin();
  for (int number = 0; number < 30; ++number) stations.push_back(station);
  const std::string lines = joined(top_lines(overview, 80, 24));
  EXPECT_NE(lines.find(" more stations\n"), std::string::npos) << lines;
}

TEST(overview_text, an_answer_of_another_version_is_shown_as_far_as_it_is_understood) {
  for (const auto* const text :
       {"{}", R"({"sensors":null,"problems":7,"store":[],"ledger":{"a":"b"},"gateway":{"id":5}})",
        R"({"sensors":[{"id":7,"readings":[{}]}],"stations":[{}],"indices":[{}],"sinks":[{}]})"}) {
    EXPECT_FALSE(status_lines(Json::parse(text), true).empty()) << text;
    EXPECT_FALSE(top_lines(Json::parse(text), 80, 24).empty()) << text;
  }
}

}  // namespace
}  // namespace twinsky
