// SPDX-License-Identifier: Apache-2.0
// Which of our retained topics a broker keeps under a configuration.
#include "gateway/service/expected_topics.hpp"

#include "drivers/registry.hpp"
#include "gateway/sinks/bulletin.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(expected_topics, are_those_of_the_configuration) {
  const IndexCatalogue catalogue;
  Config config;
  config.gateway.jurisdiction = "hk";
  config.sensors.emplace_back();
  config.sensors[0].id = "roof";
  config.sensors[0].driver = "sds011";
  config.feeds = {{.feed = "hk-epd", .stations = {"mong-kok"}, .settings = {}},
                  {.feed = "cn-cnemc", .stations = {}, .settings = {}},
                  {.feed = "metar", .stations = {}, .settings = {}}};
  config.compare = {{"roof", "pm2_5", "hk-epd", "mong-kok"}};
  Bulletin bulletin;
  const auto is_kept = [&](std::string_view topic) { return !bulletin.is_obsolete(topic); };
  bulletin.declare_complete(beginnings_of_topics(config, catalogue));
  for (const auto* topic :
       {"info", "health", "sensor/roof/meta", "ref/hk-epd/mong-kok/meta", "ref/hk-epd/warnings",
        "ref/metar/vhhh/meta", "compare/roof/pm2_5/hk-epd/mong-kok",
        "index/hk-aqhi-2025/hk-epd--mong-kok/meta", "index/hk-aqhi-2013/hk-epd--mong-kok/state",
        "index/hk-aqhi-2025/agreement", "index/cn-hj633-2026/cn-cnemc--1141a/meta",
        "index/cn-hj633-2026/agreement", "index/hk-aqhi-2025/own/meta",
        "index/us-nowcast-pm/own/state"}) {
    EXPECT_TRUE(is_kept(topic)) << topic;
  }
  for (const auto* topic :
       {"sensor/attic/meta", "ref/hk-epd/eastern/meta", "index/hk-aqhi-2025/hk-epd--eastern/meta",
        "index/cn-hj633-2026/own/meta", "index/hk-aqhi-2025/openaq--x/meta",
        "index/no-such-rule/agreement"}) {
    EXPECT_FALSE(is_kept(topic)) << topic;
  }
  // Another city, its feed gone, and the sensor taken indoors.
  config.gateway.jurisdiction = "cn-sh";
  config.feeds.erase(config.feeds.begin());
  config.sensors[0].placement = "indoor";
  bulletin.declare_complete(beginnings_of_topics(config, catalogue));
  for (const auto* topic :
       {"index/hk-aqhi-2025/hk-epd--mong-kok/meta", "index/hk-aqhi-2025/hk-epd--mong-kok/state",
        "index/hk-aqhi-2025/agreement", "index/hk-aqhi-2025/own/meta",
        "index/cn-hj633-2026/own/meta", "index/us-nowcast-pm/own/meta"}) {
    EXPECT_FALSE(is_kept(topic)) << topic;
  }
  EXPECT_TRUE(is_kept("index/cn-hj633-2026/cn-cnemc--1141a/meta"));
  EXPECT_TRUE(is_kept("index/cn-hj633-2026/agreement"));
}

// An earlier version retained them; whether the station answers now does not matter.
TEST(expected_topics, of_a_station_are_not_those_of_an_id_that_it_had_before) {
  const IndexCatalogue catalogue;
  Config config;
  const FeedInfo* const info = feed_named("hk-hko");
  config.feeds = {
      {.feed = "hk-hko", .stations = {}, .settings = Settings::defaults(info->settings)}};
  Bulletin bulletin;
  bulletin.declare_complete(beginnings_of_topics(config, catalogue), former_topics(config));
  for (const auto* document : {"/meta", "/state", "/status"}) {
    const std::string hko = "ref/hk-hko/";
    EXPECT_TRUE(bulletin.is_obsolete(hko + "hong-kong-observatory" + document));
    EXPECT_TRUE(bulletin.is_obsolete(hko + "kwai-tsing" + document));
    EXPECT_FALSE(bulletin.is_obsolete(hko + "hk-observatory" + document));
    EXPECT_FALSE(bulletin.is_obsolete(hko + "kwai-tsing-district" + document));
    EXPECT_FALSE(bulletin.is_obsolete(hko + "a-place-that-nobody-listed" + document));
  }
  EXPECT_FALSE(bulletin.is_obsolete("ref/hk-hko/warnings"));
}

}  // namespace
}  // namespace twinsky
