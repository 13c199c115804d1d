// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/check_settings.hpp"

#include "gateway/config/settings.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

TEST(check_settings, are_the_catalogues_where_nothing_is_said) {
  for (const QuantityInfo& info : quantity_catalogue()) {
    const CheckSettings checks = checks_of(info.quantity, {}, {}, 10s);
    ASSERT_TRUE(checks.range) << info.name;
    EXPECT_EQ(checks.range->fail, (Interval{info.lower, info.upper})) << info.name;
  }
  const CheckSettings air = checks_of(Quantity::temperature, {}, Interval{-40, 85}, 10s);
  EXPECT_EQ(air.range->suspect, (Interval{-40, 70}));  // inside what is possible
  EXPECT_DOUBLE_EQ(air.rate_per_second->suspect.value(), 0.3);
  EXPECT_EQ(air.spike->method, SpikeMethod::differential);
  EXPECT_EQ(air.flat_line->suspect, 2h);
  EXPECT_FALSE(air.attenuated);
  // Samples further apart than a minute may move by as much each minute.
  EXPECT_DOUBLE_EQ(checks_of(Quantity::temperature, {}, {}, 10min).rate_per_second->suspect.value(),
                   0.05);
}

TEST(check_settings, noise_below_a_data_sheets_zero_is_no_fault) {
  const CheckSettings gas = checks_of(Quantity::no2_ppb, {}, Interval{0, 20'000}, 1min);
  EXPECT_EQ(check_range(-3, *gas.range), Flag::pass);
  EXPECT_EQ(check_range(-60, *gas.range), Flag::fail);
  const CheckSettings dust = checks_of(Quantity::pm2_5, {}, Interval{0, 500}, 1min);
  EXPECT_EQ(check_range(600, *dust.range), Flag::suspect);
  EXPECT_EQ(check_range(600, *checks_of(Quantity::pm2_5, {}, Interval{}, 1min).range), Flag::pass);
}

TEST(check_settings, say_what_a_sensor_wants_and_leave_the_rest) {
  QualitySettings quality;
  Settings& given = quality.quantities[Quantity::temperature];
  given.set("range_upper", 50.0);
  given.set("spike_suspect", 1.5);
  given.set("spike_method", std::string("average"));
  given.set("off", std::vector<std::string>{"flat_line", "rate_of_change"});
  given.set("attenuated_period", milliseconds(1h));
  given.set("attenuated_suspect", 0.1);
  given.set("attenuated_statistic", std::string("range"));
  given.set("climatology",
            std::string(R"({"summer":{"period":"month","from":6,"to":9,"suspect":[22,36]}})"));
  const CheckSettings checks = checks_of(Quantity::temperature, quality, Interval{-40, 85}, 10s);
  EXPECT_EQ(checks.range->fail, (Interval{-90, 50}));
  EXPECT_EQ(checks.spike->limits, (Limits{.suspect = 1.5, .fail = 10}));
  EXPECT_EQ(checks.spike->method, SpikeMethod::average);
  EXPECT_FALSE(checks.flat_line);
  EXPECT_FALSE(checks.rate_per_second);
  EXPECT_EQ(checks.attenuated->statistic, AttenuationLimits::Statistic::range);
  ASSERT_EQ(checks.climatology.size(), 1U);
  EXPECT_EQ(checks.climatology[0].suspect, (Interval{22, 36}));
  EXPECT_EQ(problem_of_checks(given).setting, "");
}

TEST(check_settings, that_contradict_themselves_are_told) {
  const auto problem = [](auto... pairs) {
    Settings given;
    (given.set(std::string(pairs.first), pairs.second), ...);
    return problem_of_checks(given).setting;
  };
  using std::pair;
  EXPECT_EQ(problem(pair("off", std::vector<std::string>{"spikes"})), "off");
  EXPECT_EQ(problem(pair("range_lower", 5.0), pair("range_upper", 4.0)), "range_upper");
  EXPECT_EQ(problem(pair("range_upper", 4.0), pair("usual_upper", 5.0)), "usual_upper");
  EXPECT_EQ(problem(pair("range_lower", 4.0), pair("usual_lower", 3.0)), "usual_lower");
  for (const char* text :
       {"{", R"({"a":{}})", R"({"a":{"period":"moon","from":1,"to":2,"suspect":[1,2]}})",
        R"({"a":{"period":"month","from":"x","to":2,"suspect":[1,2]}})"}) {
    EXPECT_EQ(problem(pair("climatology", std::string(text))), "climatology") << text;
  }
}

}  // namespace
}  // namespace twinsky
