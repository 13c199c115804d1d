// SPDX-License-Identifier: Apache-2.0
// Drift by management of moments (MOMA: Miskell et al. 2018, ACS Sensors 3, 832): in each trailing
// window the gain and offset that map the sensor's moments to the reference's, and the distance of
// the two distributions. A flag must hold for many evaluations in a row before it is an alarm.
// Pure; any thread.
#pragma once

#include "gateway/compare/statistics.hpp"

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace twinsky {

struct DriftRule {
  int window_hours = 72;
  int min_pairs = 54;
  int persist_evaluations = 120;  // five days
  double lowest_gain = 0.7;       // as a ratio to the commissioning gain, inclusive
  double highest_gain = 1.3;
  double offset = 5;  // in the quantity's unit, inclusive
  double ks_p = 0.05;
  // What the unit did when it was commissioned. Bounds around (1, 0) would punish a constant, known
  // bias for ever.
  MomentMatch commissioning;
  // Offset as the change of the mean at the reference's median, since as an intercept it trades off
  // with gain; and the distribution test scaled to independent values. Off: as published.
  bool is_robust = true;
};

enum class DriftFlag : std::uint8_t { gain, offset, ks };
inline constexpr std::size_t drift_flags = 3;
std::string_view name_of(DriftFlag flag) noexcept;

struct DriftRun {
  int evaluations = 0;             // flagged in a row up to the newest evaluation
  std::optional<HourStart> since;  // first of them
  std::vector<HourStart> begun;    // the first evaluation of each run
  std::vector<HourStart> alarmed;  // when a run had lasted long enough
};

enum class DriftState : std::uint8_t { none, watch, alarm };
std::string_view name_of(DriftState state) noexcept;

struct Drift {
  int evaluations = 0;             // windows with enough pairs
  std::optional<MomentMatch> now;  // of the newest of them; absent for r <= 0
  std::optional<double> offset_change;
  std::optional<KolmogorovSmirnov> ks;
  std::array<DriftRun, drift_flags> runs;
  DriftState state = DriftState::none;
  std::optional<HourStart> since;  // of the longest run behind `state`
  std::vector<DriftState> states;  // at every end of `span`, from the first full window on
};

// An evaluation at the end of every hour of `span`, from its first full window on. Windows with too
// few pairs neither count nor reset. `pairs` in the order of their hours.
Drift drift_of(std::span<const Pair> pairs, Window span, const DriftRule& rule);

}  // namespace twinsky
