// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/official_index.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

struct Bench {
  explicit Bench(std::string_view family) : index(catalogue, family) {}

  static Sample sample(UtcTime end, std::vector<Reading> readings,
                       const std::string& station = "mong-kok", milliseconds length = 1h) {
    Official official;
    official.station = station;
    official.start = end - length;
    official.end = end;
    official.fetched = end + 40min;
    return {.time = end, .readings = std::move(readings), .facts = {}, .official = official};
  }
  // Only ozone makes a difference: 0.4888034e-3 (or 0.5116328e-3 before March 2025) per ug/m3.
  std::vector<IndexReport> ozone(UtcTime end, double value,
                                 const std::string& station = "mong-kok") {
    return index.take(sample(
        end,
        {reading(no2, 0), reading(so2, 0), reading(o3, value), reading(pm10, 0), reading(pm2_5, 0)},
        station));
  }
  void printed(UtcTime end, double value, const std::string& station = "mong-kok") {
    EXPECT_TRUE(index.take(sample(end, {reading(aqhi, value)}, station)).empty());
  }

  IndexCatalogue catalogue;
  OfficialIndex index;
};

TEST(official_index, wants_all_three_hours_and_then_says_each_once) {
  Bench bench("hk-aqhi");
  const UtcTime first = at("2026-11-22T01:00:00Z");
  EXPECT_TRUE(bench.ozone(first, 100).empty());
  EXPECT_TRUE(bench.ozone(first + 1h, 100).empty());
  const auto reports = bench.ozone(first + 2h, 100);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].edition, "hk-aqhi-2025");
  EXPECT_EQ(reports[0].station, "mong-kok");
  EXPECT_EQ(reports[0].start, first + 1h);
  EXPECT_EQ(reports[0].end, first + 2h);
  EXPECT_EQ(reports[0].quantity, aqhi);
  EXPECT_EQ(reports[0].value, 3);  // (exp(0.04888034) - 1) * 100 = 5.01
  EXPECT_NEAR(reports[0].added_risk_percent.value(), 5.0095, 0.0001);
  for (int hour = 0; hour < 3; ++hour) {
    EXPECT_TRUE(bench.ozone(first + hour * 1h, 100).empty()) << "a repeated row";
  }
}

TEST(official_index, an_hour_that_never_came_leaves_three_without) {
  Bench bench("hk-aqhi");
  const UtcTime first = at("2026-11-22T01:00:00Z");
  std::vector<UtcTime> ends;
  for (const int hour : {0, 1, 2, 4, 5, 6, 7}) {
    for (const auto& report : bench.ozone(first + hour * 1h, 100)) ends.push_back(report.end);
  }
  EXPECT_EQ(ends, (std::vector<UtcTime>{first + 2h, first + 6h, first + 7h}));
  // It comes after all: the three that look at it are known now.
  ends.clear();
  for (const auto& report : bench.ozone(first + 3h, 100)) ends.push_back(report.end);
  EXPECT_EQ(ends, (std::vector<UtcTime>{first + 3h, first + 4h, first + 5h}));
}

TEST(official_index, an_hour_without_a_number_is_a_hole_of_the_mean) {
  Bench bench("hk-aqhi");
  const UtcTime first = at("2026-11-22T01:00:00Z");
  const auto without = [&](UtcTime end) {
    return bench.index.take(Bench::sample(end, {reading(no2, 0),
                                                reading(so2, 0),
                                                {.quantity = o3, .flag = Flag::missing},
                                                reading(pm10, 0),
                                                reading(pm2_5, 0)}));
  };
  bench.ozone(first, 100);
  bench.ozone(first + 1h, 100);
  const auto two = without(first + 2h);
  ASSERT_EQ(two.size(), 1U);
  EXPECT_EQ(two[0].value, 3) << "two of three";
  const auto one = without(first + 3h);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].value, std::nullopt);
  EXPECT_FALSE(one[0].added_risk_percent);
}

TEST(official_index, a_revised_row_makes_anew_what_looks_at_it) {
  Bench bench("hk-aqhi");
  const UtcTime first = at("2026-11-22T01:00:00Z");
  for (int hour = 0; hour < 5; ++hour) bench.ozone(first + hour * 1h, 100);
  const auto reports = bench.ozone(first + 2h, 400);
  ASSERT_EQ(reports.size(), 3U);
  for (const auto& report : reports) EXPECT_EQ(report.value, 6);  // mean 200: 10.27 %
  EXPECT_EQ(reports.front().end, first + 2h);
  EXPECT_EQ(reports.back().end, first + 4h);
  // Another value that makes no difference is no news.
  auto same = Bench::sample(first + 2h, {reading(co, 500)});
  EXPECT_TRUE(bench.index.take(same).empty());
}

TEST(official_index, beyond_the_scale_is_ten_plus) {
  Bench bench("hk-aqhi");
  const UtcTime first = at("2026-11-22T01:00:00Z");
  bench.ozone(first, 400);
  bench.ozone(first + 1h, 400);
  const auto reports = bench.ozone(first + 2h, 400);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].value, 11);
  EXPECT_EQ(reports[0].text, "10+");
}

TEST(official_index, an_edition_changes_exactly_the_hours_after_its_date) {
  Bench bench("hk-aqhi");
  const UtcTime switched = at("2025-03-21T16:00:00Z");  // midnight in Hong Kong
  std::map<UtcTime, std::pair<std::string, double>> values;
  for (UtcTime end = switched - 6h; end <= switched + 6h; end += 1h) {
    for (const auto& report : bench.ozone(end, 100)) {
      values[end] = {report.edition, *report.added_risk_percent};
    }
  }
  ASSERT_EQ(values.size(), 11U);
  for (const auto& [end, value] : values) {
    const bool is_new = end > switched;  // the hour that ends at midnight is of the old day
    EXPECT_EQ(value.first, is_new ? "hk-aqhi-2025" : "hk-aqhi-2013") << iso8601(end);
    EXPECT_NEAR(value.second, is_new ? 5.0095 : 5.2494, 0.0001) << iso8601(end);
  }
}

TEST(official_index, of_the_mainland_has_parts_and_a_primary_pollutant) {
  Bench bench("cn-aqi");
  const UtcTime end = at("2026-11-22T01:00:00Z");
  const auto values = [](double particles) {
    return std::vector<Reading>{reading(aqi, 68), reading(pm2_5, particles), reading(pm10, 62),
                                reading(so2, 7),  reading(no2, 41),          reading(o3, 50),
                                reading(co, 600), reading(pm2_5_24h, 300)};
  };
  const auto reports = bench.index.take(Bench::sample(end, values(47), "1141a"));
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].edition, "cn-hj633-2026");
  EXPECT_EQ(reports[0].quantity, aqi);
  EXPECT_EQ(reports[0].value, 74);  // 50 + 50 * (47 - 35) / 25
  EXPECT_EQ(reports[0].primary, std::vector<Quantity>{pm2_5});
  const std::map<Quantity, int> parts(reports[0].parts.begin(), reports[0].parts.end());
  EXPECT_EQ(parts, (std::map<Quantity, int>{
                       {pm2_5, 74}, {pm10, 59}, {so2, 3}, {no2, 21}, {o3, 16}, {co, 6}}));
  EXPECT_TRUE(bench.index.take(Bench::sample(end, values(47), "1141a")).empty());
  EXPECT_EQ(bench.index.take(Bench::sample(end, values(50), "1141a")).at(0).value, 80);
  // Means over other spans are not of this rule.
  EXPECT_TRUE(bench.index.take(Bench::sample(end, {reading(o3_8h, 300)}, "1141a", 8h)).empty());
}

TEST(official_index, tells_how_often_the_agency_printed_the_same) {
  Bench bench("hk-aqhi");
  EXPECT_EQ(bench.index.agreement().compared, 0);
  const UtcTime first = at("2026-11-20T01:00:00Z");
  for (int hour = 0; hour < 50; ++hour) {
    const UtcTime end = first + hour * 1h;
    bench.printed(end, hour == 40 ? 4 : hour == 41 ? 7 : 3);
    bench.ozone(end, 100);
  }
  IndexAgreement agreement = bench.index.agreement();
  EXPECT_EQ(agreement.edition, "hk-aqhi-2025");
  EXPECT_EQ(agreement.compared, 24) << "of the newest day";
  EXPECT_EQ(agreement.equal, 22);
  EXPECT_EQ(agreement.within_one, 23);
  bench.printed(first + 41h, 3);
  bench.index.take(Bench::sample(first + 40h, {{.quantity = aqhi, .flag = Flag::missing}}));
  agreement = bench.index.agreement();
  EXPECT_EQ(agreement.compared, 23) << "the agency took a value back";
  EXPECT_EQ(agreement.equal, 23);
}

TEST(official_index, agreement_is_that_of_the_newest_edition_alone) {
  Bench bench("hk-aqhi");
  const UtcTime switched = at("2025-03-21T16:00:00Z");
  for (UtcTime end = switched - 20h; end <= switched + 5h; end += 1h) {
    bench.printed(end, 3);
    bench.ozone(end, 100);
  }
  EXPECT_EQ(bench.index.agreement().edition, "hk-aqhi-2025");
  EXPECT_EQ(bench.index.agreement().compared, 5);
}

}  // namespace
}  // namespace twinsky
