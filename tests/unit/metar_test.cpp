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
      {"no group that we read",
       report + "\nMETAR ZSSS 220030Z AUTO 9999=", "2 samples, 1 problems"},
      {"nothing", "", "empty"},
      {"no report", "METAR ZSSS 220030Z NIL=", "empty"},
      {"an empty list", "[]", "empty"},
      {"only a forecast", "TAF VHHH 140500Z 1406/1512 30010KT", "grammar_changed"},
      {"cut before the time", "METAR VHHH 2200", "truncated"},
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

std::optional<UtcTime> end_of(std::string body, const char* received) {
  const auto content = feed().decode({{}, std::move(body), *parse_time(received)});
  if (!content) return std::nullopt;
  return content->samples.front().official->end;
}

TEST(metar, completes_the_month_by_the_time_of_reception) {
  const auto end = [](const char* received) {
    return end_of("METAR VHHH 312330Z 32004KT 20/15 Q1015=", received);
  };
  EXPECT_EQ(end("2026-10-31T23:40:00Z"), parse_time("2026-10-31T23:30:00Z"));
  EXPECT_EQ(end("2026-10-31T23:00:00Z"), parse_time("2026-10-31T23:30:00Z"))
      << "half an hour ahead of this clock";
  EXPECT_EQ(end("2026-11-01T00:10:00Z"), parse_time("2026-10-31T23:30:00Z"));
  EXPECT_EQ(end("2027-01-01T00:10:00Z"), parse_time("2026-12-31T23:30:00Z"));
}

TEST(metar, files_no_time_that_is_still_to_come_a_month_back) {
  const struct {
    const char* what;
    std::string body;
    const char* received;
  } cases[] = {
      {"three hours ahead", "METAR VHHH 290000Z 32004KT 29/24 Q1012=", "2026-11-28T21:00:00Z"},
      {"eleven hours ahead", "METAR VHHH 312330Z 32004KT 29/24 Q1012=", "2026-10-31T12:00:00Z"},
      {"days ahead", "METAR VHHH 050000Z 32004KT 29/24 Q1012=", "2026-11-28T21:00:00Z"},
      {"ahead of the date beside it",
       R"([{"obsTime":1795867200,"rawOb":"METAR VHHH 290000Z 32004KT 29/24 Q1012"}])",
       "2026-11-28T12:10:00Z"},
      {"dated ahead", "2026/11/29 00:00\nVHHH 290000Z 32004KT 29/24 Q1012", "2026-11-28T21:00:00Z"},
      {"dated a week later than it says", "2026/11/28 00:00\nVHHH 200000Z 32004KT 29/24 Q1012",
       "2026-11-28T21:00:00Z"},
  };
  for (const auto& [what, body, received] : cases) {
    const auto content = feed().decode({{}, body, *parse_time(received)});
    ASSERT_FALSE(content) << what;
    EXPECT_EQ(name_of(content.error().fault), "grammar_changed") << what;
    EXPECT_NE(content.error().detail.find("report of \"VHHH\" with the time"), std::string::npos)
        << content.error().detail;
  }
}

TEST(metar, takes_no_forecast_for_a_report) {
  for (const char* const forecast :
       {"VHHH 220000Z 2200/2306 36010KT CAVOK=", "VHHH 220000Z AMD 2200/2306 36010KT CAVOK=",
        "VHHH 220000Z COR 2200/2306 36010KT CAVOK=", "VHHH 220000Z 220024 36010KT CAVOK=",
        "VHHH 220000Z AMD 36010KT 20/10 Q1000=", "TAF AMD VHHH 220000Z 2200/2306 36010KT CAVOK=",
        "TAF TAF VHHH 220000Z 36010KT CAVOK="}) {
    EXPECT_EQ(outcome_of(feed(), forecast), "grammar_changed") << forecast;
  }
}

TEST(metar, leaves_out_a_last_report_that_may_have_been_cut) {
  const std::string first = "METAR VHHH 220030Z 32004KT 9999 29/24 Q1012 NOSIG\n";
  const struct {
    const char* what;
    std::string body;
    std::string fetched;  // its outcome as an answer
    std::string saved;    // and as a file of which nobody knows what was asked for
  } cases[] = {
      {"whole", first + "METAR ZSSS 220030Z 02003MPS 9999 20/15 Q1015=", "4 samples, 0 problems",
       "4 samples, 0 problems"},
      {"a line's end will do", first + "METAR ZSSS 220030Z AUTO 20/15\n", "3 samples, 0 problems",
       "3 samples, 0 problems"},
      {"cut behind the pressure", first + "METAR ZSSS 220030Z 02003MPS 9999 20/15 Q1015 NOS",
       "4 samples, 0 problems", "4 samples, 0 problems"},
      {"cut within the pressure", first + "METAR ZSSS 220030Z 02003MPS 9999 20/15 Q10",
       "2 samples, 0 problems, truncated", "2 samples, 0 problems, truncated"},
      {"cut within the dew point", first + "METAR ZSSS 220030Z 02003MPS 9999 20/",
       "2 samples, 0 problems, truncated", "2 samples, 0 problems, truncated"},
      {"cut within the period of a forecast", first + "ZSSS 220000Z 2200/23",
       "2 samples, 0 problems, truncated", "2 samples, 0 problems, truncated"},
      {"cut within the time", first + "METAR ZSSS 2200", "2 samples, 0 problems, truncated",
       "2 samples, 0 problems, truncated"},
      {"a forecast without an end", first + "TAF VHHH 220000Z 2200/2306 36010KT",
       "2 samples, 0 problems", "2 samples, 0 problems"},
      {"one report alone", "METAR ZSSS 220030Z 02003MPS 9999 20/15", "truncated",
       "2 samples, 0 problems"},
      {"in JSON, which has its own end",
       R"([{"icaoId":"ZSSS","rawOb":"METAR ZSSS 220030Z 02003MPS 9999 20/15"}])",
       "2 samples, 0 problems", "2 samples, 0 problems"},
  };
  for (const auto& [what, body, fetched, saved] : cases) {
    EXPECT_EQ(outcome_of(feed(), body, "metar"), fetched) << what;
    EXPECT_EQ(outcome_of(feed(), body), saved) << what;
  }
}

TEST(metar, reads_no_wind_behind_its_own_place) {
  for (const char* const words :
       {"FM0830 12028G40KT", "FCST 12028KT", "AT0830 12028KT", "PROB30 12028KT", "TEMP0 12028KT",
        "WIND 2000FT 12028KT", "TL0830 12028KT", "NOSIG 12028KT", "9999 12028KT",
        "2200/2203 12028KT"}) {
    for (const char* const rest : {"", " 26/21 Q1006", " Q1006"}) {
      const auto content =
          opendata::decode(feed(), std::string("METAR ZSPD 220000Z ////// ") + words + rest + "=");
      if (!content) continue;
      for (const Sample& sample : content->samples) {
        for (const Reading& reading : sample.readings) {
          EXPECT_NE(reading.quantity, Quantity::wind_speed) << words << rest;
        }
      }
    }
  }
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
