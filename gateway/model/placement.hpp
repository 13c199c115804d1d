// SPDX-License-Identifier: Apache-2.0
// The kinds of place that a sensor can be in: a closed list, since what is outdoors makes the
// city's index and what is indoors must not.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace twinsky {

// Every word that a configuration may use.
inline constexpr auto placements =
    std::to_array<std::string_view>({"indoor", "outdoor", "balcony", "courtyard", "facade",
                                     "garden", "ground", "mast", "roadside", "rooftop"});

// `unknown`: the word is none of the list, so nothing is said for the air outdoors, nor for a room.
enum class Air : std::uint8_t { outdoors, indoors, unknown };
// Where nothing is said it is outdoors.
Air air_of(std::string_view placement) noexcept;

// The word of the list that somebody has meant by another one; empty: nobody knows.
std::string_view placement_meant_by(std::string_view word) noexcept;

}  // namespace twinsky
