// SPDX-License-Identifier: Apache-2.0
#include "drivers/gas_index.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {

struct GasIndexKind {
  bool rises_with_gas;  // or falls, and then its deviation counts
  double usual_index;   // before anything is known
  double lowest_raw;
  double first_tau_s;  // of the mean, while it learns quickly
  double quick_mean_s;
  double quick_deviation_s;
  double gate;  // from this index on nothing is learnt
  double longest_gate_min;
  double curve_steepness;
  double curve_middle;
};
const GasIndexKind voc_kind{.rises_with_gas = false,
                            .usual_index = 100,
                            .lowest_raw = 20000,
                            .first_tau_s = 20,
                            .quick_mean_s = 0.75 * 3600,
                            .quick_deviation_s = 1.45 * 3600,
                            .gate = 340,
                            .longest_gate_min = 3 * 60,
                            .curve_steepness = -0.0065,
                            .curve_middle = 213};
const GasIndexKind nox_kind{.rises_with_gas = true,
                            .usual_index = 1,
                            .lowest_raw = 10000,
                            .first_tau_s = 1200,
                            .quick_mean_s = 4.75 * 3600,
                            .quick_deviation_s = 5.70 * 3600,
                            .gate = 30,
                            .longest_gate_min = 12 * 60,
                            .curve_steepness = -0.0101,
                            .curve_middle = 614};

namespace {

constexpr double blackout_s = 45;
constexpr double highest_raw = 65000;
constexpr double widest_raw = 32767;
constexpr double gain = 230;
constexpr double highest_index = 500;
constexpr double lowest_index = 0.5;
constexpr double first_deviation = 50;
constexpr double deviation_bonus = 220;
constexpr double nox_deviation = 2000;
constexpr double tau_h = 12;
constexpr double first_deviation_tau_s = 2500;
constexpr double transition = 0.01;
constexpr double gate_at_first = 510;
constexpr double gate_transition = 0.09;
constexpr double gate_recovery = 0.3;
constexpr double longest_counted_s = 32767;
constexpr double scaling = 64;      // of the rates
constexpr double mean_scaling = 8;  // and of the mean's besides
constexpr double farthest_mean = 100;
constexpr double usual_change = 1440;
constexpr double fast_tau_s = 20;
constexpr double slow_tau_s = 500;
constexpr double difference_weight = -0.2;

// From 1 to 0, a half at `middle`.
double falling(double x, double middle, double steepness) {
  const double exponent = steepness * (x - middle);
  if (exponent < -50) return 1;
  if (exponent > 50) return 0;
  return 1 / (1 + std::exp(exponent));
}

double share(double interval, double tau) {
  return interval / (tau + interval);
}

}  // namespace

GasIndex::GasIndex(const GasIndexKind& kind, double interval_s)
    : kind_(&kind), interval_s_(interval_s), deviation_(first_deviation) {}

void GasIndex::resume() {
  running_s_ = 0;
  is_smoothing_ = false;
}

std::optional<int> GasIndex::next(double raw) {
  if (running_s_ <= blackout_s) {
    running_s_ += interval_s_;
    return std::nullopt;
  }
  if (raw > 0 && raw < highest_raw) {
    raw_ = std::clamp(raw - kind_->lowest_raw, 1.0, widest_raw);
  }
  const bool is_known = !kind_->rises_with_gas || has_mean_;
  index_ = std::max(smoothed(is_known ? index_of(raw_) : kind_->usual_index), lowest_index);
  if (raw_ > 0) learn(raw_);
  return static_cast<int>(std::lround(index_));
}

double GasIndex::index_of(double raw) const {
  const double above = raw - (mean_ + offset_);
  const double signal =
      kind_->rises_with_gas ? above / nox_deviation : -above / (deviation_ + deviation_bonus);
  return highest_index * falling(signal * gain, kind_->curve_middle, kind_->curve_steepness);
}

double GasIndex::smoothed(double index) {
  if (!is_smoothing_) fast_ = slow_ = shown_ = index;
  is_smoothing_ = true;
  fast_ += share(interval_s_, fast_tau_s) * (index - fast_);
  slow_ += share(interval_s_, slow_tau_s) * (index - slow_);
  const double slowness = std::exp(difference_weight * std::abs(fast_ - slow_));
  shown_ +=
      share(interval_s_, fast_tau_s + (slow_tau_s - fast_tau_s) * slowness) * (index - shown_);
  return shown_;
}

void GasIndex::adapt_rates() {
  learning_s_ = std::min(learning_s_ + interval_s_, longest_counted_s);
  since_gate_s_ = std::min(since_gate_s_ + interval_s_, longest_counted_s);
  const double interval_h = interval_s_ / 3600;
  const double usual = scaling * share(interval_h, tau_h);

  const auto openness = [this](double quick_s) {
    const double begun = falling(since_gate_s_, quick_s, transition);
    const double gate = kind_->gate + (gate_at_first - kind_->gate) * begun;
    return falling(index_, gate, gate_transition);
  };
  const double is_quick = falling(learning_s_, kind_->quick_mean_s, transition);
  const double first_mean = mean_scaling * scaling * share(interval_s_, kind_->first_tau_s);
  const double mean_openness = openness(kind_->quick_mean_s);
  mean_rate_ =
      mean_openness * (mean_scaling * usual + (first_mean - mean_scaling * usual) * is_quick);

  // The deviation learns quickly after the mean has.
  const double is_later = falling(learning_s_, kind_->quick_deviation_s, transition) - is_quick;
  const double first_spread = scaling * share(interval_s_, first_deviation_tau_s);
  deviation_rate_ =
      openness(kind_->quick_deviation_s) * (usual + (first_spread - usual) * is_later);

  gated_min_ += interval_s_ / 60 * ((1 - mean_openness) * (1 + gate_recovery) - gate_recovery);
  gated_min_ = std::max(gated_min_, 0.0);
  if (gated_min_ > kind_->longest_gate_min) since_gate_s_ = 0;
}

void GasIndex::learn(double raw) {
  if (!has_mean_) {
    has_mean_ = true;
    offset_ = raw;
    return;
  }
  if (std::abs(mean_) >= farthest_mean) {
    offset_ += mean_;
    mean_ = 0;
  }
  adapt_rates();
  const double step = (raw - offset_ - mean_) / scaling;
  const double change = std::max((deviation_ + std::abs(step)) / usual_change, 1.0);
  const double damping = change * change;
  deviation_ = std::sqrt(damping * (scaling - deviation_rate_)) *
               std::sqrt(deviation_ * deviation_ / (scaling * damping) +
                         deviation_rate_ * step * step / damping);
  mean_ += mean_rate_ * step / mean_scaling;
}

}  // namespace twinsky
