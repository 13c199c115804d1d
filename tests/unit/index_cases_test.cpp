// SPDX-License-Identifier: Apache-2.0
// `twinsky replay index` on every case of tests/cases/index-cases.json.
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

const std::string cases_file = tests_directory() + "/cases/index-cases.json";

std::map<std::string, Json> replayed() {
  const std::string command = twinsky_binary() + " replay index " + cases_file;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::map<std::string, Json> values;
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const Json said = Json::parse(line);
    values[said.at("case")] = said.at("value");
    line.clear();
  }
  return values;
}

// What is listed must agree; a replay may say more.
bool agrees(const Json& expected, const Json& value, double tolerance) {
  if (expected.is_object()) {
    for (const auto& [key, part] : expected.items()) {
      if (!value.is_object() || !value.contains(key)) return false;
      if (!agrees(part, value.at(key), tolerance)) return false;
    }
    return true;
  }
  if (!expected.is_number_float()) return expected == value;
  return value.is_number() && std::abs(expected.get<double>() - value.get<double>()) <= tolerance;
}

TEST(index_cases, are_all_equal) {
  const Json document = Json::parse(std::ifstream(cases_file));
  const auto values = replayed();
  ASSERT_GE(document.at("cases").size(), 151U);
  for (const Json& item : document.at("cases")) {
    const std::string id = item.at("id");
    ASSERT_TRUE(values.contains(id)) << id;
    EXPECT_TRUE(agrees(item.at("expect"), values.at(id), item.value("tolerance", 1e-9)))
        << item << "\n  gave " << values.at(id);
  }
}

}  // namespace
}  // namespace twinsky
