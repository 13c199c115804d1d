// SPDX-License-Identifier: Apache-2.0
// One word for a comparison, the reasons for it as stable codes, and a sentence for people. A pure
// function of the stored hours, hysteresis included. Any thread.
#pragma once

#include "gateway/compare/assessment.hpp"
#include "gateway/compare/drift.hpp"
#include "gateway/compare/floor.hpp"
#include "gateway/compare/lag.hpp"
#include "gateway/compare/relation.hpp"
#include "gateway/compare/targets.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// The first that applies, in this order but for what stands at `judge_evidence`.
enum class Verdict : std::uint8_t {
  no_reference,
  insufficient,
  faulty,
  misaligned,
  not_comparable,
  range_too_small,
  contradicts,
  drifting,
  biased_correctable,
  noisy,
  agrees,
};
std::string_view name_of(Verdict verdict) noexcept;

struct Evidence {
  const Assessment& assessment;
  const LagScan& lag;
  Target target;
  Relation relation = Relation::background;
  std::optional<Floor> floor;
  DriftState drift = DriftState::none;
  bool is_time_trusted = true;
  bool is_indoor = false;
  int min_pairs = 54;  // below, no completeness is enough
};

struct Judgement {
  Verdict verdict = Verdict::insufficient;
  std::vector<std::string_view> reasons;  // stable codes, sorted by weight
};

// The order of Verdict, with two differences that the order itself would make pointless:
//  - quality control failing more than 25 % of the hours is `faulty` although such hours also make
//    the pairs insufficient;
//  - a small range excuses a low correlation only as far as it explains it: when r is below what a
//    sensor that just meets the target's error would reach over this range, the sensor contradicts,
//    and when it is not even positive beyond doubt, the data are insufficient.
Judgement judge_evidence(const Evidence& evidence);

// What is published: a change needs six equal evaluations in a row, `faulty` and `misaligned` come
// at once. `oldest_first` ends with the newest evaluation and is not empty.
inline constexpr int hysteresis_evaluations = 6;
inline constexpr int hysteresis_memory = 2 * hysteresis_evaluations;
Verdict published_verdict(std::span<const Verdict> oldest_first) noexcept;

// What the hint of a misaligned comparison should repair, as a code: "labels_late_1h",
// "labels_early_1h", "time_zone", "labels_shifted".
std::string_view hint_of(int misaligned_by) noexcept;

// One sentence for each verdict (config/verdicts.json).
struct Sentence {
  std::string en;
  std::string zh_hant;
  std::string zh_hans;
};
class VerdictTexts {
 public:
  VerdictTexts();  // throws std::runtime_error where a verdict has no sentence
  [[nodiscard]] const Sentence& of(Verdict verdict) const;

 private:
  std::vector<Sentence> sentences_;
};

}  // namespace twinsky
