// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/drift.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

// The values of a moving window, always sorted: values come and go, no sums are kept.
class SortedWindow {
 public:
  explicit SortedWindow(int size) { values_.reserve(static_cast<std::size_t>(size) + 1); }
  void add(double value) { values_.insert(std::ranges::upper_bound(values_, value), value); }
  void remove(double value) { values_.erase(std::ranges::lower_bound(values_, value)); }
  [[nodiscard]] std::span<const double> values() const { return values_; }

 private:
  std::vector<double> values_;
};

struct Evaluation {
  std::optional<MomentMatch> match;
  std::optional<double> offset_change;
  KolmogorovSmirnov ks;
};

// How far the mapping of today moves the value that commissioning maps to the reference's median.
double change_at(double median, const MomentMatch& now, const MomentMatch& commissioning) {
  const double sensor = (median - commissioning.offset) / commissioning.gain;
  return now.gain * sensor + now.offset - median;
}

Evaluation evaluate(std::span<const Pair> pairs, const SortedWindow& reference,
                    const SortedWindow& sensor, const DriftRule& rule) {
  Evaluation result;
  const Moments moments = moments_of(pairs);
  result.match = moment_match(moments);
  std::optional<double> effective;
  if (rule.is_robust) {
    if (const auto line = least_squares(moments)) {
      effective = autocorrelation(pairs, moments, *line).n_effective;
    }
  }
  result.ks = kolmogorov_smirnov(reference.values(), sensor.values(), effective);
  if (!result.match) return result;
  result.offset_change = rule.is_robust ? change_at(quantile(reference.values(), 0.5),
                                                    *result.match, rule.commissioning)
                                        : result.match->offset - rule.commissioning.offset;
  return result;
}

std::array<bool, drift_flags> flags_of(const Evaluation& evaluation, const DriftRule& rule) {
  std::array<bool, drift_flags> flags{};
  if (evaluation.match) {
    const double ratio = evaluation.match->gain / rule.commissioning.gain;
    flags[static_cast<std::size_t>(DriftFlag::gain)] =
        ratio <= rule.lowest_gain || ratio >= rule.highest_gain;
    flags[static_cast<std::size_t>(DriftFlag::offset)] =
        std::abs(*evaluation.offset_change) >= rule.offset;
  }
  flags[static_cast<std::size_t>(DriftFlag::ks)] = evaluation.ks.p <= rule.ks_p;
  return flags;
}

void count(DriftRun& run, bool is_flagged, HourStart hour, int persist) {
  if (!is_flagged) {
    run.evaluations = 0;
    run.since.reset();
    return;
  }
  if (++run.evaluations == 1) {
    run.since = hour;
    run.begun.push_back(hour);
  }
  if (run.evaluations == persist) run.alarmed.push_back(hour);
}

// The longest run that goes on decides.
void conclude(Drift& drift, int persist) {
  int longest = 0;
  drift.since.reset();
  for (const DriftRun& run : drift.runs) {
    if (run.evaluations <= longest) continue;
    longest = run.evaluations;
    drift.since = run.since;
  }
  drift.state = DriftState::none;
  if (longest > 0) drift.state = longest >= persist ? DriftState::alarm : DriftState::watch;
}

}  // namespace

std::string_view name_of(DriftFlag flag) noexcept {
  constexpr std::array<std::string_view, drift_flags> names{"gain", "offset", "ks"};
  return names[static_cast<std::size_t>(flag)];
}

std::string_view name_of(DriftState state) noexcept {
  constexpr std::array<std::string_view, 3> names{"none", "watch", "alarm"};
  return names[static_cast<std::size_t>(state)];
}

Drift drift_of(std::span<const Pair> pairs, Window span, const DriftRule& rule) {
  Drift drift;
  SortedWindow reference(rule.window_hours);
  SortedWindow sensor(rule.window_hours);
  const auto commissioned = [&](const Pair& pair) {
    return rule.commissioning.gain * pair.sensor + rule.commissioning.offset;
  };
  const std::chrono::hours width(rule.window_hours);
  std::size_t first = 0;
  std::size_t next = 0;
  for (HourStart end = span.begin + width; end <= span.end; end += std::chrono::hours(1)) {
    for (; next < pairs.size() && pairs[next].hour < end; ++next) {
      reference.add(pairs[next].reference);
      sensor.add(commissioned(pairs[next]));
    }
    for (; first < next && pairs[first].hour < end - width; ++first) {
      reference.remove(pairs[first].reference);
      sensor.remove(commissioned(pairs[first]));
    }
    if (next - first < static_cast<std::size_t>(rule.min_pairs)) {
      drift.states.push_back(drift.state);
      continue;
    }
    const Evaluation evaluation =
        evaluate(pairs.subspan(first, next - first), reference, sensor, rule);
    ++drift.evaluations;
    drift.now = evaluation.match;
    drift.offset_change = evaluation.offset_change;
    drift.ks = evaluation.ks;
    const auto flags = flags_of(evaluation, rule);
    for (std::size_t at = 0; at < drift_flags; ++at) {
      count(drift.runs[at], flags[at], end, rule.persist_evaluations);
    }
    conclude(drift, rule.persist_evaluations);
    drift.states.push_back(drift.state);
  }
  return drift;
}

}  // namespace twinsky
