// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/pairs.hpp"

#include "gateway/model/gas.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

bool is_there(const std::optional<double>& value) {
  return value && std::isfinite(*value);
}

// "At least 75 %": exactly 45 of 60 is enough.
bool is_enough(int count, int expected) {
  return expected > 0 && 4 * count >= 3 * expected;
}

const std::optional<double>& value_of(const PairRow& row, Series series) {
  return series == Series::raw ? row.sensor : row.corrected;
}

bool is_flagged(const PairRow& row) {
  return row.reference_flag == Flag::suspect || row.reference_flag == Flag::fail;
}

// A sum that does not depend on how long it is (Neumaier's variant of Kahan's).
class Mean {
 public:
  void add(double value) {
    const double sum = sum_ + value;
    rest_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
    sum_ = sum;
    ++count_;
  }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] double value() const { return (sum_ + rest_) / count_; }

 private:
  double sum_ = 0;
  double rest_ = 0;
  int count_ = 0;
};

}  // namespace

std::string_view name_of(Withheld cause) noexcept {
  constexpr std::array<std::string_view, withheld_causes> names{
      "maintenance",       "sensor_qc",         "sensor_short",  "uncorrected",
      "reference_missing", "reference_flagged", "before_sensor", "before_reference"};
  return names[static_cast<std::size_t>(cause)];
}

bool is_sensor_valid(const PairRow& row) noexcept {
  return is_there(row.sensor) && is_enough(row.usable, row.expected);
}

bool is_reference_valid(const PairRow& row) noexcept {
  return is_there(row.reference) && !is_flagged(row) && row.reference_flag != Flag::missing;
}

std::optional<Withheld> withheld(const PairRow& row, Series series,
                                 const Beginnings& beginnings) noexcept {
  if (row.hour < beginnings.sensor) return Withheld::before_sensor;
  if (row.is_maintenance) return Withheld::maintenance;
  if (!is_sensor_valid(row)) {
    return is_enough(row.usable + row.failed, row.expected) ? Withheld::sensor_qc
                                                            : Withheld::sensor_short;
  }
  if (!is_there(value_of(row, series))) return Withheld::uncorrected;
  if (!is_there(row.reference) || row.reference_flag == Flag::missing) {
    return row.hour < beginnings.reference ? Withheld::before_reference
                                           : Withheld::reference_missing;
  }
  if (is_flagged(row)) return Withheld::reference_flagged;
  return std::nullopt;
}

std::span<const PairRow> within(std::span<const PairRow> rows, Window window) noexcept {
  const auto begin = std::ranges::lower_bound(rows, window.begin, {}, &PairRow::hour);
  const auto end = std::ranges::lower_bound(begin, rows.end(), window.end, {}, &PairRow::hour);
  return {begin, end};
}

std::optional<double> in_form_of(Quantity reference, std::optional<double> gas_reference_k,
                                 Quantity sensor, double value) noexcept {
  if (reference == sensor) return value;
  const GasForms* const gas = gas_forms(sensor);
  if (gas == nullptr || gas != gas_forms(reference) || !gas_reference_k) return std::nullopt;
  if (reference == gas->mass) return mass_of_share(sensor, value, *gas_reference_k);
  return share_of_mass(sensor, value, *gas_reference_k);
}

Coverage coverage(std::span<const PairRow> rows, Window window, Series series,
                  const Beginnings& beginnings) {
  Coverage result{.expected = window.hours()};
  const auto inside = within(rows, window);
  for (const PairRow& row : inside) {
    result.sensor_valid += is_sensor_valid(row) ? 1 : 0;
    result.reference_valid += is_reference_valid(row) ? 1 : 0;
    if (const auto cause = withheld(row, series, beginnings)) {
      ++result.withheld[static_cast<std::size_t>(*cause)];
      continue;
    }
    ++result.pairs;
    result.provisional += row.is_provisional ? 1 : 0;
  }
  // Hours of which nothing at all is known.
  const Window before{window.begin, std::clamp(beginnings.sensor, window.begin, window.end)};
  const auto unknown_in = [rows](Window of) {
    return of.hours() - static_cast<int>(within(rows, of).size());
  };
  result.withheld[static_cast<std::size_t>(Withheld::before_sensor)] += unknown_in(before);
  result.withheld[static_cast<std::size_t>(Withheld::sensor_short)] +=
      unknown_in({before.end, window.end});
  return result;
}

std::vector<Pair> pairs_of(std::span<const PairRow> rows, Series series) {
  std::vector<Pair> pairs;
  pairs.reserve(rows.size());
  for (const PairRow& row : rows) {
    if (withheld(row, series)) continue;
    pairs.push_back({row.hour, *row.reference, *value_of(row, series)});
  }
  return pairs;
}

DailyPairs daily_pairs(std::span<const PairRow> rows, const DayRule& rule, Series series) {
  DailyPairs result;
  if (rows.empty()) return result;
  const auto day_of = [&](const PairRow& row) {
    return std::chrono::floor<std::chrono::days>(row.hour + rule.offset);
  };
  result.days = static_cast<int>((day_of(rows.back()) - day_of(rows.front())).count()) + 1;
  for (std::size_t at = 0; at < rows.size();) {
    const auto day = day_of(rows[at]);
    Mean reference;
    Mean sensor;
    for (; at < rows.size() && day_of(rows[at]) == day; ++at) {
      const PairRow& row = rows[at];
      if (is_reference_valid(row)) reference.add(*row.reference);
      const auto& value = value_of(row, series);
      if (!row.is_maintenance && is_sensor_valid(row) && is_there(value)) sensor.add(*value);
    }
    if (reference.count() < rule.min_hours || sensor.count() < rule.min_hours) continue;
    if (reference.count() == 0 || sensor.count() == 0) continue;
    result.pairs.push_back({HourStart(day) - rule.offset, reference.value(), sensor.value()});
  }
  return result;
}

}  // namespace twinsky
