// SPDX-License-Identifier: Apache-2.0
// Attenuated signal: does the value move less than it must over a period?
#pragma once

#include "gateway/checks/check.hpp"
#include "gateway/checks/state_text.hpp"
#include "gateway/checks/welford.hpp"

#include <deque>

namespace twinsky {

struct AttenuationLimits {
  enum class Statistic : std::uint8_t { deviation, range };

  std::optional<double> suspect;  // less is suspect
  std::optional<double> fail;
  Statistic statistic = Statistic::deviation;  // of the population
  milliseconds period{0};                      // the window is (t - period, t]
  std::int64_t least = 1;                      // fewer values in it: not evaluated
  bool operator==(const AttenuationLimits&) const = default;
};

// Of a statistic that was computed: less than the limits?
Flag check_attenuated(double statistic, const AttenuationLimits& limits) noexcept;

class Attenuated {
 public:
  explicit Attenuated(const AttenuationLimits& limits) : limits_(limits) {}

  Flag push(const Point& point);

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  struct Kept {
    UtcTime time{};
    double value = 0;
  };
  [[nodiscard]] double statistic() const;

  AttenuationLimits limits_;
  std::deque<Kept> window_;
};

// The same over a whole series, whose samples all get one flag at its end.
class WholeAttenuated {
 public:
  explicit WholeAttenuated(const AttenuationLimits& limits) : limits_(limits) {}

  void push(double value);
  [[nodiscard]] Flag flag() const;

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  AttenuationLimits limits_;
  Welford spread_;
  std::optional<double> lowest_;
  std::optional<double> highest_;
};

}  // namespace twinsky
