// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/placement.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view indoor = "indoor";
constexpr auto meant = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"inside", indoor},       {"interior", indoor},      {"room", indoor},
    {"office", indoor},       {"home", indoor},          {"house", indoor},
    {"kitchen", indoor},      {"bedroom", indoor},       {"classroom", indoor},
    {"lab", indoor},          {"basement", indoor},      {"in", indoor},
    {"outside", "outdoor"},   {"exterior", "outdoor"},   {"ambient", "outdoor"},
    {"general", "outdoor"},   {"background", "outdoor"}, {"urban", "outdoor"},
    {"rural", "outdoor"},     {"out", "outdoor"},        {"roof", "rooftop"},
    {"rooftops", "rooftop"},  {"street", "roadside"},    {"kerbside", "roadside"},
    {"curbside", "roadside"}, {"road", "roadside"},      {"traffic", "roadside"},
    {"terrace", "balcony"},   {"veranda", "balcony"},    {"window", "facade"},
    {"wall", "facade"},       {"yard", "courtyard"},     {"park", "garden"},
    {"pole", "mast"},         {"tower", "mast"},
});

}  // namespace

Air air_of(std::string_view placement) noexcept {
  if (placement == indoor) return Air::indoors;
  const bool is_known =
      placement.empty() || std::ranges::find(placements, placement) != placements.end();
  return is_known ? Air::outdoors : Air::unknown;
}

std::string_view placement_meant_by(std::string_view word) noexcept {
  const auto found =
      std::ranges::find(meant, word, &std::pair<std::string_view, std::string_view>::first);
  return found == meant.end() ? std::string_view() : found->second;
}

}  // namespace twinsky
