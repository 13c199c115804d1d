// SPDX-License-Identifier: Apache-2.0
// Checks of series: streaming against the rule written out over the whole series, and with the
// state written down and read again between any two samples.
#include "gateway/checks/series_checks.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime start{milliseconds(1795314600000)};
constexpr milliseconds step = 10s;

using Values = std::vector<std::optional<double>>;

// Steps, plateaus, spikes and missing values.
Values random_series(unsigned seed, std::size_t size) {
  std::mt19937 random(seed);
  Values values;
  double value = 20;
  while (values.size() < size) {
    const auto kind = random() % 20;
    if (kind == 0) value += 50;
    if (kind == 1) value -= 50;
    if (kind > 10) value += static_cast<double>(random() % 5) / 10 - 0.2;
    if (kind == 2) {
      values.emplace_back();
    } else {
      values.emplace_back(kind == 3 ? value + 100 : value);
    }
  }
  return values;
}

Point at(const Values& values, std::size_t index) {
  return {start + static_cast<int>(index) * step, values[index]};
}

std::vector<Flag> streamed(const CheckSettings& settings, const Values& values, bool restart) {
  std::vector<Flag> flags;
  SeriesChecks checks(settings);
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (restart) {
      const std::string state = checks.state();
      checks = SeriesChecks(settings);
      checks.restore(state);
    }
    const auto verdict = checks.push(at(values, index));
    if (index > 0 && checks.has_spike())
      flags.back() = aggregate(flags.back(), verdict.spike_before);
    flags.push_back(verdict.flag);
  }
  return flags;
}

class Series : public ::testing::TestWithParam<unsigned> {
 protected:
  const Values values_ = random_series(GetParam(), 300);
  void expect(const CheckSettings& settings, const std::vector<Flag>& flags) {
    EXPECT_EQ(streamed(settings, values_, false), flags);
    EXPECT_EQ(streamed(settings, values_, true), flags);
  }
};

TEST_P(Series, flat_line_is_what_the_rule_says_of_each_window) {
  constexpr std::size_t suspect = 3;
  constexpr std::size_t fail = 7;
  std::vector<Flag> flags;
  for (std::size_t index = 0; index < values_.size(); ++index) {
    const auto flat_for = [&](std::size_t steps) {
      return index >= steps && is_flat(std::span(values_).subspan(index - steps, steps + 1), 0.35);
    };
    flags.push_back(!values_[index]     ? Flag::missing
                    : flat_for(fail)    ? Flag::fail
                    : flat_for(suspect) ? Flag::suspect
                                        : Flag::pass);
  }
  EXPECT_TRUE(std::ranges::count(flags, Flag::fail) > 0);
  expect(
      {.flat_line = FlatLineLimits{.suspect = 39s, .fail = 70s, .tolerance = 0.35}, .step = step},
      flags);
}

TEST_P(Series, attenuated_signal_is_what_the_rule_says_of_each_window) {
  for (const auto statistic :
       {AttenuationLimits::Statistic::range, AttenuationLimits::Statistic::deviation}) {
    std::vector<Flag> flags;
    for (std::size_t index = 0; index < values_.size(); ++index) {
      std::vector<double> window;
      for (std::size_t each = index < 5 ? 0 : index - 5; each <= index; ++each) {
        if (values_[each]) window.push_back(*values_[each]);
      }
      double sum = 0;
      double squares = 0;
      for (const double value : window) sum += value;
      const double mean = sum / static_cast<double>(window.size());
      for (const double value : window) squares += (value - mean) * (value - mean);
      const bool is_range = statistic == AttenuationLimits::Statistic::range;
      const double size = window.empty() ? 0
                          : is_range     ? std::ranges::max(window) - std::ranges::min(window)
                                         : std::sqrt(squares / static_cast<double>(window.size()));
      flags.push_back(!values_[index]     ? Flag::missing
                      : window.size() < 4 ? Flag::not_evaluated
                      : size < 0.15       ? Flag::fail
                      : size < 0.33       ? Flag::suspect
                                          : Flag::pass);
    }
    expect(
        {.attenuated =
             AttenuationLimits{
                 .suspect = 0.33, .fail = 0.15, .statistic = statistic, .period = 60s, .least = 4}},
        flags);
  }
}

TEST_P(Series, spikes_are_known_one_sample_later) {
  for (const SpikeMethod method : {SpikeMethod::average, SpikeMethod::differential}) {
    const SpikeLimits limits{{.suspect = 20, .fail = 60}, method};
    std::vector<Flag> flags;
    for (std::size_t index = 0; index < values_.size(); ++index) {
      const auto neighbour = [&](std::size_t other) {
        return other < values_.size() ? values_[other] : std::nullopt;
      };
      flags.push_back(
          check_spike(neighbour(index - 1), values_[index], neighbour(index + 1), limits));
    }
    EXPECT_TRUE(std::ranges::count(flags, Flag::fail) > 0);
    expect({.spike = limits}, flags);
  }
}

TEST_P(Series, rate_of_change_and_range_are_what_they_are) {
  std::vector<Flag> flags;
  for (std::size_t index = 0; index < values_.size(); ++index) {
    const auto before = index > 0 ? std::optional(at(values_, index - 1)) : std::nullopt;
    flags.push_back(
        aggregate(check_rate(before, at(values_, index), {.suspect = 0.03, .fail = 4.9}),
                  check_range(values_[index], {.fail = Interval{0, 200}, .suspect = {}})));
  }
  expect({.range = RangeLimits{.fail = Interval{0, 200}, .suspect = {}},
          .rate_per_second = Limits{.suspect = 0.03, .fail = 4.9}},
         flags);
}

INSTANTIATE_TEST_SUITE_P(random, Series, ::testing::Range(1U, 9U));

TEST(check_series, an_infinite_rate_fails_and_standing_still_in_no_time_does_not) {
  const Point before{start, 1.0};
  EXPECT_EQ(check_rate(before, {start, 1.0}, {.suspect = 1, .fail = 2}), Flag::pass);
  EXPECT_EQ(check_rate(before, {start, 1.1}, {.suspect = 1, .fail = 2}), Flag::fail);
}

TEST(check_series, where_standing_still_is_natural_a_line_is_not_flat) {
  FlatLine calm({.suspect = 30s, .fail = {}, .tolerance = 0.1, .except = Interval{0, 0.5}}, step);
  for (int n = 0; n < 10; ++n) EXPECT_EQ(calm.push(0.0), Flag::pass);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(calm.push(3.0), Flag::pass);
  EXPECT_EQ(calm.push(3.0), Flag::suspect);
}

TEST(check_series, samples_on_both_sides_of_an_outage_are_no_neighbours) {
  SeriesChecks checks({.spike = SpikeLimits{{.suspect = 1, .fail = {}}}, .longest_step = 30s});
  (void)checks.push({start, 1.0});
  (void)checks.push({start + 10s, 9.0});
  EXPECT_EQ(checks.push({start + 1h, 1.0}).spike_before, Flag::not_evaluated);
  (void)checks.push({start + 1h + 10s, 9.0});
  EXPECT_EQ(checks.push({start + 1h + 20s, 1.0}).spike_before, Flag::suspect);
}

TEST(check_series, a_state_that_is_none_is_an_empty_one) {
  SeriesChecks checks({.flat_line = FlatLineLimits{.suspect = 30s, .fail = 60s, .tolerance = 1},
                       .attenuated = AttenuationLimits{.suspect = 1, .period = 60s},
                       .step = step});
  for (const char* text : {"", "nonsense", "1", "1 5 1 999999999 77", "0 0 3 99999999999 1 1"}) {
    checks.restore(text);
    EXPECT_NE(checks.push({start, 1.0}).flag, Flag::missing) << text;
  }
}

TEST(check_series, the_reason_is_the_test_that_decided) {
  SeriesChecks checks({.range = RangeLimits{.fail = Interval{0, 100}, .suspect = Interval{10, 90}},
                       .rate_per_second = Limits{.suspect = 1, .fail = {}}});
  EXPECT_EQ(checks.push({start, 50.0}).reason, "");
  EXPECT_EQ(checks.push({start + 1s, 60.0}).reason, "rate_of_change");
  EXPECT_EQ(checks.push({start + 2s, 95.0}).reason, "range");
  EXPECT_EQ(checks.push({start + 3s, 101.0}).flag, Flag::fail);
  EXPECT_EQ(checks.push({start + 4s, std::nullopt}).flag, Flag::missing);
}

}  // namespace
}  // namespace twinsky
