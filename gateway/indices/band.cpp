// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/band.hpp"

#include <array>
#include <span>

namespace twinsky {
namespace {

struct Step {
  double highest;
  IndexBand band;
};

// Hong Kong EPD names the colours (green, orange, red, brown, black) and gives no values for them.
constexpr std::array<Step, 5> hong_kong{{{3, {"low", "#4db748"}},
                                         {6, {"moderate", "#f9a818"}},
                                         {7, {"high", "#ed1c24"}},
                                         {10, {"very_high", "#a2591e"}},
                                         {1e9, {"serious", "#000000"}}}};
// HJ 633, table of index, category and colour (RGB).
constexpr std::array<Step, 6> mainland{{{50, {"excellent", "#00e400"}},
                                        {100, {"good", "#ffff00"}},
                                        {150, {"lightly_polluted", "#ff7e00"}},
                                        {200, {"moderately_polluted", "#ff0000"}},
                                        {300, {"heavily_polluted", "#99004c"}},
                                        {1e9, {"severely_polluted", "#7e0023"}}}};
// US EPA, Technical Assistance Document for the Reporting of Daily Air Quality, 2024, table 2.
constexpr std::array<Step, 6> united_states{{{50, {"good", "#00e400"}},
                                             {100, {"moderate", "#ffff00"}},
                                             {150, {"unhealthy_for_sensitive_groups", "#ff7e00"}},
                                             {200, {"unhealthy", "#ff0000"}},
                                             {300, {"very_unhealthy", "#8f3f97"}},
                                             {1e9, {"hazardous", "#7e0023"}}}};

std::span<const Step> steps_of(std::string_view family) noexcept {
  if (family == "hk-aqhi") return hong_kong;
  if (family == "cn-aqi") return mainland;
  if (family.starts_with("us-")) return united_states;
  return {};
}

}  // namespace

IndexBand band_of(std::string_view family, double value) noexcept {
  for (const Step& step : steps_of(family)) {
    if (value <= step.highest) return step.band;
  }
  return {};
}

}  // namespace twinsky
