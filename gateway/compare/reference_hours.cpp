// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/reference_hours.hpp"

#include "gateway/checks/official_values.hpp"

#include <bitset>
#include <map>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t parts = 6;
constexpr std::size_t fewest_parts = 5;
constexpr milliseconds part_length = 10min;

struct Collected {
  std::optional<ReferenceHour> whole;
  std::bitset<parts> covered;
  double sum = 0;
  int count = 0;
  std::optional<double> gas_reference_k;
  UtcTime last_start{};  // of the interval that was added last
  UtcTime last_end{};
};

// Rows of an earlier version were not checked when they came.
Flag flag_of(const OfficialValue& value) {
  const bool can_be = !value.value || is_plausible(value.quantity, *value.value);
  return can_be ? value.flag : Flag::fail;
}

bool is_usable(const OfficialValue& value) {
  return is_usable(value.value, flag_of(value));
}

// A value that can be used takes the place of one that cannot, any value that of none.
bool is_better(const OfficialValue& value, const std::optional<ReferenceHour>& known) {
  if (!known) return true;
  if (known->counts()) return false;
  return is_usable(value) || (!known->value && value.value);
}

void add_part(Collected& collected, HourStart hour, const OfficialRow& row) {
  const bool is_known = collected.last_start == row.start && collected.last_end == row.end;
  if (!is_usable(row.value) || (is_known && collected.count > 0)) return;
  const UtcTime begin = std::max<UtcTime>(row.start, hour);
  const auto first = static_cast<std::size_t>((begin - hour) / part_length);
  const auto last = static_cast<std::size_t>((row.end - hour - 1ms) / part_length);
  for (std::size_t at = first; at <= last; ++at) collected.covered.set(at);
  collected.sum += *row.value.value;
  ++collected.count;
  collected.gas_reference_k = row.value.gas_reference_k;
  collected.last_start = row.start;
  collected.last_end = row.end;
}

}  // namespace

bool ReferenceHour::counts() const {
  return is_usable(value, flag);
}

std::vector<ReferenceHour> reference_hours(std::span<const OfficialRow> rows) {
  std::map<HourStart, Collected> collected;
  for (const OfficialRow& row : rows) {
    const HourStart hour = std::chrono::floor<std::chrono::hours>(row.end - 1ms);
    Collected& of_hour = collected[hour];
    if (row.end - row.start < 1h) {
      add_part(of_hour, hour, row);
    } else if (row.start == hour && is_better(row.value, of_hour.whole)) {
      of_hour.whole = {hour, row.value.value, flag_of(row.value), row.value.gas_reference_k};
    }
  }
  std::vector<ReferenceHour> hours;
  for (const auto& [hour, of_hour] : collected) {
    if (of_hour.whole) {
      hours.push_back(*of_hour.whole);
    } else if (of_hour.covered.count() >= fewest_parts) {
      hours.push_back({.hour = hour,
                       .value = of_hour.sum / of_hour.count,
                       .gas_reference_k = of_hour.gas_reference_k});
    }
  }
  return hours;
}

}  // namespace twinsky
