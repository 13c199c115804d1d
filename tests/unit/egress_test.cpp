// SPDX-License-Identifier: Apache-2.0
// What may leave: topic filters, feeds that stay here, quantities, and how much of a position.
#include "gateway/sinks/egress.hpp"

#include "gateway/model/published_position.hpp"
#include "gateway/model/topic_filter.hpp"
#include "gateway/sinks/quantity_filter.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(topic_filter, matches_as_a_broker_does) {
  const struct {
    std::string_view filter;
    std::string_view topic;
    bool matches;
  } rows[] = {
      {"#", "info", true},
      {"#", "sensor/a/obs", true},
      {"+", "info", true},
      {"+", "sensor/a", false},
      {"sensor/+/obs", "sensor/a/obs", true},
      {"sensor/+/obs", "sensor/a/hour", false},
      {"sensor/+/obs", "sensor/obs", false},
      {"sensor/+/obs", "sensor/a/b/obs", false},
      {"sensor/+", "sensor", false},
      {"sensor/#", "sensor/a/obs", true},
      {"sensor/#", "sensor", true},
      {"sensor/#", "sensors/a", false},
      {"sensor/a", "sensor/a/obs", false},
      {"sensor/a/obs", "sensor/a", false},
      {"sensor/a", "sensor/ab", false},
      {"+/+/#", "ref/hk-epd/mong-kok/obs", true},
      {"", "", true},
      {"", "info", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(matches(row.filter, row.topic), row.matches) << row.filter << " on " << row.topic;
  }
}

TEST(topic_filter, tells_good_from_bad) {
  for (const auto* good : {"#", "+", "info", "sensor/#", "+/a/+", "sensor/+/obs"}) {
    EXPECT_EQ(problem_of_filter(good), "") << good;
  }
  for (const auto* bad : {"", "/", "a/", "/a", "a//b", "#/a", "a#", "a/b+", "++", "##", "a\nb"}) {
    EXPECT_NE(problem_of_filter(bad), "") << bad;
  }
}

SinkSettings sink(std::vector<std::string> allow) {
  SinkSettings settings;
  settings.allow = std::move(allow);
  return settings;
}

TEST(egress, names_the_first_filter_that_lets_a_topic_go) {
  const Egress egress(sink({"sensor/+/obs", "sensor/#", "info"}));
  EXPECT_FALSE(egress.is_closed());
  EXPECT_EQ(egress.rule_for("sensor/a/obs"), "sensor/+/obs");
  EXPECT_EQ(egress.rule_for("sensor/a/meta"), "sensor/#");
  EXPECT_EQ(egress.rule_for("info"), "info");
  EXPECT_EQ(egress.rule_for("health"), std::nullopt);
  EXPECT_EQ(egress.rule_for("ref/hk-epd/mong-kok/obs"), std::nullopt);
}

TEST(egress, without_rules_nothing_or_everything_goes) {
  const Egress closed(sink({}));
  EXPECT_TRUE(closed.is_closed());
  EXPECT_EQ(closed.rule_for("info"), std::nullopt);
  EXPECT_EQ(Egress::everything().rule_for("any/thing"), "#");
  EXPECT_FALSE(Egress::everything().is_closed());
  EXPECT_FALSE(Egress::everything().strips());
}

TEST(egress, a_feed_that_may_not_be_given_on_stays_whatever_the_filters_say) {
  SinkSettings settings = sink({"#", "ref/cn-cnemc/#"});
  settings.withheld_feeds = {"cn-cnemc"};
  const Egress egress(settings);
  EXPECT_EQ(egress.rule_for("ref/cn-cnemc/1141a/obs"), std::nullopt);
  EXPECT_EQ(egress.rule_for("ref/cn-cnemc/1141a/meta"), std::nullopt);
  EXPECT_EQ(egress.rule_for("index/cn-hj633-2026/cn-cnemc--1141a/obs"), std::nullopt);
  EXPECT_EQ(egress.rule_for("index/cn-hj633-2026/own/obs"), "#");
  EXPECT_EQ(egress.rule_for("compare/a/pm2_5/cn-cnemc/1141a"), "#");  // our own finding
  EXPECT_EQ(egress.rule_for("ref/cn-cnemc-2/x/obs"), "#");
  EXPECT_EQ(egress.rule_for("ref/metar/zsss/obs"), "#");
}

TEST(egress, takes_quantities_out_of_documents_and_leaves_every_other_byte) {
  SinkSettings settings = sink({"#"});
  settings.quantities = {"pm2_5"};
  const Egress egress(settings);
  ASSERT_TRUE(egress.strips());
  const struct {
    const char* whole;
    const char* rest;
  } rows[] = {
      {R"({"pm2_5":9.40,"pm10":11.0,"flag":3,"flags":{"pm10":3},"meta":7})",
       R"({"pm2_5":9.40,"flag":3,"flags":{},"meta":7})"},
      {R"({"pm10":null,"pm2_5":1.0,"flag":9,"flags":{"pm10":9,"pm2_5":2},"faults":{"pm10":"crc"}})",
       R"({"pm2_5":1.0,"flag":9,"flags":{"pm2_5":2},"faults":{}})"},
      {R"({"pm2_5":1.0,"pm2_5_corrected":0.9,"pm10_corrected":2.0,"corrections":{"pm10":"x@1"}})",
       R"({"pm2_5":1.0,"pm2_5_corrected":0.9,"corrections":{}})"},
      {R"({"text":{"pm10":"a,\"}b","pm2_5":"<3"},"a":[{"pm10":1,"b":2},[],"pm10"],"c":-1e5})",
       R"({"text":{"pm2_5":"<3"},"a":[{"b":2},[],"pm10"],"c":-1e5})"},
      {R"({"quantities":{"pm1":{"unit":"ug/m3"},"pm2_5":{"range":[0.0,1000.0]}},"rev":1})",
       R"({"quantities":{"pm2_5":{"range":[0.0,1000.0]}},"rev":1})"},
      {R"({"aqhi":4,"added_risk_percent":6.62,"part_risk_percent":{"pm10":0.85,"pm2_5":0.44}})",
       R"({"part_risk_percent":{"pm2_5":0.44}})"},
      {R"({"aqi":71,"parts":{"pm10":30,"pm2_5":71},"primary":["pm2_5"],"sensors":{"pm10":"a"}})",
       R"({"parts":{"pm2_5":71},"sensors":{}})"},
      {R"({"pm10":1})", "{}"},
      {"[]", "[]"},
      {"online", "online"},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(egress.stripped(row.whole), row.rest);
  EXPECT_EQ(egress.rule_for("compare/a/pm10/hk-epd/mong-kok"), std::nullopt);
  EXPECT_EQ(egress.rule_for("compare/a/pm2_5/hk-epd/mong-kok"), "#");
}

TEST(egress, damaged_documents_do_no_harm) {
  const std::string whole = R"({"pm2_5":9.4,"a":{"pm10":[1,{"b":"\"x"}]},"c":null})";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const std::string begun = without_quantities(whole.substr(0, length), {"pm2_5"});
    EXPECT_EQ(begun.find("pm10"), std::string::npos) << length;
    without_quantities(whole.substr(length), {"pm2_5"});
  }
}

TEST(published_position, is_rounded_or_not_there) {
  Position roof;
  roof.latitude_deg = 22.322649;
  roof.longitude_deg = -114.168351;
  roof.height_above_ground_m = 24;
  const auto rounded = published_position(roof, {});
  ASSERT_TRUE(rounded);
  EXPECT_EQ(rounded->latitude_deg, 22.323);
  EXPECT_EQ(rounded->longitude_deg, -114.168);
  EXPECT_EQ(rounded->height_above_ground_m, 24);
  EXPECT_EQ(published_position(roof, {.decimals = 0})->latitude_deg, 22);
  EXPECT_EQ(published_position(roof, {.decimals = 6})->latitude_deg, 22.322649);
  EXPECT_EQ(published_position(roof, {.decimals = 6})->longitude_deg, -114.168351);
  EXPECT_FALSE(published_position(roof, {.is_published = false}));
  EXPECT_FALSE(published_position(std::nullopt, {}));
  // A distance has no more digits than the position that it is taken from.
  EXPECT_EQ(published_distance(1265.3020504, {}), 1300);
  EXPECT_EQ(published_distance(1265.3020504, {.decimals = 2}), 1000);
  EXPECT_EQ(published_distance(1265.3020504, {.decimals = 6}), 1265);
}

}  // namespace
}  // namespace twinsky
