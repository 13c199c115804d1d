// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/index_record.hpp"

#include "gateway/text/record.hpp"

namespace twinsky {
namespace {

constexpr int risk_decimals = 2;

// `"name":{"pm2_5":…},`; nothing when there are none.
template <class Value, class Append>
void append_by_quantity(std::string& text, std::string_view name,
                        const std::vector<std::pair<Quantity, Value>>& values, Append append) {
  if (values.empty()) return;
  text.append("\"").append(name).append("\":{");
  for (const auto& [quantity, value] : values) {
    text.append("\"").append(name_of(quantity)).append("\":");
    append(value);
    text += ',';
  }
  text.back() = '}';
  text += ',';
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
  if (report.station.empty()) text += "\"indicative\":true,";
  append_by_quantity(text, "parts", report.parts, [&](int part) { text += std::to_string(part); });
  if (!report.primary.empty()) {
    text += "\"primary\":[";
    for (const Quantity quantity : report.primary) {
      append_json_string(text, name_of(quantity));
      text += ',';
    }
    text.back() = ']';
    text += ',';
  }
  if (report.added_risk_percent) {
    text += "\"added_risk_percent\":";
    append_number(text, *report.added_risk_percent, risk_decimals);
    text += ',';
  }
  append_by_quantity(text, "part_risk_percent", report.part_risk_percent,
                     [&](double risk) { append_number(text, risk, risk_decimals); });
  append_by_quantity(text, "sensors", report.sensors,
                     [&](const std::string& sensor) { append_json_string(text, sensor); });
  return text;
}

}  // namespace twinsky
