// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/difference.hpp"

#include "tests/unit/mqtt_sink.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

BusSettings bus(const std::string& id) {
  BusSettings settings;
  settings.id = id;
  settings.info = bus_named("i2c");
  settings.address = "/dev/" + id;
  return settings;
}

SensorSettings sensor(const std::string& id, const std::string& on) {
  SensorSettings settings;
  settings.id = id;
  settings.driver = "sht4x";
  settings.bus = on;
  settings.every = 10s;
  return settings;
}

SinkSettings sink(const std::string& id) {
  return testing_world::mqtt_sink(id, "mqtts://" + id);
}

Config running() {
  Config config;
  config.gateway.id = "g";
  config.gateway.position = Position{};
  config.buses = {bus("one"), bus("two")};
  config.sensors = {sensor("a", "one"), sensor("b", "one"), sensor("c", "two")};
  config.feeds = {{.feed = "hk-epd", .stations = {"mong-kok"}, .settings = {}}};
  config.compare = {{"a", "temperature", "hk-hko", "kings-park"}};
  config.store.path = "/var/lib/twinsky.db";
  config.sinks = {sink("city"), sink("home")};
  config.serve.listen = "127.0.0.1:8787";
  config.files = {"twinsky.json"};
  return config;
}

TEST(difference, names_only_what_changed) {
  using Change = std::function<void(Config&)>;
  const struct {
    Change change;
    std::string_view summary;
  } rows[] = {
      {[](Config&) {}, "nothing changed"},
      {[](Config& c) { c.hash = "another"; }, "nothing changed"},
      {[](Config& c) { c.gateway.name = "roof"; }, "gateway changed"},
      {[](Config& c) { c.gateway.position->height_above_sea_m = 3; }, "gateway changed"},
      {[](Config& c) { c.gateway.position.reset(); }, "gateway changed"},
      {[](Config& c) { c.sensors[1].every = 20s; }, "sensors: b changed"},
      {[](Config& c) { c.sensors[1].position = Position{}; }, "sensors: b changed"},
      {[](Config& c) { c.sensors[1].settings.set("precision", std::string("low")); },
       "sensors: b changed"},
      {[](Config& c) { c.sensors.erase(c.sensors.begin()); }, "sensors: a removed"},
      {[](Config& c) { c.sensors.push_back(sensor("d", "two")); }, "sensors: d added"},
      {[](Config& c) { std::swap(c.sensors[0], c.sensors[2]); }, "nothing changed"},
      {[](Config& c) { c.sensors[0].bus = "two"; }, "sensors: a removed; sensors: a added"},
      {[](Config& c) { c.buses[0].address = "/dev/i2c-7"; }, "buses: one changed"},
      {[](Config& c) { c.buses.push_back(bus("three")); }, "buses: three added"},
      {[](Config& c) {
         c.buses.pop_back();
         c.sensors.pop_back();
       },
       "buses: two removed"},
      {[](Config& c) { c.feeds[0].stations.clear(); }, "feeds changed"},
      {[](Config& c) { c.compare.clear(); }, "comparisons changed"},
      {[](Config& c) { c.sinks[0].address = "mqtts://elsewhere"; }, "sinks: city changed"},
      {[](Config& c) { c.sinks[1].format = nullptr; }, "sinks: home changed"},
      {[](Config& c) {
         c.sinks[0].settings.set("window", std::int64_t{7});
         c.sinks[1] = sink("new");
       },
       "sinks: new added, city changed, home removed"},
      {[](Config& c) { c.serve.listen.clear(); }, "local page changed"},
  };
  for (const auto& row : rows) {
    Config wanted = running();
    row.change(wanted);
    const Difference found = difference(running(), wanted);
    EXPECT_EQ(summary_of(found), row.summary);
    EXPECT_TRUE(found.impossible.empty()) << row.summary;
    EXPECT_EQ(found.empty(), row.summary == "nothing changed");
  }
}

TEST(difference, a_bus_that_restarts_takes_its_sensors_along) {
  Config wanted = running();
  wanted.buses[0].address = "/dev/i2c-7";
  wanted.sensors[0].every = 20s;
  const Difference found = difference(running(), wanted);
  ASSERT_EQ(found.buses.changed.size(), 1U);
  EXPECT_EQ(found.buses.changed[0].address, "/dev/i2c-7");
  EXPECT_TRUE(found.sensors.empty());
}

TEST(difference, carries_the_settings_that_shall_hold) {
  Config wanted = running();
  wanted.sensors[1].every = 20s;
  const Difference found = difference(running(), wanted);
  ASSERT_EQ(found.sensors.count("one"), 1U);
  EXPECT_EQ(found.sensors.at("one").changed.at(0).every, 20s);
}

TEST(difference, says_what_cannot_change_and_why) {
  Config wanted = running();
  wanted.gateway.id = "another";
  wanted.gateway.clock = "system";
  wanted.store.path = "/elsewhere.db";
  wanted.store.keep = 24h;
  std::vector<std::string> lines;
  for (const auto& problem : difference(running(), wanted).impossible) {
    lines.push_back(text_of(problem));
  }
  const std::string start = "twinsky.json: ";
  EXPECT_EQ(lines, (std::vector<std::string>{
                       start + "/gateway/id: cannot change while the gateway runs: it is in every "
                               "topic and every stored record, expected a restart for it",
                       start + "/gateway/clock: cannot change while the gateway runs: samples are "
                               "waiting for the clock as it is, expected a restart for it",
                       start + "/store/path: cannot change while the gateway runs: the outbox of "
                               "every sink is in the open file, expected a restart for it",
                       start + "/store: cannot change while the gateway runs: the store reads its "
                               "settings when it is opened, expected a restart for it"}));
}

}  // namespace
}  // namespace twinsky
