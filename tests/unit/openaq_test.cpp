// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"

namespace twinsky {
namespace {

using opendata::decode;
using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of("openaq");
  return *feed;
}

std::string results(const std::string& rows) {
  return R"({"meta":{"found":1},"results":[)" + rows + "]}";
}

const std::string no2_row =
    R"({"value":40,"parameter":{"name":"no2","units":"µg/m³"},"period":{"datetimeFrom":)"
    R"({"utc":"2026-10-05T06:00:00Z"},"datetimeTo":{"utc":"2026-10-05T07:00:00Z"}}})";

TEST(openaq, reads_every_saved_response_cell_by_cell) {
  for (const auto& path : opendata::cases_of("openaq")) opendata::expect_as_listed(feed(), path);
}

TEST(openaq, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "openaq");
}

TEST(openaq, tells_failures_apart) {
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", results(no2_row), "1 samples, 0 problems"},
      {"one of two", results(no2_row + R"(,{"value":1})"), "1 samples, 1 problems"},
      {"no results", results(""), "empty"},
      {"nothing", "", "empty"},
      {"a refused key", R"({"detail":"Invalid credentials"})", "http_error"},
      {"other JSON", R"({"hello":"world"})", "grammar_changed"},
      {"stations, not measurements", results(R"({"id":2178,"name":"Del Norte"})"),
       "grammar_changed"},
      {"cut", results(no2_row).substr(0, 80), "truncated"},
      {"a web page", "<!doctype html><title>Cloudflare</title>", "html"},
      {"deep", std::string(1000, '{'), "grammar_changed"},
      {"deep lists", R"({"results":)" + std::string(1000, '['), "too_large"},
      {"a huge number", results(R"({"value":1e999})"), "grammar_changed"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body), outcome) << what;
  }
}

TEST(openaq, gives_a_share_only_where_the_reference_state_is_known) {
  const auto unknown = decode(feed(), results(no2_row));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->samples.front().readings.size(), 1U);
  EXPECT_FALSE(unknown->samples.front().official->gas_reference_k);
  const auto own = opendata::feed_of("openaq", R"({"gas_reference_k": 298.15})");
  const auto known = decode(*own, results(no2_row));
  ASSERT_TRUE(known);
  ASSERT_EQ(known->samples.front().readings.size(), 2U);
  EXPECT_NEAR(*known->samples.front().readings[1].value, 21.27, 0.01);
  EXPECT_EQ(known->samples.front().official->gas_reference_k, 298.15);
}

TEST(openaq, names_the_station_by_the_sensor_that_was_asked) {
  const auto own = opendata::feed_of(
      "openaq",
      R"({"sensors": {"3920": "del-norte", "17": "mong-kok"}, "key_file": "openaq-key"})");
  const auto requests = own->requests(*parse_time("2026-11-22T02:30:00Z"));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[1].url,
            "https://api.openaq.org/v3/sensors/3920/measurements?limit=1000"
            "&datetime_from=2026-11-21T02:00:00.000Z");
  EXPECT_EQ(requests[1].secret->name, "X-API-Key");
  EXPECT_EQ(requests[1].secret->file, "openaq-key");
  const auto content = own->decode({requests[1], results(no2_row), opendata::received});
  ASSERT_TRUE(content);
  EXPECT_EQ(content->samples.front().official->station, "del-norte");
}

std::string row(const std::string& value, const std::string& more = "", int hour = 6) {
  const auto stamp = [](int at) { return (at < 10 ? "0" : "") + std::to_string(at); };
  return R"({"value":)" + value +
         R"(,"parameter":{"name":"no2","units":"µg/m³"},"period":{"datetimeFrom":{"utc":"2026-10-05T)" +
         stamp(hour) + R"(:00:00Z"},"datetimeTo":{"utc":"2026-10-05T)" + stamp(hour + 1) +
         R"(:00:00Z"}})" + more + "}";
}

TEST(openaq, carries_what_the_source_doubts) {
  const struct {
    const char* more;
    Flag flag;
    const char* reason;
  } cases[] = {
      {R"(,"flagInfo":{"hasFlags":true})", Flag::suspect, "source"},
      {R"(,"flagInfo":{"hasFlags":false})", Flag::not_evaluated, ""},
      {R"(,"flagInfo":null,"coverage":null)", Flag::not_evaluated, ""},
      {R"(,"coverage":{"percentComplete":8,"percentCoverage":8})", Flag::suspect, "coverage"},
      {R"(,"coverage":{"percentComplete":100,"percentCoverage":60.5})", Flag::suspect, "coverage"},
      {R"(,"coverage":{"percentComplete":75,"percentCoverage":100})", Flag::not_evaluated, ""},
      {R"(,"flagInfo":{"hasFlags":true},"coverage":{"percentComplete":8})", Flag::suspect,
       "source"},
  };
  for (const auto& [more, flag, reason] : cases) {
    const auto content = decode(feed(), results(row("40", more)));
    ASSERT_TRUE(content) << more;
    const Reading& reading = content->samples.front().readings.front();
    EXPECT_EQ(reading.value, 40) << more;
    EXPECT_EQ(reading.flag, flag) << more;
    EXPECT_EQ(reading.reason, reason) << more;
  }
  const auto nothing = decode(feed(), results(row("null", R"(,"flagInfo":{"hasFlags":true})")));
  EXPECT_EQ(nothing->samples.front().readings.front().flag, Flag::missing);
}

TEST(openaq, of_the_same_interval_twice_something_beats_nothing_and_two_values_are_none) {
  const struct {
    std::string rows;
    std::optional<double> value;
    std::string text;
    std::size_t problems;
  } cases[] = {
      {row("40") + "," + row("40"), 40, "40", 0},
      {row("40") + "," + row("null"), 40, "40", 1},
      {row("null") + "," + row("40"), 40, "40", 1},
      {row("-999") + "," + row("40"), 40, "40", 1},
      {row("40") + "," + row("41"), std::nullopt, "40; 41", 1},
      {row("40") + "," + row("41") + "," + row("40"), std::nullopt, "40; 41", 1},
      {row("40") + "," + row("41", "", 7), 40, "40", 0},
  };
  const auto own = opendata::feed_of("openaq", R"({"gas_reference_k": 298.15})");
  for (const auto& [rows, value, text, problems] : cases) {
    const auto content = decode(*own, results(rows));
    ASSERT_TRUE(content) << rows;
    const auto& readings = content->samples.front().readings;
    EXPECT_EQ(readings[0].value, value) << rows;
    EXPECT_EQ(readings[0].text, text) << rows;
    EXPECT_EQ(readings[1].value.has_value(), value.has_value()) << rows;
    EXPECT_EQ(content->problems.size(), problems) << rows;
  }
}

TEST(openaq, asks_for_the_page_behind_a_full_one) {
  const std::string url = "https://api.openaq.org/v3/sensors/1/measurements?limit=1000";
  const auto next = [&](const std::string& meta, const std::string& asked, int rows = 2) {
    std::string body = "{\"meta\":{" + meta + "},\"results\":[";
    for (int count = 0; count < rows; ++count)
      body += (count > 0 ? "," : "") + row("40", "", count);
    FeedRequest request;
    request.url = asked;
    const auto content = feed().decode({request, body + "]}", opendata::received});
    if (!content) return std::string(name_of(content.error().fault));
    return content->next_page ? content->next_page->url : "";
  };
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":5)", url), url + "&page=2");
  EXPECT_EQ(next(R"("page":2,"limit":2,"found":5)", url + "&page=2"), url + "&page=3");
  EXPECT_EQ(next(R"("page":3,"limit":2,"found":5)", url + "&page=3", 1), "");
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":">2")", url), url + "&page=2");
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":2)", url), url + "&page=2")
      << "some count what is on the page only";
  EXPECT_EQ(next(R"("page":1,"limit":1000,"found":2)", url), "");
  EXPECT_EQ(next(R"("page":2,"limit":2,"found":4)", url + "&page=2", 0), "");
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":0)", url, 0), "empty");
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":5)", url + "&page=2"), "") << "always the first";
  EXPECT_EQ(next(R"("page":20,"limit":2,"found":99)", url + "&page=20"), "") << "bounded";
  EXPECT_EQ(next(R"("page":1,"limit":2,"found":5)", ""), "") << "a saved answer";
}

TEST(openaq, says_what_is_wrong_with_its_sensors) {
  const FeedInfo& info = *feed_named("openaq");
  Settings settings = Settings::defaults(info.settings);
  settings.set("sensors", std::string(R"({"3920/": "a"})"));
  EXPECT_EQ(info.check(settings), "\"3920/\" is no sensor id of OpenAQ, expected a number");
  settings.set("sensors", std::string(R"({"3920": "Del Norte"})"));
  EXPECT_NE(info.check(settings).find("\"Del Norte\" is not the id of a station"),
            std::string::npos);
}

TEST(openaq, knows_the_places_that_it_is_told) {
  const auto own =
      opendata::feed_of("openaq", R"({"sensors": {"3920": "del-norte"}, "places": {"del-norte":
      {"latitude": 35.13, "longitude": -106.58, "height_above_sea_m": 1590, "kind": "general"}}})");
  const ReferenceStation* const station = own->station("del-norte");
  ASSERT_NE(station, nullptr);
  EXPECT_EQ(station->kind, "general");
  EXPECT_EQ(station->position->longitude_deg, -106.58);
  EXPECT_EQ(station->position->height_above_sea_m, 1590);
  EXPECT_EQ(own->station("mong-kok"), nullptr);
}

TEST(openaq, says_what_is_wrong_with_its_places) {
  const FeedInfo& info = *feed_named("openaq");
  const auto problem_of = [&](const std::string& places) {
    Settings settings = Settings::defaults(info.settings);
    settings.set("sensors", std::string(R"({"3920": "a"})"));
    settings.set("places", places);
    return info.check(settings);
  };
  EXPECT_EQ(problem_of(R"({"a": {"latitude": 1, "longitude": -180}})"), "");
  for (const char* const place :
       {"5", "{}", R"({"latitude": 1})", R"({"latitude": 91, "longitude": 0})",
        R"({"latitude": "1", "longitude": 0})"}) {
    EXPECT_EQ(problem_of(std::string(R"({"a": )") + place + "}"),
              "the place of \"a\" needs latitude and longitude in degrees")
        << place;
  }
  EXPECT_EQ(problem_of(R"({"a": {"latitude": 1, "longitude": 2, "height": 3}})"),
            "the place of \"a\" has no \"height\", expected latitude, longitude, "
            "height_above_sea_m and kind");
  EXPECT_EQ(problem_of(R"({"a": {"latitude": 1, "longitude": 2, "kind": "urban"}})"),
            "\"urban\" is no kind of a station, expected \"general\", \"roadside\" or "
            "\"background\"");
  EXPECT_EQ(problem_of(R"({"b": {"latitude": 1, "longitude": 2}})"),
            "no sensor belongs to \"b\" of places");
}

}  // namespace
}  // namespace twinsky
