// SPDX-License-Identifier: Apache-2.0
// Corrections on their way through the intake into the store: raw is always kept, what is corrected
// stands beside it with its name and flag, and nothing is corrected that nobody named.
#include "gateway/acquire/intake.hpp"
#include "gateway/hours/hourly.hpp"
#include "gateway/store/hours.hpp"
#include "store_fixture.hpp"

#include <nlohmann/json.hpp>

namespace twinsky {
namespace {

using Json = nlohmann::json;

class IntakeCorrection : public StoreTest {
 protected:
  IntakeCorrection() {
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    open_particles({});
    open_air("outside", "rooftop");
  }
  void open_particles(std::vector<Correction> corrections, QualitySettings quality = {}) {
    intake_->open({.name = "sensor/pm",
                   .title = "pm",
                   .columns = {{Quantity::pm2_5, 1}, {Quantity::pm10, 1}},
                   .ranges = {{Quantity::pm2_5, {0, 500}}},
                   .period = 10s,
                   .quality = std::move(quality),
                   .corrections = std::move(corrections)});
  }
  void open_air(const std::string& name, const std::string& placement) {
    intake_->open({.name = "sensor/" + name,
                   .title = name,
                   .columns = {{Quantity::temperature, 1}, {Quantity::humidity, 1}},
                   .period = 10s,
                   .placement = placement});
  }
  void take_air(const std::string& name, double degc, double percent) {
    Sample sample{.time = clock_.utc(), .readings = {reading(Quantity::temperature, degc)}};
    sample.readings.push_back(reading(Quantity::humidity, percent));
    intake_->take("sensor/" + name, std::move(sample));
  }
  void put(std::optional<double> pm2_5) {
    Sample sample{.time = clock_.utc(), .readings = {absent(Quantity::pm2_5, Fault::checksum)}};
    if (pm2_5) sample.readings = {reading(Quantity::pm2_5, *pm2_5)};
    intake_->take("sensor/pm", std::move(sample));
    clock_.advance(10s);
  }
  // The record that the store keeps of a sample.
  Json take(std::optional<double> pm2_5) {
    put(pm2_5);
    return records().back();
  }
  std::vector<Json> records() {
    EXPECT_TRUE(commit());
    std::vector<Json> all;
    for (const Row& row : rows_of("sensor/pm")) all.push_back(Json::parse(row.body));
    return all;
  }
  static Correction linear(int version = 1) {
    return {.id = "roof",
            .version = version,
            .quantity = Quantity::pm2_5,
            .raw_quantity = Quantity::pm2_5,
            .formula = LinearCorrection{.gain = 0.5, .offset = 1},
            .hull = {{CorrectionInput::raw, 2, 90}}};
  }
  [[nodiscard]] std::string document(const std::string& topic) const {
    std::uint64_t version = 0;
    std::string payload;
    for (const Bulletin::Change& change : bulletin_.changes_since(version)) {
      if (change.posting.topic == topic) payload = change.posting.payload;
    }
    return payload;
  }

  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
};

TEST_F(IntakeCorrection, nothing_is_corrected_that_nobody_named) {
  const Json record = take(20);
  EXPECT_EQ(record["pm2_5"], 20.0);
  EXPECT_FALSE(record.contains("pm2_5_corrected"));
  EXPECT_FALSE(record.contains("corrections"));
  EXPECT_FALSE(Json::parse(document("sensor/pm/meta")).contains("corrections"));
}

TEST_F(IntakeCorrection, raw_is_kept_beside_what_is_corrected_and_named) {
  open_particles({linear()});
  const Json record = take(20);
  EXPECT_EQ(record["pm2_5"], 20.0);
  EXPECT_EQ(record["pm2_5_corrected"], 11.0);
  EXPECT_EQ(record["corrections"], (Json{{"pm2_5", "roof@1"}}));
  EXPECT_EQ(record["flag"], 1);
  EXPECT_FALSE(record.contains("flags"));
  EXPECT_FALSE(record.contains("pm10_corrected"));
  EXPECT_EQ(Json::parse(document("sensor/pm/meta"))["corrections"], (Json{{"pm2_5", "roof@1"}}));
  EXPECT_EQ(Json::parse(document("sensor/pm/state"))["pm2_5"], 20.0);  // raw, as its name says
}

TEST_F(IntakeCorrection, another_version_has_another_meta_and_leaves_the_past_alone) {
  open_particles({linear()});
  const Json before = take(20);
  Correction next = linear(2);
  next.formula = LinearCorrection{.gain = 2};
  open_particles({next});
  const Json after = take(20.5);
  EXPECT_EQ(after["corrections"]["pm2_5"], "roof@2");
  EXPECT_EQ(after["pm2_5_corrected"], 41.0);
  EXPECT_GT(after["meta"], before["meta"]);
  EXPECT_EQ(records().front(), before);
  open_particles({});
  EXPECT_FALSE(take(21).contains("pm2_5_corrected"));
}

TEST_F(IntakeCorrection, outside_its_training_the_output_is_suspect_and_raw_is_not) {
  open_particles({linear()});
  const Json record = take(1);
  EXPECT_EQ(record["pm2_5_corrected"], 1.5);
  EXPECT_EQ(record["flags"], (Json{{"pm2_5_corrected", 3}}));
  EXPECT_EQ(record["flag"], 1);  // of what was measured
  Correction past = linear();
  past.valid_until = clock_.utc();
  open_particles({past});
  EXPECT_EQ(take(20)["flags"]["pm2_5_corrected"], 3);
}

// A line does not need the humidity to be computed, but its hull may ask for it.
TEST_F(IntakeCorrection, the_hull_asks_for_what_the_formula_does_not_need) {
  Correction humid = linear();
  humid.hull.push_back({CorrectionInput::humidity, 40, 95});
  open_particles({humid});
  EXPECT_EQ(take(20)["flags"]["pm2_5_corrected"], 3);  // nobody knows
  take_air("outside", 25, 70);
  EXPECT_FALSE(take(20.5).contains("flags"));
  take_air("outside", 25, 97);
  EXPECT_EQ(take(21)["flags"]["pm2_5_corrected"], 3);
}

TEST_F(IntakeCorrection, without_an_input_there_is_no_output) {
  Correction koehler = linear();
  koehler.formula = KappaKoehlerCorrection{.kappa = 0.3};
  koehler.hull = {};
  open_particles({koehler});
  const Json alone = take(20);
  EXPECT_EQ(alone["pm2_5"], 20.0);
  EXPECT_TRUE(alone["pm2_5_corrected"].is_null());
  EXPECT_EQ(alone["flags"]["pm2_5_corrected"], 9);
  EXPECT_EQ(alone["corrections"]["pm2_5"], "roof@1");
  take_air("outside", 25, 80);
  EXPECT_NEAR(take(20.5)["pm2_5_corrected"].get<double>(), 20.5 / 1.727, 0.1);
  const Json silent = take(std::nullopt);
  EXPECT_TRUE(silent["pm2_5"].is_null());
  EXPECT_TRUE(silent["pm2_5_corrected"].is_null());
  EXPECT_EQ(silent["flags"]["pm2_5_corrected"], 9);
  clock_.advance(11min);  // the hygrometer is silent
  EXPECT_TRUE(take(21)["pm2_5_corrected"].is_null());
}

TEST_F(IntakeCorrection, a_room_says_nothing_of_the_air_outside) {
  Correction koehler = linear();
  koehler.formula = KappaKoehlerCorrection{};
  open_particles({koehler});
  open_air("kitchen", "indoor");
  take_air("outside", 25, 80);
  const Json before = take(20);
  clock_.advance(1s);
  take_air("kitchen", 22, 40);
  EXPECT_EQ(take(20)["pm2_5_corrected"], before["pm2_5_corrected"]);
}

TEST_F(IntakeCorrection, doubt_about_an_input_is_doubt_about_the_output) {
  open_particles({linear()});
  const Json failed = take(6000);  // not possible in air
  EXPECT_EQ(failed["flags"]["pm2_5"], 4);
  EXPECT_EQ(failed["flags"]["pm2_5_corrected"], 4);
  EXPECT_EQ(failed["pm2_5_corrected"], 3001.0);

  Correction plane = linear();
  plane.quantity = plane.raw_quantity = Quantity::temperature;
  plane.formula = MultilinearCorrection{.humidity_factor = 0.01};
  plane.hull = {};
  StreamDescription air{.name = "sensor/air",
                        .columns = {{Quantity::temperature, 1}, {Quantity::humidity, 1}},
                        .ranges = {{Quantity::humidity, {0, 100}}},
                        .period = 10s};
  air.corrections = {plane};
  intake_->open(air);
  take_air("air", 20, 140);
  ASSERT_TRUE(commit());
  const Json record = Json::parse(rows_of("sensor/air").back().body);
  EXPECT_EQ(record["flags"], (Json{{"humidity", 4}, {"temperature_corrected", 4}}));
}

TEST_F(IntakeCorrection, an_amendment_carries_the_corrected_value_too) {
  QualitySettings quality;
  quality.quantities[Quantity::pm2_5].set("spike_suspect", 100.0);
  open_particles({linear()}, quality);
  for (const double value : {20.0, 21.0, 450.0, 20.5}) put(value);
  const auto all = records();
  const auto amended =
      std::ranges::find_if(all, [](const Json& one) { return one.contains("amends"); });
  ASSERT_NE(amended, all.end());
  EXPECT_EQ((*amended)["pm2_5"], 450.0);
  EXPECT_EQ((*amended)["pm2_5_corrected"], 226.0);
  EXPECT_EQ((*amended)["corrections"]["pm2_5"], "roof@1");
  EXPECT_EQ((*amended)["flags"]["pm2_5_corrected"], (*amended)["flags"]["pm2_5"]);
}

// Whoever accepts a correction today must not find another past than was measured.
TEST_F(IntakeCorrection, hours_are_made_of_raw) {
  clock_.step_utc(30min);  // the hour begins
  open_particles({linear()});
  for (int n = 0; n < 360; ++n) put(n % 2 == 0 ? 20 : 22);
  ASSERT_TRUE(commit());
  HourMaker maker(*store_, clock_, [](std::string_view) {
    return std::optional(HourlyStream{.period = 10s, .use_suspect = false, .decimals = {}});
  });
  maker.step(clock_.utc());
  ASSERT_TRUE(commit());
  const auto hours =
      store_->reader()->hours("sensor/pm", Quantity::pm2_5, clock_.utc() - 1h, clock_.utc());
  ASSERT_EQ(hours.size(), 1U);
  EXPECT_EQ(hours[0].hour.value, 21.0);
  EXPECT_EQ(hours[0].hour.used, 360);
}

}  // namespace
}  // namespace twinsky
