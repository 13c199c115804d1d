// SPDX-License-Identifier: Apache-2.0
// Indices of our own hours: the golden cases as a gateway would measure them, and what is said
// where not all was measured.
#include "gateway/indices/own_index.hpp"

#include "gateway/indices/pollutant.hpp"
#include "gateway/model/gas.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace twinsky {
namespace {

using Json = nlohmann::json;
using enum Quantity;

constexpr UtcTime ten{std::chrono::milliseconds(1795312800000)};  // 2026-11-22T02:00Z

OwnSeries series_of(const std::string& sensor, Quantity quantity,
                    std::vector<std::optional<double>> newest_first) {
  newest_first.resize(12);
  return {.sensor = sensor, .quantity = quantity, .newest_first = std::move(newest_first)};
}

template <class Value>
std::map<Quantity, Value> map_of(const std::vector<std::pair<Quantity, Value>>& pairs) {
  return {pairs.begin(), pairs.end()};
}

// What a sensor of ours measures where the rule's concentration is this, three hours long.
OwnSeries measured(const IndexEdition& edition, const std::string& input, double concentration) {
  const Pollutant& pollutant = pollutant_named(input);
  double value = concentration * pollutant.rule_unit;
  if (own_quantity_of(input) != pollutant.quantity) {
    value = share_of_mass(pollutant.quantity, value, edition.gas_reference_k().value()).value();
  }
  return series_of("roof", own_quantity_of(input), {value, value, value});
}

double number(const Json& json) {
  return json.is_string() ? std::stod(json.get<std::string>()) : json.get<double>();
}

TEST(own_index, golden_cases_of_whole_sets_come_out_as_for_stations) {
  const IndexCatalogue catalogue;
  const Json document = Json::parse(std::ifstream(tests_directory() + "/cases/index-cases.json"));
  int compared = 0;
  for (const Json& item : document.at("cases")) {
    const bool is_hong_kong = item.at("kind") == "aqhi";
    if (!is_hong_kong && item.at("kind") != "aqi-hourly") continue;
    const IndexEdition& edition = *catalogue.named(item.at("index").get<std::string>());
    std::vector<OwnSeries> series;
    for (const auto& [name, value] : item.at("input").items()) {
      if (!value.is_null()) series.push_back(measured(edition, name, number(value)));
    }
    if (series.size() < edition.inputs("hourly").size()) continue;
    const IndexReport report = own_index(edition, series, ten);
    const Json& expected = item.at("expect");
    EXPECT_EQ(item.at("index"), report.edition);
    if (is_hong_kong) {
      EXPECT_EQ(expected.at("aqhi"), report.text) << item;
      EXPECT_NEAR(report.added_risk_percent.value(), expected.at("ar_percent"), 1e-4) << item;
    } else {
      EXPECT_EQ(report.value, expected.at("aqi").get<double>()) << item;
      std::vector<std::string> primary;
      for (const Quantity quantity : report.primary) {
        primary.emplace_back(std::ranges::find(pollutants, quantity, &Pollutant::quantity)->name);
      }
      EXPECT_EQ(Json(primary), expected.at("primary")) << item;
    }
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(own_index, particles_everywhere_by_nowcast_in_the_breakpoints_of_a_day) {
  const IndexCatalogue catalogue;
  const IndexEdition& edition = *catalogue.named("us-nowcast-pm");
  const IndexEdition& day = *catalogue.named("us-epa-2024");
  EXPECT_EQ(hours_looked_at(edition), 12U);
  for (const auto* concentration : {"0", "9.05", "9.1", "35.4", "35.45", "35.5", "225.5", "500"}) {
    EXPECT_EQ(edition.part("pm25_nowcast", concentration), day.part("pm25_24h", concentration));
    EXPECT_EQ(edition.part("pm10_nowcast", concentration), day.part("pm10_24h", concentration));
  }
  const Json document = Json::parse(std::ifstream(tests_directory() + "/cases/index-cases.json"));
  int compared = 0;
  for (const Json& item : document.at("cases")) {
    if (item.at("kind") != "nowcast") continue;
    std::vector<std::optional<double>> hours;
    for (const Json& hour : item.at("input").at("newest_first")) {
      hours.push_back(hour.is_null() ? std::nullopt : std::optional(hour.get<double>()));
    }
    const OwnSeries series = series_of("roof", pm2_5, hours);
    const IndexReport report = own_index(edition, {&series, 1}, ten);
    const Json& expected = item.at("expect");
    ASSERT_EQ(report.parts.size(), expected.is_null() ? 0U : 1U) << item;
    if (!expected.is_null()) {
      EXPECT_EQ(report.parts[0].second, day.part("pm25_24h", expected.dump())) << item;
    }
    EXPECT_EQ(report.value, std::nullopt) << "without PM10 it is no whole set";
    ++compared;
  }
  EXPECT_EQ(compared, 5);
  const std::vector<OwnSeries> both = {series_of("roof", pm2_5, {20, 20}),
                                       series_of("roof", pm10, {30, 30})};
  const IndexReport report = own_index(edition, both, ten);
  EXPECT_EQ(report.value, 71);  // 51 + 49 * (20 - 9.1) / 26.3
  EXPECT_EQ(report.quantity, aqi);
  EXPECT_EQ(report.primary, std::vector<Quantity>{pm2_5});
}

TEST(own_index, says_parts_always_and_the_whole_only_of_the_whole_set) {
  const IndexCatalogue catalogue;
  const IndexEdition& china = *catalogue.named("cn-hj633-2026");
  // Above 100 an agency publishes an incomplete index; we never do.
  const std::vector<OwnSeries> particles = {series_of("roof", pm2_5, {90}),
                                            series_of("roof", pm10, {110})};
  const IndexReport partly = own_index(china, particles, ten);
  EXPECT_EQ(map_of(partly.parts), (std::map<Quantity, int>{{pm2_5, 128}, {pm10, 93}}));
  EXPECT_EQ(partly.value, std::nullopt);
  EXPECT_TRUE(partly.primary.empty());
  EXPECT_EQ(partly.text, "");
  EXPECT_EQ(partly.start, ten);
  EXPECT_EQ(partly.end, ten + std::chrono::hours(1));

  // Hong Kong's rule has no sub-indices; each pollutant adds to the risk. Of the particles it takes
  // the worse, so both have to be there.
  const IndexEdition& hong_kong = *catalogue.named("hk-aqhi-2025");
  std::vector<OwnSeries> gases;
  for (const auto* input : {"no2_3h", "so2_3h", "o3_3h", "pm25_3h"}) {
    gases.push_back(measured(hong_kong, input, 50));
  }
  const IndexReport without = own_index(hong_kong, gases, ten);
  EXPECT_EQ(without.quantity, aqhi);
  EXPECT_EQ(without.value, std::nullopt);
  EXPECT_FALSE(without.added_risk_percent);
  const auto risks = map_of(without.part_risk_percent);
  ASSERT_EQ(risks.size(), 4U);
  EXPECT_NEAR(risks.at(no2), 2.2564, 0.0001);    // (exp(50 * 0.0004462559) - 1) * 100
  EXPECT_NEAR(risks.at(pm2_5), 1.0962, 0.0001);  // (exp(50 * 0.0002180567) - 1) * 100
  gases.push_back(measured(hong_kong, "pm10_3h", 50));
  EXPECT_EQ(own_index(hong_kong, gases, ten).value, 4);  // 2.256 + 0.699 + 2.474 + 1.421 = 6.85
}

TEST(own_index, nothing_measured_is_nothing_said) {
  const IndexCatalogue catalogue;
  for (const auto* id : {"hk-aqhi-2025", "cn-hj633-2026", "us-nowcast-pm"}) {
    const std::vector<OwnSeries> silent = {series_of("roof", pm2_5, {})};
    const IndexReport report = own_index(*catalogue.named(id), silent, ten);
    EXPECT_EQ(report.value, std::nullopt);
    EXPECT_TRUE(report.parts.empty() && report.part_risk_percent.empty());
    EXPECT_TRUE(report.sensors.empty());
  }
}

TEST(own_index, ppb_become_mass_at_the_rules_own_reference_state) {
  const IndexCatalogue catalogue;
  const OwnSeries series = series_of("roof", no2_ppb, {100, 100, 100});
  const auto part = own_index(*catalogue.named("cn-hj633-2026"), {&series, 1}, ten).parts;
  EXPECT_EQ(map_of(part), (std::map<Quantity, int>{{no2, 94}}));  // 188.04 -> 188 ug/m3
  const auto risk = own_index(*catalogue.named("hk-aqhi-2025"), {&series, 1}, ten);
  EXPECT_NEAR(risk.part_risk_percent.at(0).second, 8.9094, 0.0005);  // 191.25 ug/m3
  const OwnSeries monoxide = series_of("roof", co_ppm, {1});
  const auto mono = own_index(*catalogue.named("cn-hj633-2026"), {&monoxide, 1}, ten).parts;
  EXPECT_EQ(map_of(mono), (std::map<Quantity, int>{{co, 11}}));  // 1.1449 -> 1.1 mg/m3
}

TEST(own_index, noise_around_clean_air_is_clean_air) {
  const IndexCatalogue catalogue;
  const OwnSeries series = series_of("roof", so2_ppb, {-1.5, -1.5, -1.5});
  EXPECT_EQ(own_index(*catalogue.named("cn-hj633-2026"), {&series, 1}, ten).parts.at(0).second, 0);
  EXPECT_EQ(
      own_index(*catalogue.named("hk-aqhi-2025"), {&series, 1}, ten).part_risk_percent.at(0).second,
      0);
}

TEST(own_index, an_input_is_of_one_sensor_the_first_with_hours_enough) {
  const IndexCatalogue catalogue;
  const IndexEdition& edition = *catalogue.named("hk-aqhi-2025");
  std::vector<OwnSeries> series = {series_of("old", pm2_5, {std::nullopt, 10, std::nullopt}),
                                   series_of("new", pm2_5, {100, std::nullopt, 200}),
                                   series_of("third", pm2_5, {1, 1, 1})};
  const IndexReport report = own_index(edition, series, ten);
  EXPECT_EQ(map_of(report.sensors), (std::map<Quantity, std::string>{{pm2_5, "new"}}));
  EXPECT_NEAR(report.part_risk_percent.at(0).second, 3.3249, 0.0001);  // of 150
  series[0].newest_first[2] = 30;
  EXPECT_EQ(own_index(edition, series, ten).sensors.at(0).second, "old");
}

}  // namespace
}  // namespace twinsky
