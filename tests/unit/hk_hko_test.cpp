// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"
#include "tests/unit/places.hpp"

namespace twinsky {
namespace {

using opendata::decode;
using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of("hk-hko");
  return *feed;
}

TEST(hk_hko, reads_every_saved_response_cell_by_cell) {
  for (const auto& path : opendata::cases_of("hk-hko")) opendata::expect_as_listed(feed(), path);
}

TEST(hk_hko, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "hk-hko");
}

TEST(hk_hko, tells_failures_apart) {
  const std::string head = "Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n";
  const std::string row = "202601312350,King's Park,17.2\n";
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", head + row, "1 samples, 0 problems"},
      {"no last line end", head + "202601312350,King's Park,17.2", "1 samples, 0 problems"},
      {"a short row", head + "202601312350,Sha Tin\n" + row, "1 samples, 1 problems"},
      {"a long row", head + "202601312350,Sha Tin,1,2\n" + row, "1 samples, 1 problems"},
      {"a day that is none", head + "202602302350,Sha Tin,1\n" + row, "1 samples, 1 problems"},
      {"no station", head + "202601312350,,1\n" + row, "1 samples, 1 problems"},
      {"no good row", head + "x,King's Park,17.2\n", "grammar_changed"},
      {"no rows", head, "empty"},
      {"nothing", "", "empty"},
      {"cut in a row", head + row + "202601312350,Sha T", "truncated"},
      {"an open quote", head + "202601312350,\"King's Park,17.2\n", "truncated"},
      {"another unit",
       "Date time,Automatic Weather Station,Air Temperature(degree Fahrenheit)\n" + row,
       "grammar_changed"},
      {"another quantity",
       "Date time,Automatic Weather Station,Maximum Air Temperature Since "
       "Midnight(degree Celsius)\n" +
           row,
       "grammar_changed"},
      {"a column more",
       "Date time,Automatic Weather Station,Air Temperature(degree Celsius),New\n"
       "202601312350,King's Park,17.2,x\n",
       "1 samples, 1 problems"},
      {"no stations", "Date time,Air Temperature(degree Celsius)\n202601312350,17.2\n",
       "grammar_changed"},
      {"a web page", "\n<html><head><title>404</title></head></html>", "html"},
      {"XML", "<rss/>", "grammar_changed"},
      {"plain words", "503 Service Unavailable", "grammar_changed"},
      {"too many rows",
       head +
           [&] {
             std::string rows;
             for (int count = 0; count < 20'001; ++count) rows += row;
             return rows;
           }(),
       "too_large"},
      {"too long a cell", head + "202601312350," + std::string(2000, 'x') + ",1\n", "too_large"},
      {"no warnings", "{}", "0 samples, 0 problems"},
      {"other JSON", R"({"generalSituation":"fine"})", "grammar_changed"},
      {"JSON that is cut", R"({"temperature":{"data":[{"place":"King's Park","val)", "truncated"},
      {"a report without time", R"({"temperature":{"data":[]}})", "grammar_changed"},
      {"a report without values", R"({"temperature":"","updateTime":"2026-10-02T23:02:00+08:00"})",
       "empty"},
      {"gauges without rows", R"({"obsTime":"2025-01-01T08:00:00+08:00","hourlyRainfall":[]})",
       "empty"},
      {"a huge number", R"({"obsTime":"2025-01-01T08:00:00+08:00","hourlyRainfall":[1e999]})",
       "grammar_changed"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body), outcome) << what;
  }
}

TEST(hk_hko, relays_warnings_word_for_word) {
  const auto warnings_of = [](std::string body) {
    const auto content = decode(feed(), std::move(body));
    return content ? content->warnings : std::nullopt;
  };
  const auto saved = warnings_of(
      opendata::read_file(tests_directory() + "/cases/opendata/hk-hko/warnsum.20250907.json"));
  ASSERT_TRUE(saved);
  ASSERT_EQ(saved->size(), 2U);
  EXPECT_EQ((*saved)[1], (Warning{.issuer = "Hong Kong Observatory",
                                  .name = "Tropical Cyclone Warning Signal",
                                  .code = "TC8SE",
                                  .type = "No. 8 Southeast Gale or Storm Signal",
                                  .action = "ISSUE",
                                  .issued = "2025-09-07T21:20:00+08:00",
                                  .updated = "2025-09-07T21:20:00+08:00",
                                  .expires = ""}));
  EXPECT_EQ((*saved)[0].expires, "2025-09-08T05:00:00+08:00");
  const auto none = warnings_of("{}");
  ASSERT_TRUE(none) << "good weather is known, not unknown";
  EXPECT_TRUE(none->empty());
  const auto cancelled = warnings_of(
      R"({"WHOT":{"name":"Very Hot Weather Warning","code":"WHOT","actionCode":"CANCEL","issueTime":"2026-07-01T18:00:00+08:00"}})");
  ASSERT_TRUE(cancelled);
  EXPECT_TRUE(cancelled->empty());
  EXPECT_FALSE(warnings_of(R"({"WHOT":{"name":"Very Hot Weather Warning"}})"));
  EXPECT_FALSE(
      warnings_of("Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n"
                  "202601312350,King's Park,17.2\n"))
      << "a table says nothing about warnings";
}

TEST(hk_hko, asks_in_the_chosen_edition_and_as_often_as_a_document_changes) {
  const FeedInfo& info = *feed_named("hk-hko");
  Settings settings = Settings::defaults(info.settings);
  settings.set("edition", std::string("sc"));
  settings.set("documents",
               std::vector<std::string>{"latest_10min_wind", "rhrread", "hourlyRainfall"});
  EXPECT_EQ(info.check(settings), "");
  const auto requests = info.make(settings)->requests({});
  ASSERT_EQ(requests.size(), 3U);
  const std::string base = "https://data.weather.gov.hk/weatherAPI";
  EXPECT_EQ(requests[0].url, base + "/hko_data/regional-weather/latest_10min_wind_sc.csv");
  EXPECT_EQ(requests[1].url, base + "/opendata/weather.php?dataType=rhrread&lang=sc");
  EXPECT_EQ(requests[2].url, base + "/opendata/hourlyRainfall.php?lang=sc");
  EXPECT_EQ(requests[0].cadence, milliseconds(0));
  EXPECT_EQ(requests[1].cadence, std::chrono::hours(1));
  EXPECT_EQ(opendata::feed_of("hk-hko")->requests({}).size(), 5U);
}

TEST(hk_hko, an_id_is_always_an_id) {
  const std::string head = "Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n";
  const auto id_of = [&](std::string name) {
    const auto content = decode(feed(), head + "202601312350," + std::move(name) + ",1\n");
    return content ? content->samples.front().official->station : "";
  };
  EXPECT_EQ(id_of("King's Park"), "kings-park");
  EXPECT_EQ(id_of("Tsuen Wan Shing Mun Valley"), "tsuen-wan-shing-mun-valley");
  EXPECT_EQ(id_of("HK Observatory"), "hk-observatory");
  EXPECT_EQ(id_of("天文台"), "hk-observatory");
  EXPECT_EQ(id_of("長 洲"), "cheung-chau");
  EXPECT_EQ(id_of("沒有"), id_of("沒 有")) << "a blank changes nothing";
  EXPECT_NE(id_of("沒有"), id_of("有沒"));
  EXPECT_TRUE(is_id(id_of(std::string(300, 'a'))));
  EXPECT_NE(id_of(std::string(300, 'a')), id_of(std::string(301, 'a')));
}

}  // namespace
}  // namespace twinsky
