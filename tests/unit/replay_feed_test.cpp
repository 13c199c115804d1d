// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>
#include <sys/wait.h>

namespace twinsky {
namespace {

struct Printed {
  int code = 0;
  std::string output;  // both streams
};

Printed replay_feed(const std::string& arguments) {
  const std::string command = twinsky_binary() + " replay feed " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  Printed printed;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) printed.output += part.data();
  printed.code = WEXITSTATUS(::pclose(pipe));
  return printed;
}

const std::string cases = tests_directory() + "/cases/opendata/";

TEST(replay_feed, prints_a_line_per_reading) {
  const Printed printed =
      replay_feed("hk-hko " + cases + "hk-hko/20250719-2230-latest_10min_wind.csv");
  EXPECT_EQ(printed.code, 0);
  std::istringstream lines(printed.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto reading = nlohmann::json::parse(line);
    EXPECT_EQ(reading.size(), 8U);
    EXPECT_EQ(reading["source"], "hk-hko");
    if (reading["station"] != "north-point") continue;
    EXPECT_EQ(reading["start"], "2025-07-19T14:10:00.000Z");
    EXPECT_EQ(reading["end"], "2025-07-19T14:20:00.000Z");
    if (reading["quantity"] == "wind_dir") {
      EXPECT_TRUE(reading["value"].is_null());
      EXPECT_EQ(reading["unit"], "deg");
      EXPECT_EQ(reading["text"], "Calm");
    }
    if (reading["quantity"] == "wind_speed") {
      EXPECT_EQ(reading["value"], 0);
      EXPECT_EQ(reading["unit"], "m/s");
      EXPECT_EQ(reading["text"], "0");
    }
  }
  EXPECT_EQ(count, 90);
}

TEST(replay_feed, names_the_failure_and_goes_on_with_the_other_files) {
  const Printed printed =
      replay_feed("hk-epd --received 2026-11-22T02:30:00Z " + cases + "README.md " + cases +
                  "none " + cases + "hk-epd " + cases + "hk-epd/24aqhi_Eng.20260408.excerpt.xml");
  EXPECT_EQ(printed.code, 1);
  EXPECT_NE(printed.output.find("README.md: grammar_changed: neither XML nor JSON\n"),
            std::string::npos)
      << printed.output;
  for (const auto* reason : {"none: cannot be read: No such file or directory\n",
                             "hk-epd: cannot be read: it is a directory\n"}) {
    EXPECT_NE(printed.output.find(reason), std::string::npos) << printed.output;
  }
  EXPECT_NE(printed.output.find(R"("station":"mong-kok","quantity":"aqhi","value":8.0)"),
            std::string::npos)
      << printed.output;
}

TEST(replay_feed, says_what_is_wrong_with_its_arguments) {
  const struct {
    const char* arguments;
    const char* words;
  } table[] = {
      {"hk-epa x",
       "there is no feed \"hk-epa\", expected one of \"cn-cnemc\", \"cn-sh-opendata\", \"hk-epd\""},
      {"hk-epd --received never x", "--received: expected a time such as"},
      {"hk-epd --settings [] x", "--settings: expected a JSON object"},
      {R"(hk-epd --settings '{"bass":1}' x)", "\"bass\" is no setting of hk-epd"},
      {R"(hk-epd --settings '{"edition":"fr"}' x)", "--settings: edition: "},
      {R"(hk-epd --settings '{"documents":["24ph"]}' x)", "\"24ph\" is no document of this feed"},
      {"hk-epd --document 24ph x",
       "--document: \"24ph\" is no document of hk-epd, expected one of"},
      {"openaq --document x x",
       "--document: \"x\" is no document of openaq, which has but one kind"},
  };
  for (const auto& [arguments, words] : table) {
    const Printed printed = replay_feed(arguments);
    EXPECT_EQ(printed.code, 2) << arguments;
    EXPECT_NE(printed.output.find(words), std::string::npos) << printed.output;
  }
}

TEST(replay_feed, tells_warnings_beside_the_readings) {
  const Printed printed = replay_feed("hk-hko " + cases + "hk-hko/warnsum.20250907.json");
  EXPECT_EQ(printed.code, 0);
  EXPECT_NE(printed.output.find("in force: Tropical Cyclone Warning Signal (TC8SE), issued "
                                "2025-09-07T21:20:00+08:00 by Hong Kong Observatory\n"),
            std::string::npos)
      << printed.output;
  EXPECT_EQ(printed.output.find("\"quantity\""), std::string::npos);
}

TEST(replay_feed, holds_a_file_against_the_document_that_it_is_said_to_be) {
  const std::string report = cases + "troubles/rhrread.district-and-station.json";
  EXPECT_EQ(replay_feed("hk-hko " + report).code, 0);
  const Printed other = replay_feed("hk-hko --document warnsum " + report);
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.output.find("grammar_changed: another document than the one asked for"),
            std::string::npos)
      << other.output;
  const Printed empty = replay_feed("hk-hko " + cases + "troubles/rhrread.empty.json");
  EXPECT_EQ(empty.code, 1);
  EXPECT_NE(empty.output.find(": empty: "), std::string::npos) << empty.output;
  EXPECT_EQ(replay_feed("hk-hko --document warnsum " + cases + "troubles/rhrread.empty.json").code,
            0)
      << "no warning is in force";
  const Printed cut = replay_feed("hk-hko " + cases + "troubles/latest_1min_temperature.cut.csv");
  EXPECT_EQ(cut.code, 0);
  EXPECT_NE(cut.output.find(": truncated: "), std::string::npos) << cut.output;
  EXPECT_EQ(cut.output.find("kings-park"), std::string::npos) << cut.output;
}

TEST(replay_feed, completes_a_stamp_without_month_only_when_told_the_time) {
  const std::string file = cases + "metar/VHHH.20260914.txt";
  EXPECT_NE(replay_feed("metar --received 2026-09-14T08:00:00Z " + file)
                .output.find("\"end\":\"2026-09-14T07:30:00.000Z\""),
            std::string::npos);
  const Printed untold = replay_feed("metar " + file);
  EXPECT_EQ(untold.code, 1);
  EXPECT_NE(untold.output.find("whose month nobody says"), std::string::npos) << untold.output;
}

TEST(replay_feed, says_of_a_value_in_doubt_why) {
  const std::string file = cases + "openaq/doubts.SYNTHETIC.json";
  const Printed printed = replay_feed("openaq " + file);
  std::istringstream lines(printed.output);
  std::map<std::string, std::string> said;
  for (std::string line; std::getline(lines, line);) {
    const auto reading = nlohmann::json::parse(line);
    said[reading["quantity"]] =
        reading.value("reason", "") + std::to_string(reading.value("flag", 0));
  }
  EXPECT_EQ(said["pm2_5"], "source3");
  EXPECT_EQ(said["pm10"], "coverage3");
  EXPECT_EQ(said["no2"], "sentinel9");
  EXPECT_EQ(said["humidity"], "range4");
  EXPECT_EQ(said["temperature"], "0");
}

TEST(replay_feed, takes_a_column_map) {
  const Printed printed = replay_feed(
      R"(cn-sh-opendata --settings '{"columns": {"rq": "date", "sj": "time", "pm25": "pm2_5"}}' )" +
      cases + "cn-sh-opendata/text_in_text.SYNTHETIC.json");
  EXPECT_EQ(printed.code, 0);
  EXPECT_NE(printed.output.find(R"("quantity":"pm2_5","value":21.0,"unit":"ug/m3")"),
            std::string::npos)
      << printed.output;
}

}  // namespace
}  // namespace twinsky
