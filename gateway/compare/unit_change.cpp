// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/unit_change.hpp"

#include "gateway/model/json.hpp"
#include "gateway/store/store.hpp"

#include <algorithm>

namespace twinsky {

using std::chrono::hours;

std::string memory_of_unit(std::string_view sensor) {
  return "unit/" + std::string(sensor);
}

Unit unit_in(const std::string& remembered) {
  const auto json = Json::parse_or_null(remembered);
  if (!json.is_object()) return {};
  Unit unit{.serial_number = json.value("serial_number", "")};
  if (const auto since = parse_time(json.value("since", ""))) {
    unit.since = std::chrono::floor<hours>(*since);
  }
  return unit;
}

std::string text_of(const Unit& unit) {
  Json json = {{"serial_number", unit.serial_number}};
  if (unit.since) json["since"] = iso8601(*unit.since);
  return json.dump();
}

Unit unit_now(const Unit& before, const std::string& serial_number, UtcTime now) {
  if (serial_number.empty() || serial_number == before.serial_number) return before;
  if (before.serial_number.empty()) return {.serial_number = serial_number, .since = {}};
  return {.serial_number = serial_number, .since = std::chrono::ceil<hours>(now)};
}

void heed(Comparison& comparison, const Unit& unit) {
  if (!unit.since) return;
  comparison.replaced = unit.since;
  comparison.since = std::max(comparison.since.value_or(*unit.since), UtcTime(*unit.since));
}

void heed_units(std::span<Comparison> comparisons, const std::string& store_path) {
  for (Comparison& each : comparisons) {
    heed(each, unit_in(read_remembered(store_path, memory_of_unit(each.sensor)).value_or("")));
  }
}

}  // namespace twinsky
