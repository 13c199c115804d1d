// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/verdict.hpp"

#include "gateway/model/embedded.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace twinsky {
namespace {

constexpr double least_completeness = 0.75;
constexpr double most_failed = 0.25;
constexpr double least_r2 = 0.5;

constexpr std::array<std::string_view, 11> verdict_names{
    "no_reference",       "insufficient",    "faulty",      "misaligned",
    "not_comparable",     "range_too_small", "contradicts", "drifting",
    "biased_correctable", "noisy",           "agrees"};

std::optional<Judgement> nothing_to_judge(const Evidence& evidence) {
  const Coverage& coverage = evidence.assessment.coverage;
  if (coverage.expected > 0 && coverage.reference_valid == 0) {
    return Judgement{Verdict::no_reference, {"no_reference"}};
  }
  const int failed = coverage.withheld[static_cast<std::size_t>(Withheld::sensor_qc)];
  if (coverage.expected > 0 && failed > most_failed * coverage.expected) {
    return Judgement{Verdict::faulty, {"sensor_qc"}};
  }
  if (!evidence.is_time_trusted) return Judgement{Verdict::faulty, {"time_not_trusted"}};
  Judgement judgement{Verdict::insufficient, {}};
  if (coverage.pairs < evidence.min_pairs) judgement.reasons.emplace_back("few_pairs");
  if (coverage.completeness() < least_completeness) {
    judgement.reasons.emplace_back("low_completeness");
  }
  if (judgement.reasons.empty()) return std::nullopt;
  return judgement;
}

std::optional<Judgement> not_the_sensors_doing(const Evidence& evidence) {
  if (evidence.lag.misaligned_by) {
    return Judgement{Verdict::misaligned, {hint_of(*evidence.lag.misaligned_by)}};
  }
  Judgement judgement{Verdict::not_comparable, {}};
  if (evidence.is_indoor) judgement.reasons.emplace_back("indoor");
  if (evidence.relation == Relation::background) judgement.reasons.emplace_back("background");
  if (evidence.floor && evidence.floor->r2 < least_r2) judgement.reasons.emplace_back("floor");
  if (judgement.reasons.empty()) return std::nullopt;
  return judgement;
}

// With a true spread s and errors of spread e, r can't be expected to pass 1 / sqrt(1 + e^2/s^2).
std::optional<double> attainable_r(const Evidence& evidence) {
  const double spread = evidence.assessment.moments.sd_reference();
  if (!evidence.target.rmse || !(spread > 0)) return std::nullopt;
  return 1 / std::hypot(1, *evidence.target.rmse / spread);
}

// Is the correlation, with one-sided 95 %, below what even this range would show?
bool is_beyond_excuse(const Evidence& evidence) {
  constexpr double one_sided_95 = 1.6448536269514722;
  constexpr double nearly_one = 1 - 1e-15;
  const Assessment& seen = evidence.assessment;
  const auto attainable = attainable_r(evidence);
  if (!attainable || !seen.line || !(seen.n_effective > 3)) return false;
  const double z = std::atanh(std::clamp(seen.line->r, -nearly_one, nearly_one));
  const double upper = std::tanh(z + one_sided_95 / std::sqrt(seen.n_effective - 3));
  return upper < *attainable;
}

// Beyond doubt (99 %): what is excused by a small range must at least follow the reference a
// little, or chance alone would be excused as well.
bool is_positive(const Assessment& seen) {
  constexpr double two_sided_99 = 2.5758293035489004;
  constexpr double nearly_one = 1 - 1e-15;
  const double z = std::atanh(std::clamp(seen.line->r, -nearly_one, nearly_one));
  return z * std::sqrt(seen.n_effective - 3) > two_sided_99;
}

// Nothing to see: the reference moved less than twice the error that the target allows, or, where
// none is set, less than the sensor scatters about its own fit.
bool is_range_small(const Evidence& evidence) {
  const Assessment& seen = evidence.assessment;
  if (seen.moments.is_reference_constant() || !seen.range) return true;
  if (evidence.target.rmse) return seen.range->span() < 2 * *evidence.target.rmse;
  return seen.line && seen.line->residual_sd > seen.moments.sd_reference();
}

std::optional<Judgement> correlation(const Evidence& evidence) {
  const Assessment& seen = evidence.assessment;
  if (seen.moments.is_sensor_constant()) return Judgement{Verdict::faulty, {"sensor_constant"}};
  if (seen.moments.is_reference_constant()) {
    return Judgement{Verdict::range_too_small, {"reference_constant"}};
  }
  if (!seen.line || !seen.r_interval) {
    return Judgement{Verdict::insufficient, {"few_independent_pairs"}};
  }
  const bool is_negative = seen.r_interval->upper <= 0;
  const double best = std::max(0.0, seen.r_interval->upper);
  const bool is_low = best * best < least_r2;
  const std::string_view why = seen.line->r < 0 ? "negative_correlation" : "low_correlation";
  if (is_negative || (is_low && is_beyond_excuse(evidence))) {
    return Judgement{Verdict::contradicts, {why}};
  }
  if (is_range_small(evidence)) {
    if (is_positive(seen)) return Judgement{Verdict::range_too_small, {"reference_range"}};
    return Judgement{Verdict::insufficient, {"reference_range", why}};
  }
  if (is_low) return Judgement{Verdict::contradicts, {why}};
  return std::nullopt;
}

// Where two official stations agree no better, the sensor is not asked to.
Criteria fair_criteria(const Evidence& evidence) {
  Target target = evidence.target;
  if (evidence.floor && evidence.relation != Relation::collocated) {
    target.r2 = std::min(target.r2, evidence.floor->r2);
    if (target.rmse) target.rmse = std::max(*target.rmse, evidence.floor->rmse);
  }
  return judge(target, evidence.assessment.line, evidence.assessment.errors);
}

Judgement quality(const Evidence& evidence) {
  if (evidence.drift == DriftState::alarm) return {Verdict::drifting, {"drift_alarm"}};
  const Criteria criteria = fair_criteria(evidence);
  Judgement judgement;
  const auto note = [&](const std::optional<bool>& met, std::string_view reason) {
    if (met.value_or(true)) return true;
    judgement.reasons.push_back(reason);
    return false;
  };
  const bool is_sloped = note(criteria.slope, "slope");
  const bool is_zeroed = note(criteria.intercept, "intercept");
  const bool is_linear = note(criteria.r2, "r2");
  const bool is_close = note(criteria.error, "error");
  // An error that is gone when the mean is put right is a bias as well.
  const bool is_offset = !is_close && evidence.assessment.errors && evidence.target.rmse &&
                         evidence.assessment.errors->rmse_centred <= *evidence.target.rmse;
  if (is_linear && (!is_sloped || !is_zeroed || is_offset)) {
    judgement.verdict = Verdict::biased_correctable;
  } else {
    judgement.verdict = is_linear && is_close ? Verdict::agrees : Verdict::noisy;
  }
  return judgement;
}

}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  return verdict_names[static_cast<std::size_t>(verdict)];
}

Judgement judge_evidence(const Evidence& evidence) {
  if (auto judgement = nothing_to_judge(evidence)) return *std::move(judgement);
  if (evidence.assessment.moments.is_sensor_constant()) {
    return {Verdict::faulty, {"sensor_constant"}};
  }
  if (auto judgement = not_the_sensors_doing(evidence)) return *std::move(judgement);
  if (auto judgement = correlation(evidence)) return *std::move(judgement);
  return quality(evidence);
}

Verdict published_verdict(std::span<const Verdict> oldest_first) noexcept {
  // Where it began is not known, so it begins with what was most common; of ties with the earlier
  // in the order, so that a comparison that wavers stays with one word.
  std::array<int, verdict_names.size()> counts{};
  for (const Verdict verdict : oldest_first) ++counts[static_cast<std::size_t>(verdict)];
  auto state = static_cast<Verdict>(std::ranges::max_element(counts) - counts.begin());
  int equal = 0;
  std::optional<Verdict> before;
  for (const Verdict verdict : oldest_first) {
    equal = before == verdict ? equal + 1 : 1;
    before = verdict;
    const bool is_immediate = verdict == Verdict::faulty || verdict == Verdict::misaligned;
    if (is_immediate || equal >= hysteresis_evaluations) state = verdict;
  }
  return state;
}

std::string_view hint_of(int misaligned_by) noexcept {
  // A label of the hour's end read as its start is an hour late, and the other way round; local
  // time read as UTC, or UTC as local, is eight hours off in both cities.
  constexpr int zone = 8;
  if (misaligned_by == 1) return "labels_early_1h";
  if (misaligned_by == -1) return "labels_late_1h";
  return std::abs(misaligned_by) == zone ? "time_zone" : "labels_shifted";
}

VerdictTexts::VerdictTexts() {
  const auto json = Json::parse(embedded_file("config/verdicts.json"));
  for (const std::string_view name : verdict_names) {
    const auto& texts = json.at(std::string(name));
    sentences_.push_back(
        {.en = texts.at("en"), .zh_hant = texts.at("zh-Hant"), .zh_hans = texts.at("zh-Hans")});
  }
}

const Sentence& VerdictTexts::of(Verdict verdict) const {
  return sentences_[static_cast<std::size_t>(verdict)];
}

}  // namespace twinsky
