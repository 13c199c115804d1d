// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/index.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(index, chooses_the_edition_by_the_time_of_the_reading) {
  const IndexCatalogue catalogue;
  const auto id = [&](std::string_view family, std::string_view time) -> std::string {
    const IndexEdition* edition = catalogue.in_force(family, parse_time(time).value());
    return edition == nullptr ? "none" : edition->id();
  };
  EXPECT_EQ(id("cn-aqi", "2026-02-28T15:59:59Z"), "cn-hj633-2012");
  EXPECT_EQ(id("cn-aqi", "2026-02-28T16:00:00Z"), "cn-hj633-2026");  // 1 March in China
  EXPECT_EQ(id("hk-aqhi", "2025-03-21T15:59:59Z"), "hk-aqhi-2013");
  EXPECT_EQ(id("hk-aqhi", "2025-03-21T16:00:00Z"), "hk-aqhi-2025");
  EXPECT_EQ(id("hk-aqhi", "2010-01-01T00:00:00Z"), "none");
}

TEST(index, an_edition_says_what_it_asks_for) {
  const IndexCatalogue catalogue;
  using Names = std::vector<std::string>;
  EXPECT_EQ(catalogue.named("hk-aqhi-2025")->inputs("hourly"),
            (Names{"no2_3h", "so2_3h", "o3_3h", "pm10_3h", "pm25_3h"}));
  EXPECT_EQ(catalogue.named("us-nowcast-pm")->inputs("hourly"),
            (Names{"pm25_nowcast", "pm10_nowcast"}));
  EXPECT_EQ(catalogue.named("us-nowcast-pm")->gas_reference_k(), std::nullopt);
  EXPECT_EQ(catalogue.named("cn-hj633-2026")->inputs("hourly").size(), 6U);
  EXPECT_EQ(catalogue.named("cn-hj633-2026")->gas_reference_k(), 298.15);
  Names editions;
  for (const IndexEdition* const each : catalogue.editions_of("cn-aqi")) {
    editions.push_back(each->id());
  }
  EXPECT_EQ(editions, (Names{"cn-hj633-2012", "cn-hj633-2026"}));
  EXPECT_TRUE(catalogue.editions_of("none").empty());
}

TEST(index, rounds_in_decimals_and_not_in_binary) {
  const IndexCatalogue catalogue;
  const IndexEdition& china = *catalogue.named("cn-hj633-2026");
  EXPECT_EQ(china.part("pm25_24h", "35.5"), 52);  // half to even: 36
  EXPECT_EQ(china.part("pm25_24h", "34.5"), 49);  // half to even: 34
  EXPECT_EQ(china.part("co_24h", "0.25"), 5);     // 0.2 mg/m3 is exactly 5, not a little more
  EXPECT_EQ(china.part("pm25_24h", "1999"), 500);
  EXPECT_EQ(china.part("pm25_24h", "-1"), 0) << "noise of a monitor in clean air";
  EXPECT_EQ(china.part("pm25_24h", "-11"), std::nullopt);
  EXPECT_EQ(china.part("pm25_24h", "12,5"), std::nullopt);
  EXPECT_EQ(china.part("lead_24h", "1"), std::nullopt);
}

TEST(index, gives_no_total_of_an_incomplete_set_unless_it_is_bad_already) {
  const IndexCatalogue catalogue;
  const IndexEdition& china = *catalogue.named("cn-hj633-2026");
  IndexInputs inputs{{"pm25_1h", "30"}, {"pm10_1h", "40"}, {"so2_1h", "10"},
                     {"no2_1h", "30"},  {"co_1h", "0.5"},  {"o3_1h", std::nullopt}};
  EXPECT_EQ(china.total("hourly", inputs).value, std::nullopt);
  EXPECT_EQ(china.total("hourly", inputs).parts.size(), 5U);
  inputs["pm25_1h"] = "90";
  EXPECT_EQ(china.total("hourly", inputs).value, 128);
  EXPECT_EQ(catalogue.named("hk-aqhi-2025")->total("", {{"no2_3h", "30"}}).value, std::nullopt);
}

}  // namespace
}  // namespace twinsky
