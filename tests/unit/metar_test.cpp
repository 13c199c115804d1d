// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"

namespace twinsky {
namespace {

using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of("metar");
  return *feed;
}

TEST(metar, reads_every_saved_response_cell_by_cell) {
  for (const auto& path : opendata::cases_of("metar")) opendata::expect_as_listed(feed(), path);
}

TEST(metar, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "metar");
}

TEST(metar, tells_failures_apart) {
  const std::string report = "METAR VHHH 220030Z 32004KT 9999 20/15 Q1015 NOSIG";
  std::string many;
  for (int count = 0; count < 60'000; ++count) many += "VHHH 220030Z NIL=";
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", report, "2 samples, 0 problems"},
      {"a day that no month has",
       report + "=\nMETAR ZSSS 320030Z 32004KT 20/15=", "2 samples, 1 problems"},
      {"no group that we read", report + "\nMETAR ZSSS 220030Z AUTO 9999", "2 samples, 1 problems"},
      {"nothing", "", "empty"},
      {"no report", "METAR ZSSS 220030Z NIL=", "empty"},
      {"an empty list", "[]", "empty"},
      {"only a forecast", "TAF VHHH 140500Z 1406/1512 30010KT", "grammar_changed"},
      {"cut before the time", "METAR VHHH 2200", "grammar_changed"},
      {"plain words", "503 Service Unavailable", "grammar_changed"},
      {"other JSON", R"([{"icaoId":"VHHH"}])", "grammar_changed"},
      {"cut JSON", R"([{"icaoId":"VHHH","rawOb":"MET)", "truncated"},
      {"a web page", "<html></html>", "html"},
      {"deep", std::string(1000, '['), "too_large"},
      {"huge", std::string(5U << 20U, 'X'), "too_large"},
      {"many reports", many, "too_large"},
      {"one long line", std::string(1U << 20U, 'X'), "grammar_changed"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body), outcome) << what;
  }
}

TEST(metar, completes_the_month_by_the_time_of_reception) {
  const auto end = [](const char* received) -> std::optional<UtcTime> {
    const auto content =
        feed().decode({{}, "METAR VHHH 312330Z 32004KT 20/15 Q1015=", *parse_time(received)});
    if (!content) return std::nullopt;
    return content->samples.front().official->end;
  };
  EXPECT_EQ(end("2026-10-31T23:40:00Z"), parse_time("2026-10-31T23:30:00Z"));
  EXPECT_EQ(end("2026-10-31T23:00:00Z"), parse_time("2026-10-31T23:30:00Z"))
      << "half an hour ahead of this clock";
  EXPECT_EQ(end("2026-10-31T12:00:00Z"), parse_time("2026-08-31T23:30:00Z"));
  EXPECT_EQ(end("2026-03-01T00:10:00Z"), parse_time("2026-01-31T23:30:00Z"));
  EXPECT_EQ(end("2027-01-01T00:10:00Z"), parse_time("2026-12-31T23:30:00Z"));
}

TEST(metar, asks_once_for_all_aerodromes) {
  const auto requests = feed().requests({});
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].url,
            "https://aviationweather.gov/api/data/metar?format=raw&hours=2&ids=VHHH,ZSSS,ZSPD");
  const FeedInfo& info = *feed_named("metar");
  Settings settings = Settings::defaults(info.settings);
  settings.set("aerodromes", std::vector<std::string>{"vhhh"});
  EXPECT_EQ(info.check(settings),
            "\"vhhh\" is no ICAO code, expected four letters such as \"VHHH\"");
}

TEST(metar, knows_the_aerodromes_of_both_cities) {
  EXPECT_EQ(feed().station("vhhh")->name_sc, "香港国际机场");
  EXPECT_EQ(feed().station("zspd")->name_en, "Shanghai Pudong International Airport");
  EXPECT_EQ(feed().station("zsss")->kind, "aerodrome");
  EXPECT_EQ(feed().station("klax"), nullptr);
}

}  // namespace
}  // namespace twinsky
