// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/official_values.hpp"

#include "gateway/compare/reference_hours.hpp"
#include "gateway/indices/index.hpp"
#include "gateway/indices/official_index.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/sentinel.hpp"
#include "tests/unit/opendata_cases.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

const UtcTime noon = parse_time("2026-10-05T04:00:00Z").value();

Sample hour_of(std::vector<Reading> readings, UtcTime end = noon) {
  Official official;
  official.station = "mong-kok";
  official.start = end - 1h;
  official.end = end;
  return {.time = end, .readings = std::move(readings), .facts = {}, .official = official};
}

TEST(sentinel, is_nines_alone_below_zero_or_from_four_digits_on) {
  for (const char* const printed : {"-99", "-999", "-9999", "-99999", "-999.9", "-9999.00",
                                    "-99.99", "9999", "99999", "9999.0", "99999.99"}) {
    EXPECT_TRUE(is_sentinel(printed)) << printed;
  }
  for (const char* const printed : {"", "-", "-9", "-9.9", "9", "99", "999", "999.9", "9998",
                                    "-998", "9999.5", "99 99", "0", "-0.99"}) {
    EXPECT_FALSE(is_sentinel(printed)) << printed;
  }
  EXPECT_TRUE(is_sentinel(-9999.0));
  EXPECT_TRUE(is_sentinel(9999.0));
  EXPECT_FALSE(is_sentinel(1012.3));
  EXPECT_FALSE(is_sentinel(1e300));
}

TEST(official_values, keep_their_number_and_are_flagged_where_they_cannot_be) {
  Sample sample =
      hour_of({reading(no2, -361), reading(pm2_5, 12), reading(temperature, 999.9),
               reading(wind_dir, 999), reading(aqhi, 12), reading(pressure_sea_level, 0),
               reading(o3, 9999), absent(so2, Fault::not_ready)});
  check_official_values(sample);
  for (const Reading& each : sample.readings) {
    const bool is_good = each.quantity == pm2_5 || each.quantity == so2;
    EXPECT_EQ(each.value.has_value(), each.quantity != so2) << name_of(each.quantity);
    EXPECT_EQ(each.flag == Flag::fail, !is_good) << name_of(each.quantity);
    EXPECT_EQ(each.reason, is_good ? "" : "range") << name_of(each.quantity);
  }
}

// A monitor that weighs particles prints a little less than nothing in clean air.
TEST(official_values, noise_of_a_monitor_below_zero_is_kept_and_makes_no_index_smaller) {
  const IndexCatalogue catalogue;
  const auto added_risk = [&](double fine, double coarse, double gas) {
    OfficialIndex index(catalogue, "hk-aqhi");
    std::optional<double> risk;
    for (int hour = -2; hour <= 0; ++hour) {
      Sample sample = hour_of({reading(no2, 36), reading(so2, gas), reading(o3, 60),
                               reading(pm10, coarse), reading(pm2_5, fine)},
                              noon + hour * 1h);
      check_official_values(sample);
      for (const Reading& each : sample.readings) EXPECT_TRUE(is_usable(each.value, each.flag));
      for (const IndexReport& report : index.take(sample)) risk = report.added_risk_percent;
    }
    return risk;
  };
  ASSERT_TRUE(added_risk(0, 0, 0));
  EXPECT_EQ(added_risk(-1, -2, -1), added_risk(0, 0, 0));
  EXPECT_GT(added_risk(-1, 31, 4), added_risk(0, 0, 0));
  for (const Quantity quantity : {pm1, pm2_5, pm4, pm10, pm2_5_24h, pm10_24h}) {
    EXPECT_TRUE(is_plausible(quantity, -9.6)) << name_of(quantity);
    EXPECT_FALSE(is_plausible(quantity, -10.1)) << name_of(quantity);
  }
  EXPECT_EQ(catalogue.named("us-epa-2024")->part("pm25_24h", "-0.4"), 0);
}

TEST(official_values, what_was_worked_out_of_a_value_in_doubt_is_in_the_same) {
  Sample sample = hour_of({reading(no2, -60), reading(no2_ppb, -31), reading(so2, 10),
                           reading(so2_ppb, 4), reading(o3, 50), reading(o3_ppb, 25)});
  sample.readings[2].flag = Flag::suspect;
  sample.readings[2].reason = "source";
  check_official_values(sample);
  EXPECT_EQ(sample.readings[1].flag, Flag::fail);
  EXPECT_EQ(sample.readings[1].reason, "range");
  EXPECT_EQ(sample.readings[3].flag, Flag::suspect);
  EXPECT_EQ(sample.readings[3].reason, "source");
  EXPECT_EQ(sample.readings[5].flag, Flag::not_evaluated);
}

TEST(official_values, are_of_no_time_to_come_and_of_none_long_past) {
  const auto problem = [](const char* end, std::optional<UtcTime> now) {
    return problem_of_interval(hour_of({}, parse_time(end).value()), now);
  };
  EXPECT_EQ(problem("2026-10-05T04:00:00Z", noon), "");
  EXPECT_EQ(problem("2026-10-05T05:00:00Z", noon), "") << "as far as our clock may be wrong";
  EXPECT_EQ(problem("2026-10-05T06:00:00Z", noon),
            "an interval of the future, to 2026-10-05T06:00:00.000Z (mong-kok)");
  EXPECT_EQ(problem("2026-09-28T05:00:00Z", noon), "") << "published late";
  EXPECT_EQ(problem("2026-09-05T04:00:00Z", noon),
            "an interval long past, to 2026-09-05T04:00:00.000Z (mong-kok)");
  EXPECT_NE(problem("1900-01-01T04:00:00Z", noon), "");
  EXPECT_NE(problem("1900-01-01T04:00:00Z", std::nullopt), "");
  EXPECT_EQ(problem("1999-01-01T04:00:00Z", std::nullopt), "");
}

TEST(official_values, that_every_feed_prints_for_none_are_absent_with_their_text) {
  const struct {
    const char* feed;
    std::string body;
  } cases[] = {
      {"hk-epd",
       "<AQHI24HrPollutantConcentration><PollutantConcentration><StationName>Mong Kok</StationName>"
       "<DateTime>Mon, 05 Oct 2026 12:00:00 +0800</DateTime><NO2>-9999</NO2><O3>9999</O3>"
       "<SO2>-999</SO2><CO>-99</CO><PM10>-9999.0</PM10><PM2.5>99999</PM2.5>"
       "</PollutantConcentration></AQHI24HrPollutantConcentration>"},
      {"openaq", R"({"results":[{"value":-999,"parameter":{"name":"no2","units":"ppm"},"period":{)"
                 R"("datetimeFrom":{"utc":"2026-10-05T03:00:00Z"},)"
                 R"("datetimeTo":{"utc":"2026-10-05T04:00:00Z"}}}]})"},
      {"metar", "METAR VHHH 220000Z 32004KT 9999 Q9999="},
  };
  for (const auto& [feed, body] : cases) {
    const auto content = opendata::decode(*opendata::feed_of(feed), body);
    ASSERT_TRUE(content) << feed;
    int sentinels = 0;
    for (const Sample& sample : content->samples) {
      for (const Reading& each : sample.readings) {
        if (each.text.find("99") == std::string::npos) continue;
        ++sentinels;
        EXPECT_FALSE(each.value) << feed << " " << name_of(each.quantity);
        EXPECT_EQ(each.flag, Flag::missing);
        EXPECT_EQ(each.reason, "sentinel");
      }
    }
    EXPECT_GE(sentinels, 1) << feed;
  }
}

TEST(official_values, in_doubt_make_no_index) {
  const IndexCatalogue catalogue;
  for (const Flag flag : {Flag::fail, Flag::suspect}) {
    OfficialIndex index(catalogue, "hk-aqhi");
    for (int hour = -2; hour <= 0; ++hour) {
      std::vector<Reading> readings{reading(no2, -361), reading(so2, 4), reading(o3, 60),
                                    reading(pm10, 31), reading(pm2_5, 12)};
      readings[0].flag = flag;
      for (const IndexReport& report : index.take(hour_of(readings, noon + hour * 1h))) {
        EXPECT_FALSE(report.value) << iso8601(report.end);
      }
    }
    EXPECT_EQ(index.agreement().compared, 0);
  }
}

TEST(official_values, that_cannot_be_are_missing_inputs_of_an_index) {
  const IndexCatalogue catalogue;
  IndexInputs inputs{
      {"no2_3h", "36"}, {"so2_3h", "4"}, {"o3_3h", "60"}, {"pm10_3h", "31"}, {"pm25_3h", "12"}};
  const IndexEdition& hong_kong = *catalogue.named("hk-aqhi-2025");
  ASSERT_TRUE(hong_kong.total({}, inputs).value);
  const IndexValue without = [&] {
    IndexInputs fewer = inputs;
    fewer["pm25_3h"] = std::nullopt;
    return hong_kong.total({}, fewer);
  }();
  for (const char* const none : {"-999", "-9999", "99999", "-99", "2001"}) {
    IndexInputs bad = inputs;
    bad["pm25_3h"] = none;
    EXPECT_EQ(hong_kong.total({}, bad), without) << none;
    bad["no2_3h"] = none == std::string_view("2001") ? "10001" : none;
    EXPECT_EQ(hong_kong.total({}, bad).value, std::nullopt) << none;
    EXPECT_EQ(hong_kong.total({}, bad).added_risk_percent, std::nullopt) << none;
  }
  const IndexEdition& states = *catalogue.named("us-epa-2024");
  EXPECT_TRUE(states.part("o3_8h_ppm", "0.070"));
  EXPECT_TRUE(states.part("co_8h_ppm", "30"));
  EXPECT_TRUE(states.part("no2_1h_ppb", "600"));
  for (const char* const none : {"-999", "9999", "-99.9"}) {
    for (const std::string& input : states.inputs({})) {
      EXPECT_FALSE(states.part(input, none)) << input << " " << none;
    }
  }
  const std::vector<std::optional<double>> without_first{std::nullopt, 10, 12, 10};
  const std::vector<std::optional<double>> with_sentinel{-999, 10, 12, 10};
  EXPECT_EQ(nowcast(with_sentinel), nowcast(without_first));
}

TEST(official_values, of_an_earlier_version_are_checked_when_hours_are_made_of_them) {
  const auto row = [](double value, const char* document, Flag flag = Flag::not_evaluated) {
    return OfficialRow{.document = document,
                       .start = noon - 1h,
                       .end = noon,
                       .value = {.quantity = pm2_5, .value = value, .flag = flag}};
  };
  const auto hour = [](std::vector<OfficialRow> rows) { return reference_hours(rows).front(); };
  EXPECT_EQ(hour({row(-9999, "a")}).flag, Flag::fail);
  EXPECT_EQ(hour({row(-9999, "a"), row(12, "b")}).value, 12);
  EXPECT_EQ(hour({row(-9999, "a"), row(12, "b")}).flag, Flag::not_evaluated);
  EXPECT_EQ(hour({row(11, "a", Flag::suspect), row(12, "b")}).value, 12);
  std::vector<OfficialRow> parts;
  for (int part = 0; part < 6; ++part) {
    parts.push_back(row(part == 3 ? -999 : 10, "a"));
    parts.back().start = noon - 1h + part * 10min;
    parts.back().end = parts.back().start + 10min;
  }
  EXPECT_EQ(hour(parts).value, 10);
}

}  // namespace
}  // namespace twinsky
