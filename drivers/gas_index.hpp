// SPDX-License-Identifier: Apache-2.0
// Sensirion's gas index: how the air of this moment compares with that of the last hours, from the
// raw numbers of a metal oxide element (SGP40, SGP41), 1 to 500. The air as it mostly is has 100
// (VOC) or 1 (NOx); it takes 45 s to the first index and hours until it means something.
//
// The raw number goes through a model of the element (how far it is from its running mean, by its
// running deviation), a logistic curve and a low-pass that follows large changes faster. Mean and
// deviation are learnt quickly at first and over 12 h later; while the index is high they stand
// still, for some hours at most.
//
// The algorithm and all of its figures: Sensirion/gas-index-algorithm, version 3.2, floating point.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace twinsky {

struct GasIndexKind;
extern const GasIndexKind voc_kind;
extern const GasIndexKind nox_kind;

class GasIndex {
 public:
  // Asked at this pace, without a gap.
  GasIndex(const GasIndexKind& kind, double interval_s);

  // Nothing until it has its first index.
  std::optional<int> next(double raw);
  // After an interruption: 45 s again, but what was learnt is kept.
  void resume();

 private:
  void learn(double raw);
  void adapt_rates();
  [[nodiscard]] double index_of(double raw) const;
  double smoothed(double index);

  const GasIndexKind* kind_;
  double interval_s_;
  double running_s_ = 0;
  double raw_ = 0;
  double index_ = 0;

  // The mean is kept near zero, as the difference to an offset that follows it.
  bool has_mean_ = false;
  double offset_ = 0;
  double mean_ = 0;
  double deviation_;
  double learning_s_ = 0;
  double since_gate_s_ = 0;
  double gated_min_ = 0;
  double mean_rate_ = 0;
  double deviation_rate_ = 0;

  // Low-passes: a fast one, a slow one, and what is shown.
  bool is_smoothing_ = false;
  double fast_ = 0;
  double slow_ = 0;
  double shown_ = 0;
};

}  // namespace twinsky
