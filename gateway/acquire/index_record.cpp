// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/index_record.hpp"

#include "gateway/text/json_writer.hpp"

namespace twinsky {
namespace {

constexpr int risk_decimals = 2;

// Nothing when there are none.
template <class Value, class... Decimals>
void put_by_quantity(JsonWriter& json, std::string_view key,
                     const std::vector<std::pair<Quantity, Value>>& values, Decimals... decimals) {
  if (values.empty()) return;
  json.open(key);
  for (const auto& [quantity, value] : values) json.put(name_of(quantity), value, decimals...);
  json.close();
}

}  // namespace

Sample sample_of(const IndexReport& report) {
  Reading index{.quantity = report.quantity, .value = report.value};
  if (!report.value) index.flag = Flag::missing;
  // A text that is the number itself says nothing more.
  if (report.value && report.text != std::to_string(static_cast<int>(*report.value))) {
    index.text = report.text;
  }
  Official official;
  official.station = report.station;
  official.start = report.start;
  official.end = report.end;
  official.fetched = report.fetched;
  return {.time = report.end, .readings = {std::move(index)}, .facts = {}, .official = official};
}

std::string members_of(const IndexReport& report) {
  std::string text;
  JsonWriter json(text);
  if (report.station.empty()) json.put("indicative", true);
  put_by_quantity(json, "parts", report.parts);
  if (!report.primary.empty()) {
    json.open_list("primary");
    for (const Quantity quantity : report.primary) json.put({}, name_of(quantity));
    json.close_list();
  }
  if (report.added_risk_percent) {
    json.put("added_risk_percent", *report.added_risk_percent, risk_decimals);
  }
  put_by_quantity(json, "part_risk_percent", report.part_risk_percent, risk_decimals);
  put_by_quantity(json, "sensors", report.sensors);
  return text;
}

}  // namespace twinsky
