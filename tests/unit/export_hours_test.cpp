// SPDX-License-Identifier: Apache-2.0
// `twinsky export hours`: what a table of hours says to a program that knows nothing of JSON.
#include "hours_fixture.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

namespace twinsky {
namespace {

TEST_F(HourlyTest, are_exported_as_a_flat_table_with_both_ends_and_units) {
  put_minutes(ten, 90);
  step(ten + 2h);
  const auto exported = [&](const std::string& options) {
    return shell(twinsky_binary() + " export hours --store " + settings_.path + " " + options);
  };
  const Answer answer = exported("--sensor roof");
  EXPECT_EQ(answer.code, 0);
  const std::string header =
      "hour_start,hour_end,sensor,pm2_5 [µg/m³],pm2_5_n,pm2_5_expected,pm2_5_valid,"
      "pm2_5_minimum [µg/m³],pm2_5_maximum [µg/m³],pm2_5_deviation [µg/m³]\n";
  EXPECT_EQ(answer.text.substr(0, header.size()), header);
  const std::string first =
      "2026-11-22T02:00:00.000Z,2026-11-22T03:00:00.000Z,roof,39.5,60,60,1,10,69,17.46";
  EXPECT_EQ(answer.text.substr(header.size(), first.size()), first) << answer.text;
  EXPECT_NE(
      answer.text.find("2026-11-22T03:00:00.000Z,2026-11-22T04:00:00.000Z,roof,84.5,30,60,0,"),
      std::string::npos)
      << answer.text;
  EXPECT_EQ(exported("--sensor roof --from 2026-11-22T04:00Z").text,
            "hour_start,hour_end,sensor\n");
  const Answer none = exported("--sensor attic");
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.text.find("has no sensor attic"), std::string::npos) << none.text;
}

}  // namespace
}  // namespace twinsky
