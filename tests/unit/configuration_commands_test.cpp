// SPDX-License-Identifier: Apache-2.0
// What a user asks of a configuration and of the registry: `config show`, `stations`.
#include "gateway/text/columns.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <stdlib.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class ConfigurationCommands : public ::testing::Test {
 protected:
  ConfigurationCommands() {
    std::string pattern = (fs::temp_directory_path() / "twinsky-config-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    fs::create_directory(directory_ / "conf.d");
    write("twinsky.json", R"({
 "gateway": {"id": "mk-roof", "jurisdiction": "hk",
             "position": {"datum": "wgs84", "latitude": 22.3226, "longitude": 114.1683}},
 "buses": {"pm": {"serial": "/dev/ttyUSB0"}},
 "sensors": [{"id": "roof-pm", "driver": "pms5003", "bus": "pm", "every": "10s"}],
 "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
 "sinks": [{"id": "city", "mqtt": "mqtts://broker.example.org", "username": "mk",
            "password_file": "hunter2"}]
})");
    write("conf.d/store.json", R"({"store": {"commit_every": "2s"}})");
  }
  ~ConfigurationCommands() override { fs::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
  }
  [[nodiscard]] Answer twinsky(const std::string& command) const {
    return shell(twinsky_binary() + " " + command + " --config " +
                 (directory_ / "twinsky.json").string());
  }
  [[nodiscard]] nlohmann::json setting(const std::string& path) const {
    for (const auto& each : nlohmann::json::parse(twinsky("config show --json").text)) {
      if (each["path"] == path) return each;
    }
    return nullptr;
  }
  [[nodiscard]] std::string from(const std::string& file) const {
    return (directory_ / file).string();
  }

  fs::path directory_;
};

TEST_F(ConfigurationCommands, every_value_in_force_has_the_place_that_it_comes_from) {
  const auto every = setting("/sensors/roof-pm/every");
  EXPECT_EQ(every["value"], R"("10s")");
  EXPECT_EQ(every["origin"], from("twinsky.json") + ":5:75");
  const auto commit = setting("/store/commit_every");
  EXPECT_EQ(commit["value"], R"("2s")");
  EXPECT_EQ(commit["origin"], from("conf.d/store.json") + ":1:28");
  EXPECT_EQ(setting("/store/max_size")["origin"], "default");
  EXPECT_EQ(setting("/gateway/position/latitude")["value"], "22.3226");
  EXPECT_EQ(setting("/gateway/position_decimals")["value"], "3");
  EXPECT_EQ(setting("/feeds/hk-epd/stations")["value"], R"(["mong-kok"])");
  EXPECT_EQ(setting("/buses/pm/serial")["value"], R"("/dev/ttyUSB0")");
  const Answer text = twinsky("config show --origin");
  EXPECT_EQ(text.code, 0);
  EXPECT_NE(text.text.find("/store/commit_every"), std::string::npos);
  EXPECT_NE(text.text.find(from("conf.d/store.json") + ":1:28\n"), std::string::npos) << text.text;
}

TEST_F(ConfigurationCommands, a_section_that_is_not_there_has_its_defaults) {
  fs::remove(directory_ / "conf.d/store.json");
  EXPECT_EQ(setting("/store/commit_every")["origin"], "default");
}

// People type the secret where its file's name belongs.
TEST_F(ConfigurationCommands, what_may_be_a_secret_is_not_shown) {
  for (const auto* const form : {"config show", "config show --origin", "config show --json"}) {
    const std::string text = twinsky(form).text;
    EXPECT_NE(text.find("/sinks/city/password_file"), std::string::npos) << text;
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  }
}

TEST_F(ConfigurationCommands, problems_of_the_file_are_told_instead) {
  write("twinsky.json", R"({"gateway": {"id": "a", "jurisdiction": "xx"}})");
  const Answer answer = twinsky("config show");
  EXPECT_EQ(answer.code, 78);
  EXPECT_NE(answer.text.find("/gateway/jurisdiction"), std::string::npos) << answer.text;
}

// Each on a line of its own: that it is good, what it would run, and what it will not do.
TEST_F(ConfigurationCommands, a_setting_of_another_kind_of_bus_is_not_shown) {
  write("twinsky.json", R"({"gateway": {"id": "a", "jurisdiction": "hk"},
                            "buses": {"i2c-1": {"i2c": "/dev/i2c-1"},
                                      "rs485": {"modbus": "/dev/ttyUSB0"}}})");
  const std::string shown = twinsky("config show").text;
  EXPECT_NE(shown.find("/buses/rs485/echo "), std::string::npos) << shown;
  EXPECT_EQ(shown.find("/buses/i2c-1/echo "), std::string::npos) << shown;
}

TEST_F(ConfigurationCommands, check_says_good_and_what_stays_closed) {
  write("twinsky.json", R"({"gateway": {"id": "a", "jurisdiction": "cn-sh"},
                            "sinks": [{"id": "city", "mqtt": "mqtt://127.0.0.1"}]})");
  const Answer answer = twinsky("check");
  EXPECT_EQ(answer.code, 0);
  EXPECT_TRUE(answer.text.starts_with(from("twinsky.json") + ": good\n  gateway a: 0 sensors"))
      << answer.text;
  EXPECT_NE(answer.text.find("\n" + from("twinsky.json") + ": sink city stays closed: nothing may"),
            std::string::npos)
      << answer.text;
}

TEST_F(ConfigurationCommands, stations_come_nearest_first_and_fit_the_terminal) {
  const Answer answer = twinsky("stations hk-epd");
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.text.substr(0, answer.text.find('\n')),
            "hk-epd  mong-kok         roadside  0.0 km   Mong Kok, 旺角");
  EXPECT_NE(answer.text.find(
                "hk-epd  central-western  general   4.8 km   Central/Western, 中西區, 中西区\n"),
            std::string::npos)
      << answer.text;
  std::istringstream lines(twinsky("stations cn-cnemc").text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 80U) << line;
  const Answer near = twinsky("stations hk-epd --near 22.285,114.144444");
  EXPECT_EQ(near.text.substr(0, 23), "hk-epd  central-western");
  const Answer wrong = twinsky("stations hk-epd --near 114.14,22.28,1");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.text.find("22.32,114.17"), std::string::npos) << wrong.text;
}

TEST_F(ConfigurationCommands, stations_of_all_feeds_are_there_without_any_configuration) {
  const Answer answer = shell(twinsky_binary() + " stations --json --config /nowhere.json");
  EXPECT_EQ(answer.code, 0);
  const auto stations = nlohmann::json::parse(answer.text);
  std::map<std::string, int> count;
  for (const auto& each : stations) ++count[each["feed"]];
  EXPECT_EQ(count["hk-epd"], 18);
  EXPECT_EQ(count["metar"], 3);
  EXPECT_GT(count["hk-hko"], 40);
  EXPECT_GT(count["cn-cnemc"], 10);
  EXPECT_TRUE(stations[0]["distance_m"].is_null());
}

TEST_F(ConfigurationCommands, a_feed_that_there_is_not_has_a_suggestion) {
  const Answer answer = twinsky("stations hk-edp");
  EXPECT_EQ(answer.code, 2);
  EXPECT_NE(answer.text.find(R"(did you mean "hk-epd"?)"), std::string::npos) << answer.text;
}

// Where it is no terminal, as wide as one mostly is.
TEST_F(ConfigurationCommands, drivers_fit_a_terminal) {
  const Answer answer = shell(twinsky_binary() + " drivers");
  EXPECT_EQ(answer.code, 0);
  std::istringstream lines(answer.text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 80U) << line;
}

TEST_F(ConfigurationCommands, a_command_that_was_misspelt_is_told_the_nearest) {
  EXPECT_NE(shell(twinsky_binary() + " statsu").text.find(R"(did you mean "status"?)"),
            std::string::npos);
}

}  // namespace
}  // namespace twinsky
