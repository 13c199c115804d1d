// SPDX-License-Identifier: Apache-2.0
// What Home Assistant is told of a stream. tests/world/home_assistant.py judges it, which knows
// Home Assistant's rules and nothing of ours. All values are synthetic.
#include "gateway/sinks/discovery.hpp"

#include "drivers/registry.hpp"
#include "gateway/acquire/poller.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/model/embedded.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

StreamDescription roof_pm() {
  StreamDescription stream;
  stream.name = "sensor/roof-pm";
  stream.title = "roof-pm";
  stream.status_of = "sensor/roof-pm";
  stream.columns = {{Quantity::pm2_5, 0}, {Quantity::internal_temperature, 2}};
  stream.period = 10s;
  stream.driver = "pms5003";
  stream.serial_number = "A1B2";
  return stream;
}

StreamDescription mong_kok() {
  StreamDescription stream;
  stream.name = "ref/hk-epd/mong-kok";
  stream.title = "Mong Kok";
  stream.columns = {{Quantity::aqhi, 0}};
  stream.period = 1h;
  stream.publisher = "Environmental Protection Department";
  stream.attribution = "Source: \"EPD\" {{ Hong Kong's }}";
  return stream;
}

// What the judge says of each document; empty: nothing is wrong.
std::vector<std::string> judged(const std::vector<std::string>& lines) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) /
                                     ("discovery-" + std::to_string(::getpid()) + ".txt");
  std::ofstream written(file);
  for (const std::string& line : lines) written << line << '\n';
  written.close();
  const std::string command =
      "python3 " + tests_directory() + "/world/home_assistant.py < " + file.string();
  std::FILE* const output = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), output) != nullptr) text += chunk.data();
  EXPECT_EQ(::pclose(output), 0);
  std::filesystem::remove(file);
  std::vector<std::string> said;
  std::istringstream answers(text);
  for (std::string line; std::getline(answers, line);) said.push_back(line);
  EXPECT_EQ(said.size(), lines.size());
  said.resize(lines.size());
  return said;
}

std::string line_of(const StreamDescription& stream) {
  return "homeassistant/device/" + discovery_id("mk-roof", stream.name) + "/config " +
         discovery_below("twinsky/v1/mk-roof/", discovery_document("mk-roof", stream));
}

TEST(discovery, of_a_sensor_has_all_that_home_assistant_needs) {
  EXPECT_EQ(
      discovery_below("city/air/", discovery_document("mk-roof", roof_pm())),
      R"({"device":{"identifiers":["twinsky_mk-roof_sensor_roof-pm"],"name":"roof-pm",)"
      R"("model":"pms5003","serial_number":"A1B2"},)"
      R"("origin":{"name":"Twinsky","sw_version":")" TWINSKY_VERSION
      R"("},"state_topic":"city/air/sensor/roof-pm/state","qos":1,)"
      R"("availability_mode":"all","availability":[{"topic":"city/air/status"},)"
      R"({"topic":"city/air/sensor/roof-pm/status",)"
      R"("value_template":"{{ 'offline' if value == 'fault' else value }}"}],"components":{)"
      R"("pm2_5":{"platform":"sensor","unique_id":"twinsky_mk-roof_sensor_roof-pm_pm2_5",)"
      R"("default_entity_id":"sensor.mk_roof_roof_pm_pm2_5","name":"PM2.5","device_class":"pm25",)"
      "\"state_class\":\"measurement\",\"unit_of_measurement\":\"\xC2\xB5g/m\xC2\xB3\","
      R"("suggested_display_precision":1,"value_template":"{{ value_json.pm2_5 }}",)"
      R"("expire_after":60},)"
      R"("internal_temperature":{"platform":"sensor",)"
      R"("unique_id":"twinsky_mk-roof_sensor_roof-pm_internal_temperature",)"
      R"("default_entity_id":"sensor.mk_roof_roof_pm_internal_temperature",)"
      R"("name":"Temperature inside the device","device_class":"temperature",)"
      R"("state_class":"measurement","unit_of_measurement":"°C","suggested_display_precision":2,)"
      R"("entity_category":"diagnostic","value_template":"{{ value_json.internal_temperature }}",)"
      R"("expire_after":60}}})");
}

// Only AQHI and its like say more in words than in their number.
TEST(discovery, of_an_official_station_says_whose_values_they_are_and_what_was_printed) {
  const json document = json::parse(
      discovery_below("twinsky/v1/mk-roof/", discovery_document("mk-roof", mong_kok())));
  EXPECT_EQ(document["device"],
            json::parse(R"({"identifiers":["twinsky_mk-roof_ref_hk-epd_mong-kok"],)"
                        R"~("name":"Mong Kok (hk-epd)","manufacturer":)~"
                        R"("Environmental Protection Department","model":"official station"})"));
  EXPECT_EQ(document["availability"], json::parse(R"([{"topic":"twinsky/v1/mk-roof/status"}])"));
  StreamDescription nameless = mong_kok();
  nameless.title.clear();
  EXPECT_EQ(json::parse(discovery_document("g", nameless))["device"]["name"], "mong-kok (hk-epd)");
  const json& aqhi = document["components"]["aqhi"];
  EXPECT_EQ(aqhi["device_class"], "aqi");
  EXPECT_FALSE(aqhi.contains("unit_of_measurement"));
  EXPECT_EQ(aqhi["expire_after"], 3 * 3600);
  EXPECT_EQ(aqhi["json_attributes_topic"], "twinsky/v1/mk-roof/ref/hk-epd/mong-kok/state");
  EXPECT_EQ(aqhi["json_attributes_template"],
            R"({{ {'attribution': "Source: \"EPD\" {{ Hong Kong's }}", )"
            R"('text': (value_json.text | default({})).aqhi | default(none)} | tojson }})");
}

TEST(discovery, of_a_channel_hears_of_its_sensors_state) {
  StreamDescription channel = roof_pm();
  channel.name = "sensor/roof-pm-ch2";
  const std::string text = discovery_document("mk-roof", channel);
  EXPECT_EQ(
      topics_of_discovery(text),
      (std::vector<std::string>{"sensor/roof-pm-ch2/state", "status", "sensor/roof-pm/status"}));
}

TEST(discovery, ids_do_not_depend_on_anything_but_the_sensor) {
  StreamDescription other = roof_pm();
  other.title = "Another name";
  other.driver = "sds011";
  other.period = 1h;
  std::ranges::reverse(other.columns);
  const json before = json::parse(discovery_document("mk-roof", roof_pm()))["components"];
  const json now = json::parse(discovery_document("mk-roof", other))["components"];
  for (const auto& [name, component] : before.items()) {
    EXPECT_EQ(component["unique_id"], now[name]["unique_id"]);
  }
  EXPECT_NE(discovery_id("a", "sensor/b-c"), discovery_id("a-b", "sensor/c"));
  EXPECT_NE(discovery_id("a", "sensor/b"), discovery_id("a", "ref/sensor/b"));
}

TEST(discovery, lives_three_periods_and_a_minute_at_least) {
  const auto life_of = [](milliseconds period) {
    StreamDescription stream = roof_pm();
    stream.period = period;
    return json::parse(discovery_document("g", stream))["components"]["pm2_5"]["expire_after"];
  };
  EXPECT_EQ(life_of(1s), 60);
  EXPECT_EQ(life_of(20s), 60);
  EXPECT_EQ(life_of(20'100ms), 61);
  EXPECT_EQ(life_of(30min), 5400);
}

TEST(discovery, says_which_components_are_gone) {
  const std::string text = discovery_document("mk-roof", roof_pm());
  EXPECT_EQ(components_of_discovery(text),
            (std::set<std::string>{"internal_temperature", "pm2_5"}));
  json document = json::parse(discovery_below("", text, {"pm10", "co2"}));
  EXPECT_EQ(document["components"]["pm10"], json::parse(R"({"platform":"sensor"})"));
  EXPECT_EQ(document["components"]["co2"], json::parse(R"({"platform":"sensor"})"));
  document["components"].erase("pm10");
  document["components"].erase("co2");
  EXPECT_EQ(document, json::parse(text));
  for (const char* foreign : {"", "{", "[]", "{}", R"({"components":[]})"}) {
    EXPECT_TRUE(components_of_discovery(foreign).empty()) << foreign;
  }
  EXPECT_TRUE(topics_of_discovery("").empty());
}

// Each quantity goes by one name for people, here and on the page.
TEST(discovery, names_quantities_as_the_page_does) {
  const json words = json::parse(embedded_file("gateway/page/assets/en.json"));
  for (const QuantityInfo& info : quantity_catalogue()) {
    EXPECT_EQ(words["quantity." + std::string(info.name)], info.title);
  }
}

// Every driver with all that it has, every feed, and the whole catalogue.
TEST(discovery, of_everything_there_is_passes_the_rules_of_home_assistant) {
  std::vector<StreamDescription> all;
  for (const DriverInfo* driver : driver_registry()) {
    SensorSettings sensor;
    sensor.id = "one";
    sensor.driver = driver->name;
    sensor.settings = Settings::defaults(driver->settings);
    for (const bool ambient : {false, true}) {
      sensor.ambient = ambient;
      for (StreamDescription& stream : streams_of(sensor)) all.push_back(std::move(stream));
    }
    StreamDescription whole = streams_of(sensor).front();
    whole.columns.clear();
    for (const DriverQuantity& each : driver->quantities) {
      whole.columns.push_back({each.quantity, each.decimals});
    }
    if (!whole.columns.empty()) all.push_back(whole);
  }
  const std::size_t of_drivers = all.size();
  EXPECT_GE(of_drivers, 3 * driver_registry().size() - 2);
  for (const FeedInfo* feed : feed_registry()) {
    StreamDescription station = mong_kok();
    station.name = "ref/" + std::string(feed->name) + "/a-station";
    station.columns.clear();
    for (const Quantity quantity : feed->quantities) {
      station.columns.push_back({quantity, info_of(quantity).decimals});
    }
    station.period = feed->cadence;
    station.publisher = feed->publisher;
    station.attribution = feed->attribution;
    if (!station.columns.empty()) all.push_back(station);
  }
  EXPECT_GT(all.size(), of_drivers + 2);
  StreamDescription catalogue = roof_pm();
  catalogue.columns.clear();
  for (const QuantityInfo& info : quantity_catalogue()) {
    catalogue.columns.push_back({info.quantity, info.decimals});
  }
  all.push_back(catalogue);
  std::erase_if(all, [](const StreamDescription& stream) { return stream.columns.empty(); });
  std::vector<std::string> lines;
  for (const StreamDescription& stream : all) lines.push_back(line_of(stream));
  const std::vector<std::string> said = judged(lines);
  for (std::size_t at = 0; at < lines.size(); ++at) EXPECT_EQ(said[at], "") << lines[at];
}

TEST(discovery, the_judge_refuses_what_home_assistant_would) {
  const std::string good = line_of(roof_pm());
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::vector<std::string> lines = {
      good,
      changed("\"availability_mode\"", "\"avalability_mode\""),
      changed("\"all\"", "\"latest\""),
      changed("\xC2\xB5g", "\xCE\xBCg"),
      changed("°C", "℃"),
      changed("°C", "hPa"),
      changed("\"pm25\"", "\"pm2_5\""),
      changed("measurement\",\"unit", "total\",\"unit"),
      changed("\"unique_id\"", "\"uniq_id\""),
      changed("roof-pm_pm2_5\"", "roof-pm pm2_5\""),
      changed("\"expire_after\":60", "\"expire_after\":0"),
      changed("\"origin\"", "\"orign\""),
      changed("/state\"", "/obs\""),
      changed("sensor.mk_roof_roof_pm_pm2_5", "mk_roof_roof_pm_pm2_5"),
      changed("homeassistant/device/", "homeassistant/sensor/"),
      changed("config ", "config/more "),
  };
  const std::vector<std::string> said = judged(lines);
  for (std::size_t at = 0; at < lines.size(); ++at) {
    EXPECT_EQ(said[at].empty(), at == 0) << said[at] << ": " << lines[at];
  }
}

}  // namespace
}  // namespace twinsky
