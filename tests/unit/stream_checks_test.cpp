// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/stream_checks.hpp"

#include "gateway/config/check_settings.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr UtcTime start{milliseconds(1795314600000)};

StreamChecks checks_for(std::initializer_list<Quantity> quantities,
                        const QualitySettings& settings = {}) {
  std::vector<StreamChecks::Checked> checked;
  for (const Quantity quantity : quantities) {
    checked.push_back({quantity, checks_of(quantity, settings, {}, 10s)});
  }
  return {std::move(checked), settings};
}

Sample sample_of(int n, std::initializer_list<Reading> readings) {
  return {.time = start + n * 10s, .readings = readings};
}

TEST(stream_checks, a_value_that_was_tested_passes_and_an_absent_one_is_missing) {
  StreamChecks checks = checks_for({pm2_5, pm10});
  Sample sample =
      sample_of(0, {reading(pm2_5, 9.4), absent(pm10, Fault::overrange), reading(co2, 420)});
  EXPECT_EQ(checks.check(sample, "", {}), nullptr);
  EXPECT_EQ(sample.readings[0].flag, Flag::pass);
  EXPECT_EQ(sample.readings[1].flag, Flag::missing);
  EXPECT_EQ(sample.readings[2].flag, Flag::not_evaluated);  // nobody asked for it
}

TEST(stream_checks, what_cannot_be_together_is_suspect_both) {
  StreamChecks checks = checks_for({pm1, pm2_5, pm10, temperature, dew_point});
  Sample sample = sample_of(0, {reading(pm1, 12), reading(pm2_5, 9), reading(pm10, 20),
                                reading(temperature, 20), reading(dew_point, 20.05)});
  checks.check(sample, "", {});
  EXPECT_EQ(sample.readings[0].flag, Flag::suspect);
  EXPECT_EQ(sample.readings[0].reason, "inconsistent");
  EXPECT_EQ(sample.readings[1].flag, Flag::suspect);
  EXPECT_EQ(sample.readings[2].flag, Flag::pass);
  EXPECT_EQ(sample.readings[3].flag, Flag::pass);
}

TEST(stream_checks, what_is_computed_with_a_failed_reading_fails_with_it) {
  StreamChecks checks({{temperature, checks_of(temperature, {}, {}, 10s)},
                       {pressure, checks_of(pressure, {}, {}, 10s), {temperature}},
                       {humidity, checks_of(humidity, {}, {}, 10s), {temperature}}},
                      {});
  Sample sample =
      sample_of(0, {reading(temperature, -140.88), reading(pressure, 771), reading(humidity, 41)});
  checks.check(sample, "", {});
  for (const Reading& each : sample.readings) EXPECT_EQ(each.flag, Flag::fail);
  EXPECT_EQ(sample.readings[0].reason, "range");
  EXPECT_EQ(sample.readings[1].reason, "derived");
  Sample without =
      sample_of(1, {absent(temperature, Fault::sensor_fault), reading(pressure, 1010)});
  checks.check(without, "", {});
  EXPECT_EQ(without.readings[1].flag, Flag::fail);
  Sample good =
      sample_of(2, {reading(temperature, 20), reading(pressure, 1010), reading(humidity, 41)});
  checks.check(good, "", {});
  EXPECT_EQ(good.readings[1].flag, Flag::pass);
}

TEST(stream_checks, fog_is_a_reason_and_no_fault) {
  StreamChecks checks = checks_for({pm2_5, humidity});
  EXPECT_TRUE(checks.asks_humidity());
  Sample around = sample_of(0, {reading(pm2_5, 9)});
  checks.check(around, "", 95.0);
  EXPECT_EQ(around.readings[0].flag, Flag::pass);
  EXPECT_EQ(around.readings[0].reason, "humid");
  Sample own = sample_of(1, {reading(pm2_5, 9), reading(humidity, 60)});
  checks.check(own, "", 95.0);
  EXPECT_EQ(own.readings[0].reason, "");
}

TEST(stream_checks, twins_that_disagree_fail_each_on_its_channel) {
  QualitySettings settings;
  settings.twin = true;
  StreamChecks checks = checks_for({pm2_5}, settings);
  Sample sample = sample_of(0, {reading(pm2_5, 10), reading(pm2_5, 40, "b")});
  checks.check(sample, "", {});
  EXPECT_EQ(sample.readings[0].flag, Flag::fail);
  EXPECT_EQ(sample.readings[0].reason, "twin");
  EXPECT_EQ(sample.readings[1].flag, Flag::not_evaluated);  // its own stream judges it
}

TEST(stream_checks, a_spike_is_told_with_the_sample_after_it) {
  for (const bool amend : {true, false}) {
    QualitySettings settings;
    settings.amend = amend;
    StreamChecks checks = checks_for({temperature, humidity}, settings);
    const auto take = [&](int n, double degc) {
      Sample sample = sample_of(n, {reading(temperature, degc), reading(humidity, 60)});
      const Sample* const before = checks.check(sample, "", {});
      return before == nullptr ? std::nullopt : std::optional(*before);
    };
    EXPECT_FALSE(take(0, 20));
    EXPECT_FALSE(take(1, 22.9));  // no step that is suspect by itself
    const auto before = take(2, 19.9);
    EXPECT_FALSE(before);  // 2.9 up, 3.0 down: not more than 3
    EXPECT_FALSE(take(3, 40));
    const auto spike = take(4, 20);
    ASSERT_EQ(spike.has_value(), amend);
    if (!amend) continue;
    EXPECT_EQ(spike->time, start + 30s);
    EXPECT_EQ(spike->readings[0].value, 40);
    EXPECT_EQ(spike->readings[0].flag, Flag::fail);
    EXPECT_EQ(spike->readings[0].reason, "spike");
    EXPECT_EQ(spike->readings[1].flag, Flag::pass);
    EXPECT_FALSE(take(5, 20));
  }
}

TEST(stream_checks, take_up_what_was_stored) {
  StreamChecks before = checks_for({temperature});
  StreamChecks after = checks_for({temperature});
  for (int n = 0; n < 2; ++n) {
    Sample sample = sample_of(n, {reading(temperature, n == 0 ? 20 : 40)});
    before.check(sample, "", {});
    after.recall(sample);
  }
  for (StreamChecks* checks : {&before, &after}) {
    Sample sample = sample_of(2, {reading(temperature, 20)});
    const Sample* const spike = checks->check(sample, "", {});
    ASSERT_NE(spike, nullptr);
    EXPECT_EQ(spike->readings[0].flag, Flag::fail);
  }
  EXPECT_EQ(after.memory(), 12h);
}

}  // namespace
}  // namespace twinsky
