// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/proposal.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

Unexpected<NoProposal> nothing(Gate gate, std::optional<double> limit = {},
                               std::optional<double> achieved = {}) {
  return {NoProposal{.gate = gate, .limit = limit, .achieved = achieved}};
}

}  // namespace

std::string_view name_of(Gate gate) noexcept {
  constexpr std::array<std::string_view, 6> names{"station_far",      "station_kind",
                                                  "few_pairs",        "low_correlation",
                                                  "no_common_course", "held_out"};
  return names[static_cast<std::size_t>(gate)];
}

Result<Proposal, NoProposal> propose(const Assessment& seen, Relation relation,
                                     const Siting& siting) {
  constexpr double least_r = 0.5;
  constexpr int fewest_pairs = 126;
  if (relation != Relation::collocated && relation != Relation::near) {
    if (siting.is_same_kind || !siting.distance_m || *siting.distance_m > neighbourhood_m) {
      return nothing(Gate::station_far, neighbourhood_m, siting.published_distance_m);
    }
    return nothing(Gate::station_kind);
  }
  if (std::ssize(seen.pairs) < fewest_pairs) {
    return nothing(Gate::few_pairs, fewest_pairs, static_cast<double>(seen.pairs.size()));
  }
  if (!seen.r_interval || seen.r_interval->lower <= least_r) {
    const auto lower = seen.r_interval ? std::optional(seen.r_interval->lower) : std::nullopt;
    return nothing(Gate::low_correlation, least_r, lower);
  }

  const std::span<const Pair> pairs = seen.pairs;
  const auto training = pairs.first(pairs.size() * 2 / 3);
  const auto held_out = pairs.subspan(training.size());
  const auto match = moment_match(moments_of(training));
  if (!match) return nothing(Gate::no_common_course);
  std::vector<Pair> corrected(held_out.begin(), held_out.end());
  for (Pair& pair : corrected) pair.sensor = match->gain * pair.sensor + match->offset;
  const double expected = errors_of(corrected, moments_of(corrected))->rmse;
  const double raw = errors_of(held_out, moments_of(held_out))->rmse;
  if (!(expected < raw)) return nothing(Gate::held_out, raw, expected);

  const auto [lowest, highest] = std::ranges::minmax(training, {}, &Pair::sensor);
  return Proposal{.gain = match->gain,
                  .offset = match->offset,
                  .basis = {training.front().hour, training.back().hour + std::chrono::hours(1)},
                  .basis_hours = static_cast<int>(training.size()),
                  .expected_rmse = expected,
                  .raw_rmse = raw,
                  .lowest_raw = lowest.sensor,
                  .highest_raw = highest.sensor};
}

}  // namespace twinsky
