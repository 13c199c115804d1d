// SPDX-License-Identifier: Apache-2.0
// `twinsky replay qc` on every case of tests/cases/qc-cases.json, as they come and with a restart
// between any two samples.
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>

namespace twinsky {
namespace {

using Json = nlohmann::json;

const std::string cases_file = tests_directory() + "/cases/qc-cases.json";

std::map<std::string, Json> replayed(const std::string& options) {
  const std::string command = twinsky_binary() + " replay qc " + options + cases_file;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::map<std::string, Json> said;
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const Json one = Json::parse(line);
    said[one.at("case")] = one;
    line.clear();
  }
  return said;
}

bool agrees(const Json& expected, const Json& value) {
  if (expected.is_object()) {
    for (const auto& [key, part] : expected.items()) {
      if (!value.is_object() || !value.contains(key) || !agrees(part, value.at(key))) return false;
    }
    return true;
  }
  if (!expected.is_number_float()) return expected == value;
  return value.is_number() && std::abs(expected.get<double>() - value.get<double>()) <= 1e-6;
}

class QcCases : public ::testing::TestWithParam<const char*> {};

TEST_P(QcCases, are_all_equal) {
  const Json document = Json::parse(std::ifstream(cases_file));
  const auto said = replayed(GetParam());
  ASSERT_GE(document.at("cases").size(), 46U);
  for (const Json& item : document.at("cases")) {
    const std::string id = item.at("id");
    ASSERT_TRUE(said.contains(id)) << id;
    EXPECT_EQ(said.at(id).at("flags"), item.at("flags")) << id;
  }
  for (const char* block : {"wind", "hour_rule"}) {
    ASSERT_FALSE(document.at(block).empty());
    for (const Json& item : document.at(block)) {
      const std::string id = item.at("id");
      ASSERT_TRUE(said.contains(id)) << id;
      EXPECT_TRUE(agrees(item.at("expected"), said.at(id))) << item << "\n  gave " << said.at(id);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(replay, QcCases, ::testing::Values("", "--restart "));

}  // namespace
}  // namespace twinsky
