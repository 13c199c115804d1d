// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"
#include "tests/unit/places.hpp"

namespace twinsky {
namespace {

using opendata::decode;
using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of("hk-epd");
  return *feed;
}

TEST(hk_epd, reads_every_saved_response_cell_by_cell) {
  for (const auto& path : opendata::cases_of("hk-epd")) opendata::expect_as_listed(feed(), path);
}

TEST(hk_epd, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "hk-epd");
}

std::string hour(std::string_view rows) {
  return "<AQHI24HrPollutantConcentration>" + std::string(rows) +
         "</AQHI24HrPollutantConcentration>";
}

TEST(hk_epd, tells_failures_apart) {
  const std::string row =
      "<PollutantConcentration><StationName>North</StationName>"
      "<DateTime>Mon, 05 Oct 2026 14:00:00 +0800</DateTime><NO2>1</NO2></PollutantConcentration>";
  std::string deep;
  for (int depth = 0; depth < 40; ++depth) deep = "<a>" + deep + "</a>";
  std::string many;
  for (int count = 0; count < 60'000; ++count) many += "<a/><b/>";
  std::string bomb = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\">]>";
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", hour(row), "1 samples, 0 problems"},
      {"one of two rows", hour(row + "<PollutantConcentration/>"), "1 samples, 1 problems"},
      {"nothing", "", "empty"},
      {"blanks", " \r\n", "empty"},
      {"no rows", hour("<title>x</title>"), "empty"},
      {"no good rows", hour("<PollutantConcentration/>"), "grammar_changed"},
      {"cut", hour(row).substr(0, 150), "truncated"},
      {"cut after a row", "<AQHI24HrPollutantConcentration>" + row, "truncated"},
      {"broken inside", hour("<a></b>"), "grammar_changed"},
      {"a web page", "<!DOCTYPE html><html><body>Maintenance</body></html>", "html"},
      {"a web page with a prolog", "<?xml version=\"1.0\"?>\n<!-- x -->\n<HTML></HTML>", "html"},
      {"another root", "<forecast/>", "grammar_changed"},
      {"no XML", "503 Service Unavailable", "grammar_changed"},
      {"Latin 1", "<AQHI24HrReport>\xE9</AQHI24HrReport>", "grammar_changed"},
      {"entities of its own", bomb + hour(row), "grammar_changed"},
      {"deep", hour(deep), "too_large"},
      {"many", hour(many), "too_large"},
      {"huge", std::string(5U << 20U, 'x'), "too_large"},
      {"empty list", "[]", "empty"},
      {"another list", "[1, 2]", "grammar_changed"},
      {"cut list", R"([{"station": "North", "aq)", "truncated"},
      {"another object", R"({"station": "North"})", "grammar_changed"},
      {"deep list", std::string(1000, '['), "too_large"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body), outcome) << what;
  }
}

std::string trouble(const std::string& name) {
  return opendata::read_file(tests_directory() + "/cases/opendata/troubles/" + name);
}

TEST(hk_epd, an_absent_column_is_not_an_empty_cell) {
  const auto content = decode(feed(), trouble("24pc.renamed-columns.xml"), "24pc");
  ASSERT_TRUE(content);
  ASSERT_TRUE(content->partly);
  EXPECT_EQ(content->partly->fault, FeedFault::grammar_changed);
  EXPECT_EQ(content->partly->detail,
            "no column of \"pm10\", \"pm2_5\"; not known here: \"RSP\", \"FSP\"");
  for (const std::string& line : opendata::readings_of(*content)) {
    EXPECT_EQ(line.find(" pm"), std::string::npos) << line;
  }
  EXPECT_EQ(outcome_of(feed(), trouble("24pc.renamed-station.xml")), "1 samples, 0 problems");
  EXPECT_EQ(outcome_of(feed(),
                       "<AQHI24HrReport><item><StationName>North</StationName><DateTime>5 Oct "
                       "2026 14:00 HKT</DateTime><Index>3</Index></item></AQHI24HrReport>"),
            "grammar_changed");
}

TEST(hk_epd, something_beats_nothing_and_two_values_contradict_each_other) {
  const auto content = decode(feed(), trouble("24pc.doubled-hour.xml"), "24pc");
  ASSERT_TRUE(content);
  const auto lines = opendata::readings_of(*content);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.front(), "tap-mun no2 36.7 36.7");
  ASSERT_EQ(content->problems.size(), 1U);
  EXPECT_NE(content->problems.front().find("\"36.7\" and \"-\""), std::string::npos);
  const auto rows = [](std::initializer_list<const char*> cells) {
    std::string body;
    for (const char* const cell : cells) {
      body += std::string(
                  "<PollutantConcentration><StationName>North</StationName><DateTime>5 Oct "
                  "2026 14:00 HKT</DateTime><PM10>") +
              cell + "</PM10></PollutantConcentration>";
    }
    const auto read = decode(feed(), hour(body), "24pc");
    return opendata::readings_of(*read).front() + "/" + std::to_string(read->problems.size());
  };
  EXPECT_EQ(rows({"7", "7.0"}), "north pm10 7.0 7/0");
  EXPECT_EQ(rows({"-", "7"}), "north pm10 7.0 7/1");
  EXPECT_EQ(rows({"7", "8"}), "north pm10 null 7; 8/1");
  EXPECT_EQ(rows({"7", "8", "7"}), "north pm10 null 7; 8/1");
  EXPECT_EQ(rows({"7</PM10><PM10>8"}), "north pm10 null 7; 8/1") << "within a row";
}

TEST(hk_epd, knows_a_document_from_what_was_asked) {
  const std::string row =
      "<PollutantConcentration><StationName>North</StationName>"
      "<DateTime>Mon, 05 Oct 2026 24:00:00 +0800</DateTime><NO2>1</NO2></PollutantConcentration>";
  EXPECT_EQ(outcome_of(feed(), hour(row), "24pc"), "1 samples, 0 problems");
  EXPECT_EQ(outcome_of(feed(), hour(row), "24aqhi"), "grammar_changed");
  EXPECT_EQ(outcome_of(feed(), hour(row), "aqhi_ind_rss"), "grammar_changed");
  EXPECT_EQ(outcome_of(feed(), "[]", "24pc"), "grammar_changed");
}

TEST(hk_epd, a_range_over_all_stations_is_no_station) {
  EXPECT_EQ(outcome_of(feed(), trouble("aqhi_ind_rss.ranges.xml"), "aqhi_ind_rss"),
            "grammar_changed");
}

TEST(hk_epd, says_the_state_of_gases_and_when_an_index_was_issued) {
  const auto concentrations = decode(
      feed(), opendata::read_file(tests_directory() +
                                  "/cases/opendata/hk-epd/24pc_Eng.20261005T1400.excerpt.xml"));
  ASSERT_TRUE(concentrations);
  EXPECT_EQ(concentrations->samples.front().official->gas_reference_k, 293.15);
  const auto indices = decode(
      feed(),
      opendata::read_file(tests_directory() +
                          "/cases/opendata/hk-epd/aqhi_ind_rss_Eng.20250617T1930.excerpt.xml"));
  ASSERT_TRUE(indices);
  EXPECT_EQ(indices->samples.front().official->issued, parse_time("2025-06-17T19:30:00+08:00"));
}

TEST(hk_epd, asks_for_each_document_once_in_the_chosen_edition) {
  const FeedInfo& info = *feed_named("hk-epd");
  Settings settings = Settings::defaults(info.settings);
  settings.set("base", std::string("http://127.0.0.1:8080/"));
  settings.set("edition", std::string("tc"));
  const auto requests = info.make(settings)->requests({});
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url, "http://127.0.0.1:8080/epd/ddata/html/out/24pc_ChT.xml");
  EXPECT_EQ(requests[1].url, "http://127.0.0.1:8080/epd/ddata/html/out/24aqhi_ChT.xml");
  EXPECT_EQ(info.check(settings), "");
  settings.set("documents", std::vector<std::string>{"24pc", "24ph"});
  EXPECT_EQ(info.check(settings),
            "\"24ph\" is no document of this feed, expected one of \"24pc\", \"24aqhi\", "
            "\"aqhi_ind_rss\"");
}

TEST(hk_epd, knows_18_stations_of_which_16_have_an_official_position) {
  const char* names[] = {
      "central-western", "southern",      "eastern",   "kwun-tong",    "sham-shui-po", "kwai-chung",
      "tsuen-wan",       "tseung-kwan-o", "yuen-long", "tuen-mun",     "tung-chung",   "tai-po",
      "sha-tin",         "north",         "tap-mun",   "causeway-bay", "central",      "mong-kok"};
  int positions = 0;
  int roadside = 0;
  for (const char* name : names) {
    const ReferenceStation* station = feed().station(name);
    ASSERT_NE(station, nullptr) << name;
    EXPECT_EQ(slug(station->name_en), name);
    positions += station->position ? 1 : 0;
    roadside += station->kind == "roadside" ? 1 : 0;
  }
  EXPECT_EQ(positions, 16);
  EXPECT_EQ(roadside, 3);
  EXPECT_FALSE(feed().station("north")->position);
  EXPECT_DOUBLE_EQ(feed().station("mong-kok")->position->latitude_deg, 22.3225);
  EXPECT_EQ(feed().station("new-town"), nullptr);
}

}  // namespace
}  // namespace twinsky
