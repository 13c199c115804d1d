// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/proposal.hpp"

#include <algorithm>

namespace twinsky {

std::optional<Proposal> propose(const Assessment& seen, Relation relation) {
  constexpr double least_r = 0.5;
  constexpr std::size_t fewest_pairs = 126;  // 75 % of a week
  const bool is_near = relation == Relation::collocated || relation == Relation::near;
  if (!is_near || seen.pairs.size() < fewest_pairs) return std::nullopt;
  if (!seen.r_interval || seen.r_interval->lower <= least_r) return std::nullopt;

  const std::span<const Pair> pairs = seen.pairs;
  const auto training = pairs.first(pairs.size() * 2 / 3);
  const auto held_out = pairs.subspan(training.size());
  const auto match = moment_match(moments_of(training));
  if (!match) return std::nullopt;
  std::vector<Pair> corrected(held_out.begin(), held_out.end());
  for (Pair& pair : corrected) pair.sensor = match->gain * pair.sensor + match->offset;
  const double expected = errors_of(corrected, moments_of(corrected))->rmse;
  const double raw = errors_of(held_out, moments_of(held_out))->rmse;
  if (!(expected < raw)) return std::nullopt;

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
