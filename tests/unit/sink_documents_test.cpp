// SPDX-License-Identifier: Apache-2.0
// The documents beside the records, and the schema that the repository ships. All values are
// synthetic.
#include "gateway/sinks/documents.hpp"
#include "gateway/store/tables.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sys/wait.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using nlohmann::ordered_json;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

StreamDescription roof_pm() {
  StreamDescription stream;
  stream.name = "sensor/roof-pm";
  stream.title = "Roof \"PM\"";
  stream.columns = {{Quantity::pm2_5, 0}, {Quantity::co2, 0}};
  stream.ranges[Quantity::pm2_5] = {0, 1000};
  stream.period = 10s;
  stream.driver = "pms5003";
  stream.placement = "rooftop";
  return stream;
}

Latest latest(Quantity quantity, double value, UtcTime time, Flag flag = Flag::pass) {
  Reading one = reading(quantity, value);
  one.flag = flag;
  return {.reading = one, .time = time};
}

TEST(documents, meta_says_what_a_stream_is) {
  const StreamDescription stream = roof_pm();
  EXPECT_EQ(meta_document(stream, 7),
            R"({"stream":"sensor/roof-pm","name":"Roof \"PM\"","official":false,"quantities":{)"
            R"("pm2_5":{"unit":"ug/m3","display_unit":"µg/m³","decimals":1,"averaging":"mean",)"
            R"("range":[0.0,1000.0],)"
            R"("cf_name":"mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air"},)"
            R"("co2":{"unit":"[ppm]","display_unit":"ppm","decimals":0,"averaging":"mean",)"
            R"("cf_name":"mole_fraction_of_carbon_dioxide_in_air"}},)"
            R"("period_ms":10000,"driver":"pms5003","placement":"rooftop","rev":7})");
  // What raises the revision is everything but the revision.
  EXPECT_EQ(meta_content(stream) + "|", [&] {
    std::string text = meta_document(stream, 7);
    return text.replace(text.find(",\"rev\":7"), 8, "") + "|";
  }());
}

TEST(documents, state_always_has_all_keys) {
  const UtcTime now = at("2026-11-22T02:30:30Z");
  struct Case {
    const char* what;
    std::vector<Latest> latest;
    const char* text;
  };
  const Case cases[] = {
      {"nothing was read yet",
       {},
       R"({"epoch":"e","ts":null,"time":null,"pm2_5":null,"co2":null,"flag":9,)"
       R"("flags":{"pm2_5":9,"co2":9}})"},
      {"one time",
       {latest(Quantity::pm2_5, 9, now), latest(Quantity::co2, 412, now)},
       R"({"epoch":"e","ts":1795314630000,"time":"2026-11-22T02:30:30.000Z","pm2_5":9.0,)"
       R"("co2":412,"flag":1})"},
      {"three periods old is shown, older is not",
       {latest(Quantity::pm2_5, 9, now - 30s), latest(Quantity::co2, 412, now - 30001ms)},
       R"({"epoch":"e","ts":1795314600000,"time":"2026-11-22T02:30:00.000Z","pm2_5":9.0,)"
       R"("co2":null,"flag":9,"flags":{"co2":9},"times":{"co2":"2026-11-22T02:29:59.999Z"}})"},
      {"failed is null, suspect is not",
       {latest(Quantity::pm2_5, 9, now, Flag::fail), latest(Quantity::co2, 1, now, Flag::suspect)},
       R"({"epoch":"e","ts":1795314630000,"time":"2026-11-22T02:30:30.000Z","pm2_5":null,)"
       R"("co2":1,"flag":4,"flags":{"pm2_5":4,"co2":3}})"},
      {"absent says why",
       {{absent(Quantity::pm2_5, Fault::warming_up), now}, latest(Quantity::co2, 412, now)},
       R"({"epoch":"e","ts":1795314630000,"time":"2026-11-22T02:30:30.000Z","pm2_5":null,)"
       R"("co2":412,"flag":9,"flags":{"pm2_5":9},"faults":{"pm2_5":"warming_up"}})"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(state_document(roof_pm(), one.latest, now, "e", true), one.text) << one.what;
  }
}

TEST(documents, state_marks_an_unset_clock_and_keeps_printed_text) {
  StreamDescription stream;
  stream.columns = {{Quantity::aqhi, 0}};
  Latest value = latest(Quantity::aqhi, 11, UtcTime{});
  value.reading.text = "10+";
  EXPECT_EQ(state_document(stream, {&value, 1}, UtcTime{}, "e", false),
            R"({"epoch":"e","ts":0,"time":"1970-01-01T00:00:00.000Z","clock":"unset","aqhi":11,)"
            R"("text":{"aqhi":"10+"},"flag":1})");
}

TEST(documents, warnings_are_word_for_word_and_leave_out_what_was_not_printed) {
  EXPECT_EQ(warnings_document({}), "[]");
  const std::vector<Warning> one = {{.issuer = "Hong Kong Observatory",
                                     .name = "Tropical Cyclone Warning Signal",
                                     .code = "TC8SE",
                                     .type = "No. 8 Southeast \"Gale\"",
                                     .action = "ISSUE",
                                     .issued = "2025-09-07T21:20:00+08:00",
                                     .updated = "",
                                     .expires = ""}};
  EXPECT_EQ(warnings_document(one),
            R"([{"issuer":"Hong Kong Observatory","name":"Tropical Cyclone Warning Signal",)"
            R"("code":"TC8SE","type":"No. 8 Southeast \"Gale\"","action":"ISSUE",)"
            R"("issued":"2025-09-07T21:20:00+08:00"}])");
}

TEST(documents, agreement_has_no_share_of_nothing) {
  EXPECT_EQ(agreement_document(0, 0, 0), R"({"compared":0,"equal":0,"within_one":0,"share":null})");
  EXPECT_EQ(agreement_document(40, 30, 40),
            R"({"compared":40,"equal":30,"within_one":40,"share":0.75})");
}

TEST(documents, info_names_gateway_sensors_and_the_terms_of_feeds) {
  Config config;
  config.gateway = {.id = "mk-roof",
                    .name = "Mong Kok \xFFroof",  // not UTF-8
                    .jurisdiction = "hk",
                    .position = Position{.latitude_deg = 22.3226,
                                         .longitude_deg = 114.1683,
                                         .height_above_sea_m = 31,
                                         .height_above_ground_m = {}},
                    .clock = {}};
  config.hash = "c0ffee";
  SensorSettings& sensor = config.sensors.emplace_back();
  sensor.id = "roof-pm";
  sensor.driver = "pms5003";
  config.feeds.push_back({.feed = "no-such-feed", .stations = {"mong-kok"}, .settings = {}});
  const std::string text = info_document(config, "boot", "7f3a");
  const json document = json::parse(text);
  EXPECT_EQ(document["gateway"], "mk-roof");
  EXPECT_EQ(document["name"], "Mong Kok \xEF\xBF\xBDroof");
  EXPECT_EQ(document["version"], TWINSKY_VERSION);
  EXPECT_TRUE(document["contract"].get<std::string>().ends_with(
      "/share/doc/twinsky/gateway/sinks/asyncapi.json"));
  EXPECT_EQ(document["boot_id"], "boot");
  EXPECT_EQ(document["config"], "c0ffee");
  EXPECT_EQ(document["position"]["latitude"], 22.323);  // rounded as it is published
  EXPECT_EQ(document["position"]["height_above_sea_m"], 31);
  EXPECT_FALSE(document["position"].contains("height_above_ground_m"));
  EXPECT_EQ(document["sensors"][0]["sensor"], "roof-pm");
  EXPECT_EQ(document["sensors"][0]["official"], false);
  EXPECT_EQ(document["feeds"][0]["stations"][0], "mong-kok");
  for (const FeedInfo* feed : feed_registry()) {
    config.feeds = {{.feed = std::string(feed->name), .stations = {}, .settings = {}}};
    const json one = json::parse(info_document(config, "boot", "7f3a"))["feeds"][0];
    EXPECT_FALSE(one["licence"].get<std::string>().empty()) << feed->name;
    EXPECT_FALSE(one["attribution"].get<std::string>().empty()) << feed->name;
    EXPECT_TRUE(one["redistribution"].is_boolean()) << feed->name;
    EXPECT_EQ(one["label"], feed->label == Label::stated ? "stated" : "ending") << feed->name;
    EXPECT_EQ(one.contains("terms"), !feed->terms.empty()) << feed->name;
    EXPECT_EQ(one.contains("gas_reference_k"), feed->gas_reference_k.has_value()) << feed->name;
  }
}

TEST(documents, a_mark_is_read_as_it_was_written_and_stays_small) {
  Mark mark{.epoch = "7f3a91c2",
            .after = {"00000001", "00000002", "00000003", "00000004"},
            .run = "18446744073709551615-5d3c91aa",
            .row = largest_row,
            .hash = ~std::uint64_t{0}};
  const std::string text = mark_document(std::string(32, 'g'), mark);
  EXPECT_EQ(mark_of(text), mark);
  EXPECT_LE(text.size(), 250U);
  mark.hash = 0;
  EXPECT_EQ(mark_of(mark_document("mk-roof", mark)), mark);
  EXPECT_EQ(mark_of(R"({"epoch":"e","row":1})"),
            (Mark{.epoch = "e", .after = {}, .run = {}, .row = 1}));
  EXPECT_EQ(mark_of(R"({"epoch":"e","row":1,"hash":7,"run":[],"after":[1,"d"]})"),
            (Mark{.epoch = "e", .after = {"d"}, .run = {}, .row = 1}));
}

TEST(documents, a_mark_is_only_read_from_what_looks_like_ours) {
  for (const char* foreign :
       {"", "online", "[]", "{", R"({"epoch":"e"})", R"({"epoch":1,"row":1})",
        R"({"epoch":"e","row":"1"})", R"({"epoch":"e","row":1.5})", R"({"row":1})"}) {
    EXPECT_FALSE(mark_of(foreign).has_value()) << foreign;
  }
  EXPECT_FALSE(mark_of(std::string(longest_mark + 1, '[')).has_value());
}

TEST(documents, an_event_is_a_body) {
  EXPECT_EQ(event_body("sensor_lost", "roof-pm", "5 polls without an answer"),
            R"({"event":"sensor_lost","subject":"roof-pm","message":"5 polls without an answer"})");
}

// ---- payloads.schema.json -------------------------------------------------------------------

TEST(payloads_schema, holds_exactly_the_catalogue_and_the_faults) {
  std::ifstream file(std::filesystem::path(tests_directory()) /
                     "../gateway/sinks/payloads.schema.json");
  const json schema = json::parse(file);
  const json& definitions = schema["$defs"];
  json names = json::array();
  std::string pattern = "^(";
  for (const QuantityInfo& info : quantity_catalogue()) {
    names.push_back(info.name);
    pattern.append(pattern.size() > 2 ? "|" : "").append(info.name);
    const json& property = definitions["values"]["properties"][std::string(info.name)];
    EXPECT_EQ(property["type"], json({"number", "null"})) << info.name;
    const std::string unit(info.display_unit.empty() ? "1" : info.display_unit);
    EXPECT_EQ(property["description"], unit + " (UCUM " + std::string(info.ucum) + ")")
        << info.name;
  }
  EXPECT_EQ(definitions["quantity"]["anyOf"][0]["enum"], names);
  EXPECT_TRUE(definitions["readings"]["patternProperties"].contains(pattern + ")_corrected$"));
  const std::set<std::string> other = {"text", "flag", "flags", "faults"};
  EXPECT_EQ(definitions["values"]["properties"].size(), names.size() + other.size());
  json faults = json::array();
  for (std::uint8_t fault = 0; fault < fault_count; ++fault) {
    faults.push_back(name_of(static_cast<Fault>(fault)));
  }
  EXPECT_EQ(definitions["fault"]["anyOf"][0]["enum"], faults);
}

std::string record(std::string_view stream, std::string_view body) {
  std::string text;
  append_record(text, record_prefix("mk-roof", stream, "7f3a91c2"), 184467,
                at("2026-11-22T02:30:00.123Z"), body);
  return text;
}

// An independent validator agrees with the schema about good and bad payloads, and about those that
// only a later version could send: as it is published it takes them, and as tests close it not.
TEST(payloads_schema, accepts_what_we_send_and_nothing_else) {
  Sample sample;
  sample.readings = {reading(Quantity::pm2_5, 9.4), absent(Quantity::co2, Fault::warming_up)};
  const std::string own = record_body(sample, {}, "", 7);
  const std::string unset = record_body(sample, {}, "", 7, true);
  sample.readings[0].text = "<10";
  sample.official = Official{.station = "mong-kok",
                             .start = at("2026-11-22T01:00Z"),
                             .end = at("2026-11-22T02:00Z"),
                             .fetched = at("2026-11-22T02:21Z"),
                             .issued = at("2026-11-22T02:20Z"),
                             .gas_reference_k = 293.15};
  const std::string official = "{\"revision\":1," + record_body(sample, {}, "", 2).substr(1);
  const std::string good = record("sensor/roof-pm", own);
  const std::string amended =
      "{\"amends\":12,\"pm2_5_corrected\":7.2,"
      "\"corrections\":{\"pm2_5\":\"id@2\"},\"flag\":1,\"meta\":7}";
  const std::string plain_gap =
      R"({"cause":"no_response","stream":"*","start":"2026-11-22T01:00:00.000Z",)"
      R"("end":"2026-11-22T02:00:00.000Z","count":3,"estimated":true})";
  const std::string hour = record(
      "sensor/roof/hour",
      R"({"start":"2026-11-22T15:00:00.000Z","end":"2026-11-22T16:00:00.000Z","revision":2,)"
      R"("quantities":{"co_ppm":{"mean":0.4,"n":60,"expected":60,"valid":true,"flags":{"1":60},)"
      R"("mean_8h":0.5,"hours_8h":8,"day":{"date":"2026-11-22","mean":null,"hours":17}}}})");
  const auto replaced = [](std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
  };
  enum class Verdict { wrong, right, later };
  using enum Verdict;
  const struct {
    Verdict verdict;
    std::string payload;
  } cases[] = {
      {right, "[" + good + "," + record("sensor/roof-pm", unset) + "]"},
      {right, "[" + record("sensor/roof-pm", amended) + "]"},
      {right, "[" + record("ref/hk-epd/mong-kok", official) + "]"},
      {right, "[" + record("index/aqhi-2013/own", R"({"aqhi":4,"flag":2,"meta":1})") + "]"},
      {right, "[" +
                  record("index/cn-hj633-2026/cn-cnemc--1141a",
                         R"({"revision":1,"aqi":74,"flag":2,"parts":{"pm2_5":74,"co":6},)"
                         R"("primary":["pm2_5"],"meta":1})") +
                  "]"},
      {later, "[" +
                  record("index/cn-hj633-2026/cn-cnemc--1141a",
                         R"({"aqi":74,"flag":2,"parts":{"pm25":74},"meta":1})") +
                  "]"},
      {right, "[" + hour + "]"},
      {right, "[" + replaced(hour, "\"mean\":null", "\"maximum_8h\":44.1") + "]"},
      {wrong, "[" + replaced(hour, "2026-11-22\"", "22 November\"") + "]"},
      {wrong, "[" + replaced(hour, "\"hours_8h\":8", "\"hours_8h\":9") + "]"},
      {right, "[" +
                  record("index/hk-aqhi-2025/own",
                         R"({"revision":1,"aqhi":null,"flag":9,"indicative":true,)"
                         R"("part_risk_percent":{"pm2_5":0.44},"sensors":{"pm2_5":"roof-pm"},)"
                         R"("meta":1})") +
                  "]"},
      {wrong,
       "[" +
           record("index/hk-aqhi-2025/own", R"({"aqhi":3,"flag":2,"indicative":false,"meta":1})") +
           "]"},
      {right, "[" + record("ledger", plain_gap) + "]"},
      {right, "[" + record("event", event_body("sensor_lost", "roof-pm", "x")) + "]"},
      {wrong, "[]"},
      {wrong, good},
      {later, "[" + replaced(good, "pm2_5", "pm25") + "]"},
      {wrong, "[" + replaced(good, "9.4", "\"9.4\"") + "]"},
      {later, "[" + replaced(good, "\"meta\":7", "\"meta\":7,\"extra\":1") + "]"},
      {wrong, "[" + replaced(good, "\"seq\":184467", "\"seq\":0") + "]"},
      {wrong, "[" + replaced(good, ".123Z", "Z") + "]"},
      {wrong, "[" + replaced(good, "\"sensor\":\"roof-pm\",", "") + "]"},
      {later, "[" + replaced(good, "warming_up", "a_fault_of_a_later_version") + "]"},
      {wrong, "[" + replaced(good, "warming_up", "it is cold") + "]"},
      {wrong, "[" + record("ref/hk-epd/mong-kok", own) + "]"},
      {wrong, "[" + record("ledger", R"({"cause":"age","stream":"*","count":3})") + "]"},
  };
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / ("schema-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  std::ofstream lines(directory / "lines.json");
  for (const auto& one : cases) lines << one.payload << '\n';
  lines.close();
  std::ofstream(directory / "validate.py") << R"(import json, sys
sys.path.insert(0, sys.argv[1])
import contract
for line in open(sys.argv[2]):
    payload = json.loads(line)
    verdicts = [each("payloads.schema.json").is_valid(payload) for each in (contract.validator, contract.published)]
    print({(False, False): 0, (True, True): 1, (False, True): 2}[tuple(verdicts)])
)";
  const std::string command = "python3 " + (directory / "validate.py").string() + " " +
                              tests_directory() + "/contract " +
                              (directory / "lines.json").string();
  std::FILE* output = ::popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  for (const auto& one : cases) {
    int verdict = -1;
    ASSERT_EQ(std::fscanf(output, "%d", &verdict), 1) << "python3-jsonschema is needed";
    EXPECT_EQ(verdict, static_cast<int>(one.verdict)) << one.payload;
  }
  EXPECT_EQ(::pclose(output), 0);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace twinsky
