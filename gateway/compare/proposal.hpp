// SPDX-License-Identifier: Apache-2.0
// A linear correction that the pairs would justify. It is only ever proposed: the operator accepts
// it with one command, and raw stays published beside it. Pure; any thread.
#pragma once

#include "gateway/compare/assessment.hpp"
#include "gateway/compare/relation.hpp"
#include "gateway/model/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace twinsky {

struct Proposal {
  double gain = 1;  // corrected = gain * raw + offset
  double offset = 0;
  std::string_view method = "moment_match";
  Window basis;              // hours that it was made from: the first two thirds of the pairs
  int basis_hours = 0;       // pairs in them
  double expected_rmse = 0;  // of the last third, which it has not seen
  double raw_rmse = 0;       // of the same hours without it
  double lowest_raw = 0;     // what it was trained on; outside, its output is suspect
  double highest_raw = 0;
};

// What a proposal asks for, in the order in which it is asked.
enum class Gate : std::uint8_t {
  station_far,
  station_kind,      // near enough, and of another kind
  few_pairs,         // 75 % of a week
  low_correlation,   // r is above 0.5 beyond doubt
  no_common_course,  // nothing to match in the hours that it is made from
  held_out,          // the hours that were held out come out better than raw
};
std::string_view name_of(Gate gate) noexcept;

// The first gate that is not passed, with its figures where it has any.
struct NoProposal {
  Gate gate{};
  std::optional<double> limit = {};
  std::optional<double> achieved = {};
};

Result<Proposal, NoProposal> propose(const Assessment& seen, Relation relation,
                                     const Siting& siting);

}  // namespace twinsky
