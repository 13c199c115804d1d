// SPDX-License-Identifier: Apache-2.0
// Corrections: the values that their sources give, and what is flagged.
#include "gateway/corrections/correction.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using enum CorrectionInput;

CorrectionValues values(std::initializer_list<std::pair<CorrectionInput, double>> given) {
  CorrectionValues result;
  for (const auto& [input, value] : given) result[static_cast<std::size_t>(input)] = value;
  return result;
}

Corrected corrected(const CorrectionFormula& formula, const CorrectionValues& inputs) {
  return apply({.id = "x", .formula = formula}, inputs, UtcTime{});
}

TEST(correction, smoke_has_the_values_of_its_source) {
  const auto smoke = [](double raw, double humidity) {
    return *corrected(SmokeCorrection{},
                      values({{CorrectionInput::raw, raw}, {CorrectionInput::humidity, humidity}}))
                .value;
  };
  EXPECT_NEAR(smoke(10, 60), 5.818, 5e-4);
  EXPECT_NEAR(smoke(40, 60), 26.778, 5e-4);
  EXPECT_NEAR(smoke(100, 60), 79.178, 5e-4);
  EXPECT_NEAR(smoke(235, 60), 199.611, 5e-4);
  EXPECT_NEAR(smoke(300, 60), 289.526, 5e-4);
  for (const double joint : {30.0, 50.0, 210.0, 260.0}) {
    EXPECT_NEAR(smoke(std::nextafter(joint, 0), 60), smoke(joint, 60), 1e-9) << joint;
  }
  EXPECT_EQ(smoke(0, 100), 0);  // clamped
}

TEST(correction, barkjohn_is_a_line_and_not_clamped) {
  const auto barkjohn = [](double cf1, double humidity) {
    return corrected(BarkjohnCorrection{},
                     values({{CorrectionInput::raw, cf1}, {CorrectionInput::humidity, humidity}}));
  };
  EXPECT_NEAR(*barkjohn(20, 50).value, 0.524 * 20 - 0.0852 * 50 + 5.72, 1e-12);
  EXPECT_EQ(barkjohn(20, 50).flag, Flag::pass);
  EXPECT_LT(*barkjohn(0, 90).value, 0);
  EXPECT_EQ(barkjohn(251, 50).flag, Flag::suspect);
  EXPECT_EQ(barkjohn(251, 50).reason, "outside_hull");
}

TEST(correction, kappa_koehler_grows_with_humidity) {
  const auto factor = [](double humidity) {
    const Corrected result =
        corrected(KappaKoehlerCorrection{.kappa = 0.3},
                  values({{CorrectionInput::raw, 100}, {CorrectionInput::humidity, humidity}}));
    return 100 / *result.value;
  };
  EXPECT_NEAR(factor(80), 1.73, 0.005);
  EXPECT_NEAR(factor(90), 2.64, 0.005);
  EXPECT_NEAR(factor(95), 4.45, 0.005);
  EXPECT_EQ(factor(99), factor(95));  // capped
  EXPECT_EQ(factor(0), 1);
  EXPECT_EQ(corrected(KappaKoehlerCorrection{},
                      values({{CorrectionInput::raw, 1}, {CorrectionInput::humidity, 96}}))
                .flag,
            Flag::suspect);
}

TEST(correction, electrodes_follow_temperature) {
  const auto no2 = [](double temperature) {
    return corrected(
        ElectrodeCorrection{.cell = ElectrodeCorrection::Cell::no2, .sensitivity_mv = 0.2},
        values({{CorrectionInput::temperature, temperature},
                {working_electrode, 20},
                {auxiliary_electrode, 5}}));
  };
  EXPECT_NEAR(*no2(20).value, (20 - 1.8 * 5) / 0.2, 1e-9);
  EXPECT_NEAR(*no2(25).value, (20 - 1.85 * 5) / 0.2, 1e-9);
  EXPECT_NEAR(*no2(50).value, (20 - 3.6 * 5) / 0.2, 1e-9);
  EXPECT_EQ(no2(50).flag, Flag::pass);
  EXPECT_EQ(no2(51).flag, Flag::suspect);
  EXPECT_EQ(*no2(51).value, *no2(50).value);
  const Corrected co = corrected(
      ElectrodeCorrection{.cell = ElectrodeCorrection::Cell::co, .sensitivity_mv = 0.4},
      values(
          {{CorrectionInput::temperature, 10}, {working_electrode, 20}, {auxiliary_electrode, 5}}));
  EXPECT_NEAR(*co.value, (20 + 0.2 * 5) / 0.4, 1e-9);
}

TEST(correction, lines_planes_and_knots) {
  const auto at = [](double raw) { return values({{CorrectionInput::raw, raw}}); };
  EXPECT_EQ(*corrected(LinearCorrection{.gain = 2, .offset = -1}, at(4)).value, 7);
  const PiecewiseCorrection knots{{{0, 0}, {10, 20}, {20, 25}}};
  EXPECT_EQ(*corrected(knots, at(5)).value, 10);
  EXPECT_EQ(*corrected(knots, at(10)).value, 20);
  EXPECT_EQ(*corrected(knots, at(15)).value, 22.5);
  EXPECT_EQ(*corrected(knots, at(30)).value, 30);
  EXPECT_EQ(*corrected(knots, at(-5)).value, -10);
  EXPECT_FALSE(corrected(PiecewiseCorrection{}, at(1)).value);
  const MultilinearCorrection plane{
      .constant = 1, .raw_factor = 2, .temperature_factor = 3, .humidity_factor = 4};
  EXPECT_EQ(*corrected(plane, values({{CorrectionInput::raw, 10},
                                      {CorrectionInput::temperature, 20},
                                      {CorrectionInput::humidity, 30}}))
                 .value,
            1 + 20 + 60 + 120);
}

TEST(correction, absent_inputs_give_no_value) {
  const Corrected none = corrected(SmokeCorrection{}, values({{CorrectionInput::raw, 10}}));
  EXPECT_FALSE(none.value);
  EXPECT_EQ(none.flag, Flag::missing);
  EXPECT_EQ(none.reason, "input_missing");
  EXPECT_FALSE(corrected(LinearCorrection{}, values({{CorrectionInput::raw, NAN}})).value);
}

TEST(correction, is_suspect_outside_its_hull_and_time) {
  const UtcTime begin = parse_time("2026-01-01T00:00:00Z").value();
  const Correction correction{.id = "roof-o3",
                              .version = 2,
                              .formula = LinearCorrection{},
                              .hull = {{CorrectionInput::raw, 0, 60}, {temperature, 5, 35}},
                              .valid_from = begin,
                              .valid_until = begin + std::chrono::hours(24)};
  EXPECT_EQ(name_of(correction), "roof-o3@2");
  const auto flag = [&](double raw_value, double celsius, UtcTime time) {
    return apply(correction, values({{CorrectionInput::raw, raw_value}, {temperature, celsius}}),
                 time)
        .flag;
  };
  EXPECT_EQ(flag(60, 5, begin), Flag::pass);
  EXPECT_EQ(flag(60.1, 5, begin), Flag::suspect);
  EXPECT_EQ(flag(60, 4.9, begin), Flag::suspect);
  EXPECT_EQ(flag(30, 20, begin - milliseconds(1)), Flag::suspect);
  EXPECT_EQ(flag(30, 20, begin + std::chrono::hours(24)), Flag::suspect);
  // What the hull asks for and nobody knows is not inside it.
  EXPECT_EQ(apply(correction, values({{CorrectionInput::raw, 10}}), begin).flag, Flag::suspect);
}

}  // namespace
}  // namespace twinsky
