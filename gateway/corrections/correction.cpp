// SPDX-License-Identifier: Apache-2.0
#include "gateway/corrections/correction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace twinsky {
namespace {

constexpr double highest_humidity = 95;  // beyond, growth is anybody's guess
constexpr double coldest_factor_c = -30;
constexpr double factor_step_c = 10;
constexpr double hottest_factor_c = 50;

// The inputs of one application; all that the formula needs are there.
class Inputs {
 public:
  explicit Inputs(const CorrectionValues& values) : values_(values) {}
  double operator[](CorrectionInput input) const {
    return *values_[static_cast<std::size_t>(input)];
  }

 private:
  const CorrectionValues& values_;
};

double evaluate(const LinearCorrection& formula, const Inputs& in) {
  return formula.gain * in[CorrectionInput::raw] + formula.offset;
}

double evaluate(const MultilinearCorrection& formula, const Inputs& in) {
  double value = formula.constant + formula.raw_factor * in[CorrectionInput::raw];
  if (formula.temperature_factor != 0) {
    value += formula.temperature_factor * in[CorrectionInput::temperature];
  }
  if (formula.humidity_factor != 0) {
    value += formula.humidity_factor * in[CorrectionInput::humidity];
  }
  return value;
}

double evaluate(const PiecewiseCorrection& formula, const Inputs& in) {
  const double raw = in[CorrectionInput::raw];
  const auto& knots = formula.knots;
  if (knots.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  auto above = std::ranges::upper_bound(knots, raw, {}, &PiecewiseCorrection::Knot::raw);
  if (above == knots.begin()) ++above;
  if (above == knots.end()) --above;
  const auto below = above - 1;
  const double slope = (above->corrected - below->corrected) / (above->raw - below->raw);
  return below->corrected + slope * (raw - below->raw);
}

double evaluate(const BarkjohnCorrection&, const Inputs& in) {
  return 0.524 * in[CorrectionInput::raw] - 0.0852 * in[CorrectionInput::humidity] + 5.72;
}

// Continuous at its four joints: 30, 50, 210 and 260 ug/m3.
double evaluate(const SmokeCorrection&, const Inputs& in) {
  const double x = in[CorrectionInput::raw];
  const double humidity = 0.0862 * in[CorrectionInput::humidity];
  const auto lower = [&](double factor) { return factor * x - humidity + 5.75; };
  const double upper = 2.966 + 0.69 * x + 8.84e-4 * x * x;
  double value = upper;
  if (x < 30) {
    value = lower(0.524);
  } else if (x < 50) {
    value = lower(std::lerp(0.524, 0.786, x / 20 - 1.5));
  } else if (x < 210) {
    value = lower(0.786);
  } else if (x < 260) {
    value = std::lerp(lower(0.786), upper, x / 50 - 4.2);
  }
  return std::max(0.0, value);
}

double evaluate(const KappaKoehlerCorrection& formula, const Inputs& in) {
  constexpr double dry_density = 1.65;  // g/cm3
  const double activity = std::min(in[CorrectionInput::humidity], highest_humidity) / 100;
  const double raw = in[CorrectionInput::raw];
  if (activity <= 0) return raw;
  return raw / (1 + formula.kappa / dry_density / (1 / activity - 1));
}

double evaluate(const ElectrodeCorrection& formula, const Inputs& in) {
  // n_T from -30 degC in steps of 10; straight lines between.
  constexpr std::array no2{0.8, 0.8, 1.0, 1.2, 1.6, 1.8, 1.9, 2.5, 3.6};
  constexpr std::array co{1.0, 1.0, 1.0, 1.0, -0.2, -0.9, -1.5, -1.5, -1.5};
  const auto& factors = formula.cell == ElectrodeCorrection::Cell::no2 ? no2 : co;
  const double temperature =
      std::clamp(in[CorrectionInput::temperature], coldest_factor_c, hottest_factor_c);
  const double place = (temperature - coldest_factor_c) / factor_step_c;
  const auto below = std::min(static_cast<std::size_t>(place), factors.size() - 2);
  const double factor =
      std::lerp(factors[below], factors[below + 1], place - static_cast<double>(below));
  return (in[CorrectionInput::working_electrode] -
          factor * in[CorrectionInput::auxiliary_electrode]) /
         formula.sensitivity_mv;
}

bool is_inside(const std::vector<InputRange>& ranges, const CorrectionValues& values) {
  return std::ranges::all_of(ranges, [&](const InputRange& range) {
    const auto& value = values[static_cast<std::size_t>(range.input)];
    return value && *value >= range.lower && *value <= range.upper;
  });
}

}  // namespace

std::string_view name_of(CorrectionInput input) noexcept {
  constexpr std::array<std::string_view, correction_inputs> names{
      "raw", "temperature", "humidity", "working_electrode", "auxiliary_electrode"};
  return names[static_cast<std::size_t>(input)];
}

std::string name_of(const Correction& correction) {
  return correction.id + '@' + std::to_string(correction.version);
}

std::vector<CorrectionInput> inputs_of(const CorrectionFormula& formula) {
  using enum CorrectionInput;
  if (std::holds_alternative<ElectrodeCorrection>(formula)) {
    return {temperature, working_electrode, auxiliary_electrode};
  }
  std::vector<CorrectionInput> inputs{raw};
  const auto* const multilinear = std::get_if<MultilinearCorrection>(&formula);
  if (multilinear != nullptr && multilinear->temperature_factor != 0) inputs.push_back(temperature);
  const bool is_humid = std::holds_alternative<BarkjohnCorrection>(formula) ||
                        std::holds_alternative<SmokeCorrection>(formula) ||
                        std::holds_alternative<KappaKoehlerCorrection>(formula) ||
                        (multilinear != nullptr && multilinear->humidity_factor != 0);
  if (is_humid) inputs.push_back(humidity);
  return inputs;
}

std::vector<InputRange> published_range(const CorrectionFormula& formula) {
  if (std::holds_alternative<BarkjohnCorrection>(formula)) {
    return {{CorrectionInput::raw, 0, 250}, {CorrectionInput::humidity, 0, 100}};
  }
  if (std::holds_alternative<SmokeCorrection>(formula)) {
    return {{CorrectionInput::humidity, 0, 100}};
  }
  if (std::holds_alternative<KappaKoehlerCorrection>(formula)) {
    return {{CorrectionInput::humidity, 0, highest_humidity}};
  }
  if (std::holds_alternative<ElectrodeCorrection>(formula)) {
    return {{CorrectionInput::temperature, coldest_factor_c, hottest_factor_c}};
  }
  return {};
}

Corrected apply(const Correction& correction, const CorrectionValues& values, UtcTime time) {
  const auto is_there = [&](CorrectionInput input) {
    const auto& value = values[static_cast<std::size_t>(input)];
    return value && std::isfinite(*value);
  };
  if (!std::ranges::all_of(inputs_of(correction.formula), is_there)) {
    return {.value = {}, .flag = Flag::missing, .reason = "input_missing"};
  }
  const double value = std::visit(
      [&](const auto& formula) { return evaluate(formula, Inputs(values)); }, correction.formula);
  if (!std::isfinite(value)) return {.value = {}, .flag = Flag::fail, .reason = "no_number"};
  const bool is_in_time = (!correction.valid_from || time >= *correction.valid_from) &&
                          (!correction.valid_until || time < *correction.valid_until);
  if (!is_in_time) return {.value = value, .flag = Flag::suspect, .reason = "outside_validity"};
  if (!is_inside(correction.hull, values) ||
      !is_inside(published_range(correction.formula), values)) {
    return {.value = value, .flag = Flag::suspect, .reason = "outside_hull"};
  }
  return {.value = value, .flag = Flag::pass, .reason = {}};
}

}  // namespace twinsky
