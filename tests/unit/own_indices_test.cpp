// SPDX-License-Identifier: Apache-2.0
// From samples through the real store to the records of index/<edition>/own.
#include "gateway/acquire/own_indices.hpp"

#include "gateway/hours/hourly.hpp"
#include "store_fixture.hpp"

#include <nlohmann/json.hpp>

namespace twinsky {
namespace {

using Json = nlohmann::json;

constexpr UtcTime ten{milliseconds(1795312800000)};  // 2026-11-22T02:00Z, ten o'clock

SensorSettings particles(const std::string& id, const std::string& placement = "rooftop") {
  SensorSettings sensor;
  sensor.id = id;
  sensor.driver = "sds011";
  sensor.placement = placement;
  sensor.every = 1min;
  return sensor;
}

Config configured(const std::string& jurisdiction, std::vector<SensorSettings> sensors) {
  Config config;
  config.gateway.id = "mk-roof";
  config.gateway.jurisdiction = jurisdiction;
  config.sensors = std::move(sensors);
  return config;
}

std::optional<HourlyStream> describe(std::string_view) {
  return HourlyStream{.period = 1min, .decimals = {}};
}

class OwnIndicesTest : public StoreTest {
 protected:
  OwnIndicesTest() { clock_.step_utc(ten - clock_.utc()); }

  void start(const Config& config) {
    maker_.reset();
    indices_.reset();
    intake_.reset();
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    indices_ = std::make_unique<OwnIndices>(config, catalogue_, *store_, *intake_, clock_);
    maker_ = std::make_unique<HourMaker>(
        *store_, clock_, describe,
        [this](const std::set<UtcTime>& starts) { indices_->take(starts); });
  }
  ~OwnIndicesTest() override {
    maker_.reset();
    indices_.reset();
    intake_.reset();
  }

  void put(const std::string& stream, UtcTime time, std::vector<Reading> readings) {
    for (Reading& each : readings) each.flag = Flag::pass;
    const Sample sample{.time = time, .readings = std::move(readings)};
    Entry made = entry(store_->stream(stream), record_body(sample, {}, "", 1));
    made.time = time;
    store_->append(std::move(made));
  }
  // One sample a minute.
  void put_hour(const std::string& stream, UtcTime hour, const std::vector<Reading>& readings,
                int samples = 60) {
    for (int n = 0; n < samples; ++n) put(stream, hour + n * 1min, readings);
  }
  void make_hours(UtcTime now) {
    if (now > clock_.utc()) clock_.advance(now - clock_.utc());
    ASSERT_TRUE(commit());
    maker_->step(now);
    ASSERT_TRUE(commit());
  }
  std::vector<Json> records(const std::string& edition) {
    std::vector<Json> records;
    for (const Row& row : rows_of("index/" + edition + "/own")) {
      records.push_back(Json::parse(row.body));
      EXPECT_EQ(records.back()["end"], iso8601(row.time));
    }
    return records;
  }
  std::string text_of(const std::string& topic) {
    std::uint64_t all = 0;
    for (const auto& change : bulletin_.changes_since(all)) {
      if (change.posting.topic == topic) return change.posting.payload;
    }
    return {};
  }

  const IndexCatalogue catalogue_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<OwnIndices> indices_;
  std::unique_ptr<HourMaker> maker_;
};

const std::vector<Reading> clean = {reading(Quantity::pm2_5, 20), reading(Quantity::pm10, 30)};

TEST_F(OwnIndicesTest, are_made_of_finished_hours_and_say_that_they_are_indicative) {
  start(configured("cn-sh", {particles("roof")}));
  put_hour("sensor/roof", ten, clean);
  make_hours(ten + 59min);
  EXPECT_TRUE(records("cn-hj633-2026").empty());
  make_hours(ten + 1h);
  const auto made = records("cn-hj633-2026");
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0], Json::parse(R"({"revision":1,"start":"2026-11-22T02:00:00.000Z",
      "end":"2026-11-22T03:00:00.000Z","aqi":null,"flag":9,"flags":{"aqi":9},"indicative":true,
      "parts":{"pm2_5":29,"pm10":30},"sensors":{"pm2_5":"roof","pm10":"roof"},"meta":1})"));
  EXPECT_TRUE(records("hk-aqhi-2025").empty());
  ASSERT_EQ(records("us-nowcast-pm").size(), 1U);
  EXPECT_FALSE(records("us-nowcast-pm")[0].contains("parts")) << "one of the newest three hours";

  put_hour("sensor/roof", ten + 1h, clean);
  make_hours(ten + 2h);
  const auto nowcasts = records("us-nowcast-pm");
  ASSERT_EQ(nowcasts.size(), 2U);
  EXPECT_EQ(nowcasts[1]["aqi"], 71);
  EXPECT_EQ(nowcasts[1]["flag"], 2) << "not evaluated, as all that is reckoned";
  EXPECT_EQ(nowcasts[1]["indicative"], true);
  EXPECT_EQ(nowcasts[1]["primary"], Json::array({"pm2_5"}));

  const Json meta = Json::parse(text_of("index/cn-hj633-2026/own/meta"));
  EXPECT_EQ(meta["official"], false);
  EXPECT_EQ(meta["gas_reference_k"], 298.15);
  EXPECT_FALSE(meta.contains("position"));
  const std::string topic = "index/cn-hj633-2026/own/state";
  const Json state = Json::parse(text_of(topic));
  EXPECT_EQ(state["indicative"], true);
  EXPECT_EQ(state["parts"]["pm2_5"], 29);
  clock_.advance(3h);
  intake_->refresh_states();
  EXPECT_TRUE(Json::parse(text_of(topic)).contains("parts"));
  clock_.advance(1min);
  intake_->refresh_states();
  EXPECT_FALSE(Json::parse(text_of(topic)).contains("parts")) << "too old";
}

TEST_F(OwnIndicesTest, whole_sets_make_the_index_of_the_jurisdiction) {
  const std::string map = (directory_ / "analyser.json").string();
  std::ofstream(map) << R"({"device": "analyser", "function": 3, "registers": [
      {"quantity": "no2_ppb", "register": 0, "type": "u16"},
      {"quantity": "so2_ppb", "register": 1, "type": "u16"},
      {"quantity": "o3_ppb", "register": 2, "type": "u16"},
      {"quantity": "co_ppm", "register": 3, "type": "u16"}]})";
  SensorSettings analyser;
  analyser.id = "gases";
  analyser.driver = "modbus";
  analyser.every = 1min;
  analyser.settings.set("map", map);
  const std::vector<Reading> gases = {reading(Quantity::no2_ppb, 20), reading(Quantity::so2_ppb, 2),
                                      reading(Quantity::o3_ppb, 40),
                                      reading(Quantity::co_ppm, 0.4)};
  start(configured("hk", {particles("roof"), analyser}));
  for (int hour = 0; hour < 4; ++hour) {
    put_hour("sensor/roof", ten + hour * 1h, clean);
    put_hour("sensor/gases", ten + hour * 1h, gases, hour == 1 ? 44 : 60);  // 75 % are 45
  }
  make_hours(ten + 4h);
  const auto made = records("hk-aqhi-2025");
  ASSERT_EQ(made.size(), 4U);
  EXPECT_EQ(made[0]["aqhi"], nullptr) << "an hour is no mean of three";
  EXPECT_EQ(made[1]["aqhi"], nullptr) << "gases had one valid hour so far";
  EXPECT_TRUE(made[1]["part_risk_percent"].contains("pm10"));
  EXPECT_FALSE(made[1]["part_risk_percent"].contains("no2"));
  for (const std::size_t hour : {2U, 3U}) {
    // 38.25 of NO2, 5.33 of SO2, 79.81 of O3, 30 of PM10: 1.722 + 0.074 + 3.978 + 0.850
    EXPECT_EQ(made[hour]["aqhi"], 4);
    EXPECT_NEAR(made[hour]["added_risk_percent"].get<double>(), 6.62, 0.011);
    EXPECT_EQ(made[hour]["sensors"]["no2"], "gases");
  }
  EXPECT_TRUE(records("cn-hj633-2026").empty());

  start(configured("cn-sh", {particles("roof"), analyser}));
  put_hour("sensor/roof", ten + 4h, clean);
  put_hour("sensor/gases", ten + 4h, gases);
  make_hours(ten + 5h);
  const auto mainland = records("cn-hj633-2026");
  ASSERT_EQ(mainland.size(), 5U) << "hours that were made before the index was, too";
  EXPECT_EQ(mainland[4]["aqi"], 30);
  EXPECT_EQ(mainland[4]["parts"]["no2"], 19);  // 37.61 ug/m3
  EXPECT_EQ(mainland[1]["aqi"], nullptr) << "without a valid hour of gases";
}

TEST_F(OwnIndicesTest, a_late_hour_makes_anew_what_looks_back_on_it_and_only_that) {
  start(configured("hk", {particles("roof")}));
  for (const int hour : {0, 1, 2, 3}) put_hour("sensor/roof", ten + hour * 1h, clean, 50);
  make_hours(ten + 4h);
  ASSERT_EQ(records("hk-aqhi-2025").size(), 4U);
  for (int n = 50; n < 60; ++n) {
    put("sensor/roof", ten + n * 1min,
        {reading(Quantity::pm2_5, 200), reading(Quantity::pm10, 300)});
  }
  make_hours(ten + 4h + 5min);
  const auto made = records("hk-aqhi-2025");
  // The first hour alone is no mean still; the two after it change, the fourth does not.
  ASSERT_EQ(made.size(), 6U);
  EXPECT_EQ(made[4]["end"], iso8601(ten + 2h));
  EXPECT_EQ(made[4]["revision"], 2);
  EXPECT_EQ(made[5]["end"], iso8601(ten + 3h));
  EXPECT_EQ(made[5]["revision"], 2);
  EXPECT_GT(made[5]["part_risk_percent"]["pm2_5"], made[2]["part_risk_percent"]["pm2_5"]);
  // The hour itself is published anew, and so are those whose means over 8 and 24 hours it changed.
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 8U);
}

TEST_F(OwnIndicesTest, a_restart_repeats_nothing_and_a_crash_before_the_index_leaves_no_hole) {
  const Config config = configured("cn-sh", {particles("roof")});
  start(config);
  put_hour("sensor/roof", ten, clean);
  make_hours(ten + 1h);
  // This hour is kept, and then the power goes.
  put_hour("sensor/roof", ten + 1h, clean);
  indices_.reset();
  maker_ = std::make_unique<HourMaker>(*store_, clock_, describe);
  make_hours(ten + 2h);
  ASSERT_EQ(records("cn-hj633-2026").size(), 1U);
  start(config);
  put_hour("sensor/roof", ten + 2h, clean);
  make_hours(ten + 3h);
  const auto made = records("cn-hj633-2026");
  ASSERT_EQ(made.size(), 3U);
  for (std::size_t hour = 0; hour < 3; ++hour) {
    EXPECT_EQ(made[hour]["start"], iso8601(ten + hour * 1h));
    EXPECT_EQ(made[hour]["revision"], 1);
  }
}

TEST_F(OwnIndicesTest, an_edition_is_that_of_the_hour) {
  const UtcTime switched = parse_time("2026-02-28T16:00:00Z").value();  // midnight in China
  clock_.step_utc(switched - 1h - clock_.utc());
  start(configured("cn-sh", {particles("roof")}));
  put_hour("sensor/roof", switched - 1h, clean);
  put_hour("sensor/roof", switched, clean);
  make_hours(switched + 1h);
  ASSERT_EQ(records("cn-hj633-2012").size(), 1U);
  EXPECT_EQ(records("cn-hj633-2012")[0]["end"], iso8601(switched));
  ASSERT_EQ(records("cn-hj633-2026").size(), 1U);
  EXPECT_EQ(records("cn-hj633-2026")[0]["start"], iso8601(switched));
}

TEST_F(OwnIndicesTest, rooms_have_none_and_what_is_made_no_more_is_cleared) {
  start(configured("hk", {particles("desk", "indoor"), particles("roof")}));
  put_hour("sensor/desk", ten, clean);
  make_hours(ten + 1h);
  EXPECT_TRUE(records("hk-aqhi-2025").empty());
  for (const int hour : {1, 2}) {
    put_hour("sensor/desk", ten + hour * 1h, clean);
    put_hour("sensor/roof", ten + hour * 1h, clean);
  }
  make_hours(ten + 3h);
  const auto made = records("us-nowcast-pm");
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[1]["sensors"], Json({{"pm2_5", "roof"}, {"pm10", "roof"}}));
  EXPECT_NE(text_of("index/hk-aqhi-2025/own/meta"), "");
  indices_->change(configured("other", {particles("roof")}));
  EXPECT_EQ(text_of("index/hk-aqhi-2025/own/meta"), "");
  EXPECT_NE(text_of("index/us-nowcast-pm/own/meta"), "");
  indices_->change(configured("other", {particles("roof", "indoor")}));
  EXPECT_EQ(text_of("index/us-nowcast-pm/own/meta"), "");
}

TEST_F(OwnIndicesTest, a_place_that_nobody_knows_says_nothing_of_the_city) {
  start(configured("other", {particles("desk", "inside"), particles("roof", "balcony")}));
  for (const int hour : {1, 2}) {
    put_hour("sensor/desk", ten + hour * 1h, clean);
    put_hour("sensor/roof", ten + hour * 1h, clean);
  }
  make_hours(ten + 3h);
  const auto made = records("us-nowcast-pm");
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[1]["sensors"], Json({{"pm2_5", "roof"}, {"pm10", "roof"}}));
}

}  // namespace
}  // namespace twinsky
