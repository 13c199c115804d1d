// SPDX-License-Identifier: Apache-2.0
// What all checks share. Flags are those of QARTOD and each rule is that of ioos_qc (IOOS, commit
// 9c1853a4), so that a disputed flag can be derived again with another program.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/flag.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace twinsky {

// One value of a series, or its absence.
struct Point {
  UtcTime time{};
  std::optional<double> value;
};

// Both ends are inside.
struct Interval {
  double lower = 0;
  double upper = 0;
  [[nodiscard]] constexpr bool has(double value) const { return lower <= value && value <= upper; }
  bool operator==(const Interval&) const = default;
};

// Beyond these a value is suspect, or fails. What is not set is not asked.
struct Limits {
  std::optional<double> suspect;
  std::optional<double> fail;
  bool operator==(const Limits&) const = default;
};

// The flag of a size that should not be large; equal passes.
constexpr Flag flag_above(double size, const Limits& limits) noexcept {
  if (limits.fail && size > *limits.fail) return Flag::fail;
  if (limits.suspect && size > *limits.suspect) return Flag::suspect;
  return Flag::pass;
}

// What several tests say of one value, in QARTOD's order 4, 3, 1, 2, 9: a test that could not run
// takes nothing from those that did. (The flag of a record is the worst of its readings instead.)
constexpr Flag aggregate(Flag a, Flag b) noexcept {
  constexpr auto rank = [](Flag flag) {
    switch (flag) {
      case Flag::fail:
        return 4;
      case Flag::suspect:
        return 3;
      case Flag::pass:
        return 2;
      case Flag::not_evaluated:
        return 1;
      case Flag::missing:
        break;
    }
    return 0;
  };
  return rank(a) >= rank(b) ? a : b;
}
constexpr Flag aggregate(std::span<const Flag> flags) noexcept {
  Flag all = Flag::missing;
  for (const Flag flag : flags) all = aggregate(all, flag);
  return all;
}

}  // namespace twinsky
