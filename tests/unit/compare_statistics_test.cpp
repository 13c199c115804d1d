// SPDX-License-Identifier: Apache-2.0
// The parts of a comparison that the case files don't reach.
#include "gateway/compare/floor.hpp"
#include "gateway/compare/proposal.hpp"
#include "gateway/compare/targets.hpp"
#include "tests/unit/collocation.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using std::chrono::hours;

std::vector<Pair> pairs(std::initializer_list<std::pair<double, double>> values) {
  std::vector<Pair> result;
  for (const auto& [x, y] : values) result.push_back({HourStart(hours(result.size())), x, y});
  return result;
}

TEST(pairs, have_one_cause_each) {
  const PairRow good{.sensor = 1, .usable = 45, .expected = 60, .reference = 2};
  EXPECT_FALSE(withheld(good));  // exactly 75 %
  const auto with = [&](auto&& change) {
    PairRow row = good;
    change(row);
    return withheld(row);
  };
  EXPECT_EQ(with([](PairRow& row) { row.usable = 44; }), Withheld::sensor_short);
  EXPECT_EQ(with([](PairRow& row) { row.usable = 44, row.failed = 1; }), Withheld::sensor_qc);
  EXPECT_EQ(with([](PairRow& row) { row.sensor.reset(); }), Withheld::sensor_qc);
  EXPECT_EQ(with([](PairRow& row) { row.sensor = NAN; }), Withheld::sensor_qc);
  EXPECT_EQ(with([](PairRow& row) { row.is_maintenance = true; }), Withheld::maintenance);
  EXPECT_EQ(with([](PairRow& row) { row.reference.reset(); }), Withheld::reference_missing);
  EXPECT_EQ(with([](PairRow& row) { row.reference = INFINITY; }), Withheld::reference_missing);
  EXPECT_EQ(with([](PairRow& row) { row.reference_flag = Flag::fail; }),
            Withheld::reference_flagged);
  EXPECT_EQ(withheld(good, Series::corrected), Withheld::uncorrected);
}

TEST(pairs, unknown_hours_are_short) {
  const std::vector<PairRow> rows{
      {.hour = HourStart(hours(5)), .sensor = 1, .usable = 60, .expected = 60, .reference = 2}};
  const Coverage found = coverage(rows, {HourStart(hours(0)), HourStart(hours(24))});
  EXPECT_EQ(found.expected, 24);
  EXPECT_EQ(found.pairs, 1);
  EXPECT_EQ(found.withheld[static_cast<std::size_t>(Withheld::sensor_short)], 23);
}

TEST(pairs, hours_before_a_side_is_kept_are_nobodys_failure) {
  const PairRow both{
      .hour = HourStart(hours(9)), .sensor = 1, .usable = 60, .expected = 60, .reference = 2};
  std::vector<PairRow> rows(3, both);
  rows[0] = {.hour = HourStart(hours(2)), .reference = 2};
  rows[1].hour = HourStart(hours(6));
  rows[1].reference.reset();
  const Coverage found =
      coverage(rows, {HourStart(hours(0)), HourStart(hours(24))}, Series::raw,
               {.sensor = HourStart(hours(5)), .reference = HourStart(hours(8))});
  EXPECT_EQ(found.pairs, 1);
  const auto of = [&](Withheld cause) { return found.withheld[static_cast<std::size_t>(cause)]; };
  EXPECT_EQ(of(Withheld::before_sensor), 5);
  EXPECT_EQ(of(Withheld::before_reference), 1);
  EXPECT_EQ(of(Withheld::sensor_short), 17);
  EXPECT_EQ(of(Withheld::reference_missing), 0);
  const Coverage none = coverage(rows, {HourStart(hours(0)), HourStart(hours(24))}, Series::raw,
                                 {.sensor = HourStart::max()});
  EXPECT_EQ(none.withheld[static_cast<std::size_t>(Withheld::before_sensor)], 24);
}

TEST(pairs, are_formed_in_the_unit_and_state_of_the_reference) {
  using enum Quantity;
  EXPECT_EQ(in_form_of(pm2_5, {}, pm2_5, 7), 7);
  EXPECT_NEAR(in_form_of(o3, 293.15, o3_ppb, 10).value(), 19.953, 0.01);
  EXPECT_NEAR(in_form_of(o3, 298.15, o3_ppb, 10).value(), 19.619, 0.01);
  EXPECT_NEAR(in_form_of(co, 293.15, co_ppm, 1).value(), 1164.4, 0.5);
  EXPECT_NEAR(in_form_of(no2_ppb, 293.15, no2, 19.125).value(), 10, 0.01);
  EXPECT_FALSE(in_form_of(o3, {}, o3_ppb, 10));
  EXPECT_FALSE(in_form_of(o3, 293.15, no2_ppb, 10));
  EXPECT_FALSE(in_form_of(pm2_5, {}, pm10, 10));
}

TEST(pairs, days_are_local) {
  std::vector<PairRow> rows;
  for (int hour = 0; hour < 48; ++hour) {
    const double value = hour < 16 ? 1 : 3;  // 16:00 UTC is midnight in both cities
    rows.push_back({.hour = HourStart(hours(hour)),
                    .sensor = value,
                    .usable = 1,
                    .expected = 1,
                    .reference = value});
  }
  const DailyPairs daily = daily_pairs(rows, {.offset = hours(8), .min_hours = 16});
  EXPECT_EQ(daily.days, 3);
  ASSERT_EQ(daily.pairs.size(), 2U);
  EXPECT_EQ(daily.pairs[0].sensor, 1);
  EXPECT_EQ(daily.pairs[1].sensor, 3);
  EXPECT_EQ(daily.pairs[1].hour, HourStart(hours(16)));
  EXPECT_EQ(daily_pairs(rows, {.offset = hours(8), .min_hours = 17}).pairs.size(), 1U);
}

TEST(statistics, quantiles_are_interpolated) {
  constexpr std::array sorted{1.0, 2.0, 3.0, 4.0};
  EXPECT_EQ(quantile(sorted, 0), 1);
  EXPECT_EQ(quantile(sorted, 0.5), 2.5);
  EXPECT_EQ(quantile(sorted, 1), 4);
  EXPECT_EQ(quantile(std::array{7.0}, 0.95), 7);
}

TEST(statistics, exceedances_are_counted) {
  const Exceedance table =
      exceedance(pairs({{50, 40}, {50, 20}, {10, 40}, {10, 20}, {30, 31}}), 30);
  EXPECT_EQ(table.hits, 1);
  EXPECT_EQ(table.misses, 1);
  EXPECT_EQ(table.false_alarms, 2);
  EXPECT_EQ(table.correct_negatives, 1);
  EXPECT_EQ(table.probability_of_detection(), 0.5);
  EXPECT_DOUBLE_EQ(table.false_alarm_ratio().value(), 2.0 / 3);
  EXPECT_FALSE(exceedance({}, 30).probability_of_detection());
}

// Values of the alternating series, summed to a hundred terms by another program.
TEST(statistics, kolmogorov_is_right_on_both_sides_of_the_joint) {
  const auto p = [](double lambda) {
    // d = lambda where half of the effective number is 1
    const std::array a{0.0};
    const std::array b{1.0};
    return kolmogorov_smirnov(a, b, 2 * lambda * lambda).p;
  };
  EXPECT_NEAR(p(0.5), 0.9639452436648751, 1e-12);
  EXPECT_NEAR(p(0.83), 0.4961909953505059, 1e-12);
  EXPECT_NEAR(p(1.0), 0.2699996716773546, 1e-12);
  EXPECT_NEAR(p(1.17), p(1.19), 0.02);
  EXPECT_NEAR(p(1.36), 0.0494858767553779, 1e-12);
  EXPECT_NEAR(p(2.0), 0.0006709252557797, 1e-12);
  EXPECT_EQ(p(0.01), 1);
}

TEST(fit, says_nothing_of_what_is_constant) {
  for (const auto& set : {pairs({{1, 5.1}, {2, 5.1}, {3, 5.1}, {4, 5.1}}),
                          pairs({{5.1, 1}, {5.1, 2}, {5.1, 3}, {5.1, 4}}), pairs({})}) {
    const Moments moments = moments_of(set);
    EXPECT_FALSE(moments.r());
    EXPECT_FALSE(least_squares(moments));
    EXPECT_FALSE(orthogonal(moments));
    EXPECT_FALSE(moment_match(moments));
  }
  EXPECT_FALSE(errors_of({}, {}));
  EXPECT_FALSE(reference_range({}));
}

TEST(fit, does_not_gain_from_noise_or_sign) {
  const Moments opposite = moments_of(pairs({{1, 9}, {2, 7.5}, {3, 7}, {4, 5.5}}));
  EXPECT_LT(opposite.r().value(), -0.9);
  EXPECT_FALSE(moment_match(opposite));
  const ConfidenceInterval r = interval_of_r(0.2, 20).value();
  EXPECT_LT(r.lower, 0);
  EXPECT_EQ(interval_of_r2(r).lower, 0);
  EXPECT_FALSE(interval_of_r(0.9, 3));
  const ConfidenceInterval negative = interval_of_r(-0.9, 50).value();
  EXPECT_LT(negative.upper, 0);
  EXPECT_LT(interval_of_r2(negative).lower, interval_of_r2(negative).upper);
}

TEST(fit, uncertainty_is_absent_when_the_reference_explains_more) {
  const OrthogonalLine line{.slope = 1, .residual_variance = 0.1};
  EXPECT_TRUE(expanded_uncertainty(line, 30));
  EXPECT_FALSE(expanded_uncertainty(line, 30, 0.67));
  EXPECT_FALSE(expanded_uncertainty(line, 0));
}

TEST(targets, follow_the_unit_of_the_reference) {
  const TargetCatalogue targets;
  const Target share = targets.of(Quantity::o3_ppb);
  const Target mass = targets.of(Quantity::o3, 293.15);
  EXPECT_EQ(mass.name, share.name);
  EXPECT_EQ(mass.highest_slope, share.highest_slope);
  EXPECT_NEAR(*mass.rmse / *share.rmse, 1.9953, 1e-3);
  EXPECT_NEAR(*targets.of(Quantity::co, 293.15).rmse, 0.15 * 1164.4, 0.1);
  EXPECT_EQ(targets.of(Quantity::o3).name, "twinsky-any");  // no state, no unit
  EXPECT_EQ(targets.of(Quantity::noise).name, "twinsky-any");
}

TEST(relation, follows_distance_height_and_kind) {
  const auto of = [](std::optional<double> distance, std::optional<double> height, bool same,
                     Quantity quantity = Quantity::no2) {
    return relation_of({distance, height, same}, quantity);
  };
  EXPECT_EQ(of(20, 5, true), Relation::collocated);
  EXPECT_EQ(of(20, -5, true), Relation::collocated);
  EXPECT_EQ(of(20, 5.1, true), Relation::near);
  EXPECT_EQ(of(20, {}, true), Relation::near);
  EXPECT_EQ(of(1000, 0, true), Relation::near);
  EXPECT_EQ(of(1000, 0, false), Relation::background);
  EXPECT_EQ(of(1000, 0, false, Quantity::o3), Relation::area);
  EXPECT_EQ(of(5000, 60, true, Quantity::pm2_5), Relation::area);
  EXPECT_EQ(of(5001, 0, true, Quantity::pm2_5), Relation::background);
  EXPECT_EQ(of({}, 0, true), Relation::background);
}

TEST(relation, distance_is_along_the_ground) {
  const Position mong_kok{.latitude_deg = 22.3226, .longitude_deg = 114.1683};
  const Position central{.latitude_deg = 22.2819, .longitude_deg = 114.1581};
  EXPECT_NEAR(distance_m(mong_kok, central), 4646, 10);
  EXPECT_EQ(distance_m(central, central), 0);
}

TEST(representativeness_floor, is_that_of_the_nearest_of_its_kind) {
  const auto station = [](std::string id, std::string kind, double longitude, double gain) {
    StationHours hours_of{std::move(id), std::move(kind), {.longitude_deg = longitude}, {}};
    for (int hour = 0; hour < 200; ++hour) {
      hours_of.hours.push_back({HourStart(hours(hour)), gain * (10 + hour % 24)});
    }
    return hours_of;
  };
  const StationHours here = station("a", "general", 114.00, 1);
  std::vector<StationHours> others{station("far", "general", 114.2, 3),
                                   station("b", "general", 114.05, 2),
                                   station("road", "roadside", 114.01, 5), here};
  others.push_back(station("silent", "general", 114.02, 1));
  others.back().hours.resize(50);
  const auto floor = representativeness_floor(here, others);
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->station, "b");
  EXPECT_EQ(floor->pairs, 200);
  EXPECT_NEAR(floor->r2, 1, 1e-12);
  EXPECT_FALSE(representativeness_floor(here, {}));
}

// Real figures of EPA's unit 2.
TEST(proposal, is_made_only_when_the_hours_held_out_gain) {
  const std::vector<PairRow> rows = collocated_rows("s2_o3", "ref_o3");
  const Assessment seen = assess(rows, whole_of(rows));
  const Siting here{.distance_m = 3, .is_same_kind = true, .published_distance_m = 3};
  const auto proposal = propose(seen, Relation::collocated, here);
  ASSERT_TRUE(proposal);
  EXPECT_NEAR(proposal->gain, 1.92, 0.005);
  EXPECT_NEAR(proposal->offset, -31.1, 0.05);
  EXPECT_NEAR(proposal->expected_rmse, 3.1, 0.05);
  EXPECT_NEAR(proposal->raw_rmse, 9.6, 0.05);
  EXPECT_EQ(proposal->basis_hours, 444);
  EXPECT_TRUE(propose(seen, Relation::near, here));
  const auto refused = [](const auto& nothing, Gate gate) {
    EXPECT_FALSE(nothing);
    EXPECT_EQ(name_of(nothing.error().gate), name_of(gate));
    return nothing.error();
  };
  const Siting there{.distance_m = 3012, .is_same_kind = true, .published_distance_m = 3000};
  const NoProposal far = refused(propose(seen, Relation::area, there), Gate::station_far);
  EXPECT_EQ(far.limit, 1000);
  EXPECT_EQ(far.achieved, 3000);
  refused(propose(seen, Relation::background, Siting{}), Gate::station_far);
  refused(propose(seen, Relation::background, Siting{.distance_m = 30}), Gate::station_kind);

  const auto few = std::span(rows).first(100);
  const NoProposal short_of =
      refused(propose(assess(few, whole_of(rows)), Relation::near, here), Gate::few_pairs);
  EXPECT_EQ(short_of.limit, 126);
  EXPECT_LT(short_of.achieved, 101);

  // A sensor that is right gains nothing; one that does not correlate is not dressed up.
  std::vector<PairRow> exact = rows;
  for (PairRow& row : exact) {
    if (row.sensor && row.reference) row.sensor = row.reference;
  }
  const NoProposal right =
      refused(propose(assess(exact, whole_of(exact)), Relation::collocated, here), Gate::held_out);
  EXPECT_EQ(right.limit, 0);
  EXPECT_EQ(right.achieved, 0);
  const std::vector<PairRow> noise = collocated_rows("s2_no2", "ref_no2");
  const NoProposal loose = refused(
      propose(assess(noise, whole_of(noise)), Relation::collocated, here), Gate::low_correlation);
  EXPECT_EQ(loose.limit, 0.5);
  EXPECT_LT(loose.achieved, 0.5);
}

}  // namespace
}  // namespace twinsky
