// SPDX-License-Identifier: Apache-2.0
// Flags in the records that are kept: of samples as they come, amended one sample later, and over a
// restart.
#include "gateway/acquire/intake.hpp"
#include "store_fixture.hpp"

#include <algorithm>

namespace twinsky {
namespace {

class IntakeQuality : public StoreTest {
 protected:
  IntakeQuality() { start(); }

  void start() {
    intake_.reset();
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    intake_->open({.name = "sensor/air",
                   .title = "air",
                   .columns = {{Quantity::temperature, 2}, {Quantity::humidity, 1}},
                   .ranges = {{Quantity::temperature, {-40, 85}}},
                   .period = 10s});
  }
  void restart() {
    ASSERT_TRUE(commit());
    intake_.reset();
    crash();
    start();
  }
  void take(double degc) {
    Sample sample{.time = clock_.utc(), .readings = {reading(Quantity::temperature, degc)}};
    sample.readings.push_back(reading(Quantity::humidity, humidity_ = 130 - humidity_));
    intake_->take("sensor/air", std::move(sample));
    clock_.advance(10s);
  }
  std::vector<Row> records() {
    EXPECT_TRUE(commit());
    return rows_of("sensor/air");
  }

  double humidity_ = 64.9;
  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
};

TEST_F(IntakeQuality, flags_are_of_tests_that_ran) {
  take(20);
  take(71);  // not possible in air
  const auto all = records();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].body, R"({"temperature":20.00,"humidity":65.1,"flag":1,"meta":1})");
  EXPECT_EQ(all[1].body,
            R"({"temperature":71.00,"humidity":64.9,"flag":4,)"
            R"("flags":{"temperature":4},"reasons":{"temperature":"range"},"meta":1})");
}

TEST_F(IntakeQuality, a_spike_is_amended_with_its_own_seq_and_the_same_time) {
  take(20);
  take(22);
  take(22.5);
  take(40);
  take(20.5);
  const auto all = records();
  ASSERT_EQ(all.size(), 6U);
  const Row& spike = all[3];
  const Row& amendment = all[4];
  EXPECT_EQ(spike.seq, 4U);
  EXPECT_EQ(amendment.seq, 5U);
  EXPECT_EQ(amendment.time, spike.time);
  EXPECT_TRUE(amendment.body.starts_with(R"({"amends":4,"temperature":40.00,)")) << amendment.body;
  EXPECT_NE(amendment.body.find(R"("flags":{"temperature":4},"reasons":{"temperature":"spike"})"),
            std::string::npos)
      << amendment.body;
  EXPECT_NE(spike.body.find(R"("flag":3)"), std::string::npos);  // the step up was too large
}

TEST_F(IntakeQuality, a_restart_forgets_neither_the_line_nor_the_sample_before) {
  const auto run = [&](bool with_restarts) {
    std::vector<std::string> bodies;
    for (int n = 0; n < 800; ++n) {
      take(n == 790 ? 45 : n > 780 ? 20 + (n - 780) * 0.1 : 20);
      if (with_restarts && (n == 300 || n == 719 || n == 790)) restart();
    }
    for (const Row& row : records()) bodies.push_back(std::to_string(row.seq) + row.body);
    return bodies;
  };
  const auto once = run(false);
  EXPECT_GT(std::ranges::count_if(once,
                                  [](const std::string& body) {
                                    return body.find("flat_line") != std::string::npos;
                                  }),
            50);
  EXPECT_EQ(
      std::ranges::count_if(
          once, [](const std::string& body) { return body.find("amends") != std::string::npos; }),
      1);
  intake_.reset();
  settings_.path = (directory_ / "again.db").string();
  start();
  humidity_ = 64.9;
  EXPECT_EQ(run(true), once);
}

TEST_F(IntakeQuality, an_amendment_of_what_the_store_does_not_have_is_dropped) {
  take(20);
  ASSERT_TRUE(commit());
  Entry amendment = entry(store_->stream("sensor/air"), R"({"flag":4})");
  amendment.amends = true;
  amendment.time = clock_.utc() + 1h;
  store_->append(std::move(amendment));
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(IntakeQuality, while_the_clock_is_not_set_nothing_is_amended) {
  clock_.set_trust(false);
  take(20);
  take(45);
  take(20);
  clock_.set_trust(true);
  take(20);
  ASSERT_TRUE(commit());
  while (store_->sendable() < 4) clock_.advance(1s);
  const auto all = records();
  EXPECT_EQ(all.size(), 4U);
}

}  // namespace
}  // namespace twinsky
