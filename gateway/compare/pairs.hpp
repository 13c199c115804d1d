// SPDX-License-Identifier: Apache-2.0
// A local hour and a reference hour side by side, and what may be paired of them. Every statistic
// of a comparison is a pure function of such rows; nothing is ever updated by subtraction, so late
// and revised data cost nothing but a new evaluation. Pure; any thread.
#pragma once

#include "gateway/model/flag.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/zone.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace twinsky {

using HourStart = std::chrono::sys_time<std::chrono::hours>;  // the start of an hour, UTC

// One hour of one sensor, quantity and reference station, in the reference's unit and state.
struct PairRow {
  HourStart hour{};
  std::optional<double> sensor;     // mean of the usable samples, raw
  std::optional<double> corrected;  // the same, corrected; absent without a correction
  int usable = 0;                   // samples behind the mean
  int failed = 0;                   // samples that quality control has taken out
  int expected = 0;                 // samples that the configured interval promises
  std::optional<double> reference;
  Flag reference_flag = Flag::not_evaluated;
  bool is_provisional = false;     // the agency may still revise it
  bool is_maintenance = false;     // a note says that the sensor was being worked on
  std::optional<double> humidity;  // local, %; statistics are also split by it
};

// Why an expected hour gives no pair. But for the last two, which came later, the order is the
// order in which causes are asked for, so each hour has exactly one.
enum class Withheld : std::uint8_t {
  maintenance,
  sensor_qc,     // enough samples came, quality control took too many out
  sensor_short,  // fewer than 75 % of the expected samples, or none
  uncorrected,   // corrected series: an input of the correction was missing
  reference_missing,
  reference_flagged,  // suspect or failed by the agency or by our checks
  before_sensor,      // asked for first: before what is kept of the sensor at its place
  before_reference,   // reference_missing, before what is kept of the station
};
inline constexpr std::size_t withheld_causes = 8;
std::string_view name_of(Withheld cause) noexcept;

// The first hour that is kept of each side: those before it are no failure of anybody.
struct Beginnings {
  HourStart sensor = HourStart::min();
  HourStart reference = HourStart::min();
};

enum class Series : std::uint8_t { raw, corrected };

std::optional<Withheld> withheld(const PairRow& row, Series series = Series::raw,
                                 const Beginnings& beginnings = {}) noexcept;
bool is_sensor_valid(const PairRow& row) noexcept;
bool is_reference_valid(const PairRow& row) noexcept;

// Hours from `begin` to before `end`.
struct Window {
  HourStart begin{};
  HourStart end{};
  [[nodiscard]] int hours() const noexcept { return static_cast<int>((end - begin).count()); }
};

// The rows of a window; `rows` stand in the order of their hours, one row an hour.
std::span<const PairRow> within(std::span<const PairRow> rows, Window window) noexcept;

// A sensor's value in the form in which the reference reports it: a gas in ppb as ug/m3 at the
// reference's state, or the other way round. Absent where the two are not forms of one quantity.
std::optional<double> in_form_of(Quantity reference, std::optional<double> gas_reference_k,
                                 Quantity sensor, double value) noexcept;

struct Coverage {
  int expected = 0;
  int pairs = 0;
  int sensor_valid = 0;
  int reference_valid = 0;
  int provisional = 0;                          // pairs whose reference may still be revised
  std::array<int, withheld_causes> withheld{};  // sums to expected - pairs
  [[nodiscard]] double completeness() const noexcept {
    return expected > 0 ? static_cast<double>(pairs) / expected : 0;
  }
};
Coverage coverage(std::span<const PairRow> rows, Window window, Series series = Series::raw,
                  const Beginnings& beginnings = {});

struct Pair {
  HourStart hour{};
  double reference = 0;  // x
  double sensor = 0;     // y
};
std::vector<Pair> pairs_of(std::span<const PairRow> rows, Series series = Series::raw);

// Which hours make a day, and how many of them a daily mean needs (US EPA 18, GB 3095 20).
struct DayRule {
  // Of local time from UTC.
  std::chrono::hours offset = std::chrono::duration_cast<std::chrono::hours>(china_offset);
  int min_hours = 18;
};
struct DailyPairs {
  std::vector<Pair> pairs;  // `hour` is the start of the local day
  int days = 0;             // local days that the rows touch
};
// Means of local days. Each side's mean is that of its own valid hours and needs `min_hours`.
DailyPairs daily_pairs(std::span<const PairRow> rows, const DayRule& rule,
                       Series series = Series::raw);

}  // namespace twinsky
