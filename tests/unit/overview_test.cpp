// SPDX-License-Identifier: Apache-2.0
// What an overview makes of what the gateway knows of itself.
#include "gateway/service/overview.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

Reading flagged(Quantity quantity, double value, Flag flag, std::string_view reason = {}) {
  Reading made = reading(quantity, value);
  made.flag = flag;
  made.reason = reason;
  return made;
}

class OverviewTest : public ::testing::Test {
 protected:
  OverviewTest() {
    config_.gateway.id = "mk-roof";
    config_.gateway.jurisdiction = "hk";
    config_.gateway.position = Position{.latitude_deg = 22.32261, .longitude_deg = 114.16831};
    SensorSettings& sensor = config_.sensors.emplace_back();
    sensor.id = "roof-pm";
    sensor.driver = "pms5003";
    sensor.bus = "pm";
    sensor.every = 10s;
    config_.feeds = {{.feed = "hk-epd",
                      .stations = {"mong-kok"},
                      .settings = Settings::defaults(feed_named("hk-epd")->settings)}};
    config_.sinks.emplace_back();
    config_.sinks[0].id = "city";
    config_.sinks[0].allow = {"#"};
    config_.compare = {{"roof-pm", "pm2_5", "hk-epd", "mong-kok"}};
    config_.store.path = "/var/lib/twinsky/twinsky.db";
    snapshot_.time = *parse_time("2026-11-22T02:30:00Z");
    snapshot_.started = snapshot_.time - 1h;
    snapshot_.is_clock_set = true;
    snapshot_.sinks["city"] = {.connected = true, .state = "connected to broker"};
    snapshot_.feeds["hk-epd"].state = "fresh";
    StreamSnapshot& stream = snapshot_.streams["sensor/roof-pm"];
    stream.columns = {{Quantity::pm2_5, 1}, {Quantity::pm10, 1}};
    stream.period = 10s;
    stream.state = "online";
    stream.age = 2s;
    put(stream, flagged(Quantity::pm2_5, 9.44, Flag::pass), 2s);
  }

  void put(StreamSnapshot& stream, Reading reading, milliseconds ago,
           std::optional<milliseconds> length = {}) {
    const UtcTime time = snapshot_.time - ago;
    stream.values.push_back({{std::move(reading), time}, {}});
    if (length) stream.values.back().start = time - *length;
  }
  StreamSnapshot& stream() { return snapshot_.streams["sensor/roof-pm"]; }
  Overview overview() { return OverviewMaker(config_, catalogue_).make(snapshot_); }
  std::vector<std::string> codes() {
    std::vector<std::string> codes;
    for (const auto& each : overview().problems) codes.push_back(each.code);
    return codes;
  }
  nlohmann::json json() { return nlohmann::json::parse(overview_json(overview())); }

  const IndexCatalogue catalogue_;
  Config config_;
  Snapshot snapshot_;
};

using Codes = std::vector<std::string>;

TEST_F(OverviewTest, nothing_is_wrong_when_all_is_well) {
  EXPECT_EQ(codes(), Codes());
  EXPECT_TRUE(is_all_well(overview()));
  const nlohmann::json json = this->json();
  EXPECT_EQ(json["version"].get<int>(), 1);
  EXPECT_EQ(json["gateway"]["id"], "mk-roof");
  EXPECT_EQ(json["gateway"]["utc_offset_s"].get<int>(), 8 * 3600);
  EXPECT_EQ(json["started"], "2026-11-22T01:30:00.000Z");
  const nlohmann::json& sensor = json["sensors"][0];
  EXPECT_EQ(sensor["state"], "fresh");
  EXPECT_EQ(sensor["age_ms"].get<int>(), 2000);
  EXPECT_EQ(sensor["period_ms"].get<int>(), 10000);
  const nlohmann::json& reading = sensor["readings"][0];
  EXPECT_EQ(reading["quantity"], "pm2_5");
  EXPECT_DOUBLE_EQ(reading["value"].get<double>(), 9.4);  // as it is published
  EXPECT_EQ(reading["unit"], "µg/m³");
  EXPECT_EQ(reading["flag_word"], "pass");
  EXPECT_EQ(json["sinks"][0]["state"], "connected");
  EXPECT_EQ(json["feeds"][0]["state"], "good");
  EXPECT_TRUE(json["comparisons"][0]["verdict"].is_null());
  EXPECT_TRUE(json["problems"].empty());
  EXPECT_TRUE(json["ledger"].is_object());
}

TEST_F(OverviewTest, a_warning_mode_is_told_with_its_warning_and_since_when) {
  EXPECT_EQ(json()["modes"], nlohmann::json::array());
  snapshot_.modes = {{.id = "typhoon",
                      .feed = "hk-hko",
                      .code = "TC8NE",
                      .name = "Tropical Cyclone Warning Signal",
                      .since = snapshot_.time - 3h}};
  EXPECT_EQ(json()["modes"], nlohmann::json::parse(R"([{"id":"typhoon","feed":"hk-hko",
    "code":"TC8NE","name":"Tropical Cyclone Warning Signal","since":"2026-11-21T23:30:00.000Z"}])"));
  EXPECT_EQ(codes(), Codes());  // it is no trouble
}

TEST_F(OverviewTest, where_nothing_is_configured_it_says_what_to_do_first) {
  const Config configured = config_;
  config_.sensors.clear();
  EXPECT_EQ(codes(), Codes());  // a gateway of official sources alone
  config_ = configured;
  config_.feeds.clear();
  EXPECT_EQ(codes(), Codes());
  config_.sensors.clear();
  config_.compare.clear();
  config_.files = {"/etc/twinsky/twinsky.json"};
  ASSERT_EQ(codes(), Codes{"nothing_to_read"});
  const nlohmann::json problem = json()["problems"][0];
  EXPECT_EQ(problem["severity"], "warning");
  EXPECT_NE(problem["remedy"].get<std::string>().find("/etc/twinsky/twinsky.json"),
            std::string::npos);
}

TEST_F(OverviewTest, a_sensor_is_lost_after_three_periods_of_silence_and_there_is_a_remedy) {
  stream().age = 30s;
  EXPECT_EQ(codes(), Codes());
  stream().age = 31s;
  stream().silence = "no_response";
  ASSERT_EQ(codes(), Codes{"sensor_lost"});
  const nlohmann::json json = this->json();
  EXPECT_EQ(json["sensors"][0]["state"], "lost");
  EXPECT_EQ(json["sensors"][0]["cause"], "no_response");
  const nlohmann::json& problem = json["problems"][0];
  EXPECT_EQ(problem["about"], "roof-pm");
  EXPECT_EQ(problem["severity"], "error");
  EXPECT_EQ(problem["text"], "roof-pm has been lost for 31 s: no response");
  EXPECT_NE(problem["remedy"].get<std::string>().find("twinsky read roof-pm"), std::string::npos);
  EXPECT_EQ(problem["since"], "2026-11-22T02:29:29.000Z");
  EXPECT_EQ(problem["arguments"]["age_ms"].get<int>(), 31000);
}

// The fault is a word of ours; what stands behind it is the name of a thing.
TEST_F(OverviewTest, a_fault_is_put_into_words_and_a_port_keeps_its_name) {
  stream().state = "offline";
  stream().trouble = "no_response: /dev/serial/by-id/usb-1a86_USB_Serial";
  ASSERT_EQ(codes(), Codes{"sensor_lost"});
  EXPECT_TRUE(
      overview().problems[0].text.ends_with(": no response: /dev/serial/by-id/usb-1a86_USB_Serial"))
      << overview().problems[0].text;
}

TEST_F(OverviewTest, a_sensor_that_says_it_is_lost_is_so_at_once) {
  stream().state = "offline";
  stream().trouble = "/dev/ttyUSB0: No such file or directory";
  ASSERT_EQ(codes(), Codes{"sensor_lost"});
  EXPECT_EQ(overview().problems[0].text,
            "roof-pm has been lost for 2 s: /dev/ttyUSB0: No such file or directory");
  EXPECT_EQ(overview().problems[0].arguments["cause"], "no_response");
  stream().age.reset();
  stream().values.clear();
  EXPECT_EQ(overview().problems[0].text,
            "roof-pm has not been heard since the start: /dev/ttyUSB0: No such file or directory");
}

TEST_F(OverviewTest, warming_up_and_not_heard_yet_are_no_trouble) {
  stream().values.clear();
  put(stream(), absent(Quantity::pm2_5, Fault::warming_up), 2s);
  EXPECT_EQ(json()["sensors"][0]["state"], "warming_up");
  EXPECT_FALSE(is_all_well(overview()));  // and not yet all that is to come
  stream().values.clear();
  stream().age.reset();
  stream().state.clear();
  EXPECT_EQ(json()["sensors"][0]["state"], "none_yet");
  EXPECT_TRUE(json()["sensors"][0]["age_ms"].is_null());
  stream().silence = "warming_up";
  EXPECT_EQ(json()["sensors"][0]["state"], "warming_up");
  snapshot_.streams.clear();  // its bus has not begun
  EXPECT_EQ(json()["sensors"][0]["state"], "none_yet");
  EXPECT_EQ(codes(), Codes());
}

TEST_F(OverviewTest, a_sink_that_is_away_is_told_from_one_that_does_not_let_us_in) {
  snapshot_.store.sinks["city"] = {.cursor = 1, .rows = 20, .oldest = snapshot_.time - 90s};
  SinkStatus& sink = snapshot_.sinks["city"];
  sink = {};
  EXPECT_EQ(json()["sinks"][0]["state"], "connecting");
  EXPECT_EQ(codes(), Codes());
  sink.state = "name does not resolve";
  EXPECT_EQ(json()["sinks"][0]["state"], "pausing");
  EXPECT_EQ(codes(), Codes{"sink_away"});
  sink.is_denied = true;
  EXPECT_EQ(json()["sinks"][0]["state"], "refused");
  EXPECT_EQ(json()["sinks"][0]["waiting"].get<int>(), 20);
  EXPECT_EQ(codes(), Codes{"sink_refused"});
  config_.sinks[0].allow.clear();
  EXPECT_EQ(json()["sinks"][0]["state"], "closed");
  EXPECT_EQ(codes(), Codes());
}

TEST_F(OverviewTest, a_feed_that_fails_or_is_late_is_told_and_a_missing_station) {
  FeedCounters& feed = snapshot_.feeds["hk-epd"];
  feed.newest = snapshot_.time - 3h;
  EXPECT_EQ(json()["feeds"][0]["state"], "good");
  feed.newest = snapshot_.time - 4h;
  EXPECT_EQ(codes(), Codes{"feed_late"});
  feed.state = "unreachable";
  feed.detail = "aqhi24: name not found";
  feed.missing = {"mong-kok"};
  EXPECT_EQ(codes(), (Codes{"feed_failing", "station_missing"}));
  EXPECT_EQ(json()["feeds"][0]["detail"], "aqhi24: name not found");
  feed = {};
  feed.state = "waiting";
  EXPECT_EQ(json()["feeds"][0]["state"], "none_yet");
  EXPECT_EQ(codes(), Codes());
}

TEST_F(OverviewTest, errors_come_before_warnings) {
  snapshot_.is_clock_set = false;
  put(stream(), flagged(Quantity::pm10, 900, Flag::fail, "range"), 2s);
  snapshot_.store.disk_fault = "disk_full: no space left";
  snapshot_.store.offline_days = 1.5;
  snapshot_.stages["hours"] = {.exceptions = 2, .problem = "std::bad_alloc"};
  snapshot_.comparisons["compare/roof-pm/pm2_5/hk-epd/mong-kok"] = {"faulty", "pm2_5  faulty"};
  config_.warnings.push_back({.file = "twinsky.json", .pointer = "/sinks/0", .message = "open"});
  EXPECT_EQ(codes(), (Codes{"disk_fault", "stage_fails", "store_soon_full", "clock_unset",
                            "reading_fails", "comparison_faulty", "configuration"}));
  EXPECT_EQ(json()["comparisons"][0]["verdict"], "faulty");
}

TEST_F(OverviewTest, a_station_has_names_place_and_interval_and_its_printed_index_a_band) {
  StreamSnapshot& station = snapshot_.streams["ref/hk-epd/mong-kok"];
  station.period = 1h;
  put(station, reading(Quantity::pm2_5, 12), 30min, 1h);
  Reading printed = reading(Quantity::aqhi, 11);
  printed.text = "10+";
  put(station, printed, 90min, 1h);
  StreamSnapshot& own = snapshot_.streams["index/us-nowcast-pm/own"];
  put(own, reading(Quantity::aqi, 120), 30min, 1h);
  own.members = R"("indicative":true,"primary":["pm2_5"])";
  const nlohmann::json json = this->json();
  const nlohmann::json& place = json["stations"][0];
  EXPECT_EQ(place["name_en"], "Mong Kok");
  EXPECT_EQ(place["name_tc"], "旺角");
  EXPECT_EQ(place["kind"], "roadside");
  EXPECT_EQ(place["start"], "2026-11-22T01:00:00.000Z");
  EXPECT_EQ(place["end"], "2026-11-22T02:00:00.000Z");
  const nlohmann::json& official = json["indices"][1];
  EXPECT_EQ(official["subject"], "hk-epd--mong-kok");
  EXPECT_TRUE(official["official"].get<bool>());
  EXPECT_EQ(official["text"], "10+");
  EXPECT_EQ(official["band"], "serious");
  const nlohmann::json& indicative = json["indices"][0];
  EXPECT_EQ(indicative["subject"], "own");
  EXPECT_FALSE(indicative["official"].get<bool>());
  EXPECT_EQ(indicative["band"], "unhealthy_for_sensitive_groups");
  EXPECT_EQ(indicative["main"], "pm2_5");
}

// Three distances to public places give a place away.
TEST_F(OverviewTest, distances_tell_no_more_of_our_place_than_what_is_published_of_it) {
  snapshot_.streams["ref/hk-epd/mong-kok"].period = 1h;
  const nlohmann::json rounded = json();
  EXPECT_DOUBLE_EQ(rounded["gateway"]["position"]["latitude"].get<double>(), 22.323);
  for (const auto* const length : {"distance_m", "east_m", "north_m"}) {
    const double metres = rounded["stations"][0][length].get<double>();
    EXPECT_EQ(std::remainder(metres, 100), 0) << length;
  }
  config_.gateway.position_rule.is_published = false;
  const nlohmann::json hidden = json();
  EXPECT_TRUE(hidden["gateway"]["position"].is_null());
  for (const auto* const length : {"distance_m", "east_m", "north_m"}) {
    EXPECT_TRUE(hidden["stations"][0][length].is_null()) << length;
  }
}

TEST_F(OverviewTest, what_somebody_holds_stays_as_it_is) {
  PublishedOverview published;
  EXPECT_EQ(published.newest(), nullptr);
  EXPECT_EQ(published.newest_json(), nullptr);
  published.publish(overview());
  const auto held = published.newest();
  const auto json = published.newest_json();
  EXPECT_EQ(published.newest_json(), json);  // not made again
  config_.gateway.id = "other";
  published.publish(overview());
  EXPECT_EQ(held->gateway, "mk-roof");
  EXPECT_EQ(published.newest()->gateway, "other");
  EXPECT_NE(json->find("mk-roof"), std::string::npos);
  EXPECT_EQ(published.newest_json()->find("mk-roof"), std::string::npos);
}

}  // namespace
}  // namespace twinsky
