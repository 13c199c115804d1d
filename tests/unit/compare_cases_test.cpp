// SPDX-License-Identifier: Apache-2.0
// `twinsky replay compare` on every case of tests/cases/compare, and the command's CSV form.
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>

namespace twinsky {
namespace {

using Json = nlohmann::json;

const std::string folder = tests_directory() + "/cases/compare/";

std::vector<Json> replayed(const std::string& arguments) {
  const std::string command = twinsky_binary() + " replay compare " + arguments;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::vector<Json> lines;
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(Json::parse(line));
    line.clear();
  }
  return lines;
}

std::string below(std::string at, const std::string& key) {
  at += '/';
  at += key;
  return at;
}

// What is listed must agree; a replay may say more. An empty text: it agrees; else where it
// doesn't.
std::string difference(const Json& expected, const Json& found, const std::string& at) {
  if (expected.is_object()) {
    if (!found.is_object()) return at;
    for (const auto& [key, part] : expected.items()) {
      if (!found.contains(key)) return below(at, key) + " is missing";
      std::string inner = difference(part, found.at(key), below(at, key));
      if (!inner.empty()) return inner;
    }
    return {};
  }
  if (expected.is_array()) {
    if (!found.is_array() || expected.size() != found.size()) return at;
    for (std::size_t item = 0; item < expected.size(); ++item) {
      std::string inner = difference(expected[item], found[item], below(at, std::to_string(item)));
      if (!inner.empty()) return inner;
    }
    return {};
  }
  if (!expected.is_number() || !found.is_number()) return expected == found ? "" : at;
  const bool is_p = at.ends_with("ks_p") || at.ends_with("p_asymptotic");
  const double wanted = expected.get<double>();
  const double apart = std::abs(wanted - found.get<double>());
  const bool is_good = is_p ? apart <= 1e-4 : apart <= 1e-6 || apart <= 1e-6 * std::abs(wanted);
  return is_good ? "" : at + ": " + expected.dump() + " is " + found.dump();
}

void expect_all_equal(const std::string& file, std::size_t least) {
  const Json document = Json::parse(std::ifstream(folder + file));
  std::map<std::string, Json> found;
  for (const Json& line : replayed(folder + file)) found[line.at("case")] = line;
  std::size_t count = 0;
  for (const auto& [section, items] : document.items()) {
    if (!items.is_array()) continue;
    for (const Json& item : items) {
      const std::string id = item.at("id");
      ++count;
      ASSERT_TRUE(found.contains(id)) << id;
      EXPECT_EQ(difference(item.at("expected"), found.at(id), id), "");
    }
  }
  EXPECT_GE(count, least);
  EXPECT_EQ(found.size(), count);
}

TEST(compare_cases, every_section_of_the_metrics_is_equal) {
  expect_all_equal("expected-metrics.json", 195);
}

TEST(compare_cases, edge_cases_are_equal) {
  expect_all_equal("edge-cases.json", 10);
}

TEST(compare_cases, edge_cases_never_score_well) {
  for (const Json& line : replayed(folder + "edge-cases.json")) {
    EXPECT_EQ(line.at("verdict"), "insufficient") << line;  // ten or twelve pairs
  }
}

TEST(compare_cases, the_csv_form_is_equal) {
  const Json document = Json::parse(std::ifstream(folder + "expected-metrics.json"));
  for (const Json& item : document.at("cases")) {
    const std::string sensor = item.at("sensor");
    std::string arguments = folder;
    arguments += "epa-collocation-2019-08-hourly.csv --min-count 45";
    arguments += " --sensor " + sensor;
    arguments += " --count " + sensor + "_n";
    arguments += " --reference " + item.at("reference").get<std::string>();
    arguments += " --interval " + item.at("interval").get<std::string>();
    if (item.at("interval") == "24h") arguments += " --day-offset -5 --min-hours 18";
    const std::vector<Json> lines = replayed(arguments);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(difference(item.at("expected"), lines.front(), item.at("id")), "");
  }
}

// A unit at fault and a reference with another label, as the command is told of them.
TEST(compare_cases, a_reference_that_cannot_be_is_as_good_as_absent_and_its_cause_is_told) {
  auto lines = replayed(folder + "sentinels.json");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("withheld"), Json({{"reference_missing", 3}}));
  EXPECT_EQ(lines[1].at("withheld"), Json({{"reference_flagged", 3}}));
  for (Json& line : lines) {
    line.erase("case");
    line.erase("withheld");
  }
  EXPECT_EQ(lines[0], lines[1]);
  EXPECT_EQ(lines[1].at("pairs"), 57);
}

TEST(compare_cases, extremes_are_named) {
  const std::string csv = folder + "epa-collocation-2019-08-hourly.csv ";
  const auto verdict = [&](const std::string& arguments) {
    return replayed(csv + arguments).front().at("verdict").get<std::string>();
  };
  EXPECT_EQ(verdict("--sensor s1_o3 --count s1_o3_n --reference ref_o3"), "agrees");
  EXPECT_EQ(verdict("--sensor s2_o3 --count s2_o3_n --reference ref_o3"), "biased_correctable");
  EXPECT_EQ(verdict("--sensor s1_pm25 --count s1_pm25_n --reference ref_pm25"), "range_too_small");
  EXPECT_EQ(verdict("--sensor s2_no2 --count s2_no2_n --reference ref_no2"), "contradicts");
}

}  // namespace
}  // namespace twinsky
