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
      {"no last line end", head + row + "202601312350,Sha Tin,3",
       "1 samples, 0 problems, truncated"},
      {"no line end at all", head + "202601312350,King's Park,17.2", "truncated"},
      {"a short row", head + "202601312350,Sha Tin\n" + row, "1 samples, 1 problems"},
      {"a long row", head + "202601312350,Sha Tin,1,2\n" + row, "1 samples, 1 problems"},
      {"a day that is none", head + "202602302350,Sha Tin,1\n" + row, "1 samples, 1 problems"},
      {"no station", head + "202601312350,,1\n" + row, "1 samples, 1 problems"},
      {"no good row", head + "x,King's Park,17.2\n", "grammar_changed"},
      {"no rows", head, "empty"},
      {"nothing", "", "empty"},
      {"cut in a row", head + row + "202601312350,Sha T", "1 samples, 0 problems, truncated"},
      {"a heading for a station", head + row + "202601312350,Regional: mean,1\n",
       "1 samples, 1 problems"},
      {"the end of a day", head + "202601312400,King's Park,17.2\n", "1 samples, 0 problems"},
      {"the same row twice", head + row + row, "1 samples, 0 problems"},
      {"nothing after something", head + row + "202601312350,King's Park,N/A\n",
       "1 samples, 1 problems"},
      {"an equal column",
       "Date time,Automatic Weather Station,Air Temperature(degree Celsius),Air "
       "Temperature(degree Celsius)\n202601312350,King's Park,17.2,17.2\n",
       "1 samples, 1 problems"},
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
      {"an object without members", "{}", "empty"},
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
    const auto content = decode(feed(), std::move(body), "warnsum");
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
  EXPECT_EQ(id_of("Hong Kong Observatory"), "hk-observatory");
  EXPECT_EQ(id_of("香港天文台"), "hk-observatory");
  EXPECT_EQ(id_of("Hong Kong Park"), "hk-park");
  EXPECT_TRUE(is_id(id_of(std::string(90, 'a'))));
  EXPECT_NE(id_of(std::string(90, 'a')), id_of(std::string(91, 'a')));
  EXPECT_EQ(id_of(std::string(300, 'a')), "") << "no place has such a name";
  EXPECT_NE(id_of("Yuen Long"), "yuen-long-district") << "of a table of stations";
  for (const auto* no_place : {"12", "N/A", "Total", "2 : 3", "a=b", "-"}) {
    EXPECT_EQ(id_of(no_place), "") << no_place;
  }
  const ReferenceStation* const observatory = feed().station("hong-kong-observatory");
  ASSERT_NE(observatory, nullptr) << "the id that it had in earlier versions";
  EXPECT_EQ(observatory->id, "hk-observatory");
}

std::string trouble(const std::string& name) {
  return opendata::read_file(tests_directory() + "/cases/opendata/troubles/" + name);
}

TEST(hk_hko, knows_a_document_from_what_was_asked) {
  const std::string wind = opendata::read_file(
      tests_directory() + "/cases/opendata/hk-hko/20250719-2230-latest_10min_wind.csv");
  const std::string report = trouble("rhrread.district-and-station.json");
  const struct {
    const char* asked;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"rhrread", trouble("rhrread.empty.json"), "empty"},
      {"hourlyRainfall", "{}", "empty"},
      {"warnsum", "{}", "0 samples, 0 problems"},
      {"rhrread", report, "3 samples, 0 problems"},
      {"warnsum", report, "grammar_changed"},
      {"hourlyRainfall", report, "grammar_changed"},
      {"latest_1min_temperature", report, "grammar_changed"},
      {"latest_1min_temperature", wind, "grammar_changed"},
      {"rhrread", wind, "grammar_changed"},
      {"latest_10min_wind", wind, "30 samples, 0 problems"},
  };
  for (const auto& [asked, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body, asked), outcome) << asked;
  }
}

TEST(hk_hko, an_absent_column_is_not_an_empty_cell) {
  const std::string head =
      "Date time,Automatic Weather Station,10-Minute Mean Wind Direction(Compass points),";
  const auto content = decode(feed(),
                              head +
                                  "10-Minute Mean Speed(km/hour),Peak Gust(km/hour)\n"
                                  "202601312350,Central Pier,West,18,36\n",
                              "latest_10min_wind");
  ASSERT_TRUE(content);
  ASSERT_TRUE(content->partly);
  EXPECT_EQ(content->partly->fault, FeedFault::grammar_changed);
  EXPECT_NE(content->partly->detail.find("\"wind_gust\""), std::string::npos);
  EXPECT_NE(content->partly->detail.find("Peak Gust"), std::string::npos);
  EXPECT_EQ(opendata::readings_of(*content),
            (std::vector<std::string>{"central-pier wind_dir 270.0 West",
                                      "central-pier wind_speed 5.0 18"}));
}

TEST(hk_hko, does_not_believe_a_cell_that_may_be_cut) {
  const auto content =
      decode(feed(), trouble("latest_1min_temperature.cut.csv"), "latest_1min_temperature");
  ASSERT_TRUE(content);
  EXPECT_EQ(opendata::readings_of(*content),
            std::vector<std::string>{"sham-shui-po temperature 33.1 33.1"});
  ASSERT_TRUE(content->partly);
  EXPECT_EQ(content->partly->fault, FeedFault::truncated);
}

// ISO 8601: the midnight that ends the day.
TEST(hk_hko, takes_24_00_for_the_end_of_the_day_in_json_too) {
  const auto end_of = [](const std::string& time) -> std::optional<UtcTime> {
    const auto content = opendata::decode(
        feed(), R"({"obsTime":"2026-10-02T)" + time + R"(+08:00","hourlyRainfall":[)" +
                    R"({"automaticWeatherStation":"Sha Tin","unit":"mm","value":"2"}]})");
    if (!content) return std::nullopt;
    return content->samples.at(0).official->end;
  };
  EXPECT_EQ(end_of("24:00:00"), parse_time("2026-10-02T16:00:00Z"));
  EXPECT_EQ(end_of("24:00"), parse_time("2026-10-02T16:00:00Z"));
  for (const char* const time : {"24:00:01", "24:30:00", "25:00:00"}) {
    EXPECT_EQ(end_of(time), std::nullopt) << time;
  }
}

TEST(hk_hko, a_district_is_no_station) {
  const auto content = decode(feed(), trouble("rhrread.district-and-station.json"), "rhrread");
  ASSERT_TRUE(content);
  auto lines = opendata::readings_of(*content);
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (std::vector<std::string>{"hk-observatory temperature 28.0 28",
                                             "sha-tin temperature 27.0 27",
                                             "sha-tin-district rain_1h 12.0 12"}));
  EXPECT_EQ(feed().station("sha-tin-district")->kind, "district");
}

}  // namespace
}  // namespace twinsky
