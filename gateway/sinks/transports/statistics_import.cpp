// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/statistics_import.hpp"

#include <algorithm>
#include <charconv>

namespace twinsky {
namespace {

// The first that takes `mean_type` and `unit_class`. Its command refuses what it does not know, as
// all do, so earlier ones get `has_mean`, which it has as well but is about to lose.
constexpr HomeAssistantVersion first_with_mean_type{2025, 11};
constexpr int arithmetic = 1;

constexpr std::string_view unit_member = "unit_of_measurement";
constexpr std::string_view kept_unit_member = "statistics_unit_of_measurement";

// Home Assistant writes the micro sign (U+00B5) as a Greek letter (U+03BC) in newer versions.
std::string plain_unit(std::string unit) {
  constexpr std::string_view letter = "\u03bc";
  constexpr std::string_view sign = "\u00b5";
  if (const auto at = unit.find(letter); at != std::string::npos) {
    unit.replace(at, letter.size(), sign);
  }
  return unit;
}

std::string shown_unit(const std::string& unit) {
  return unit.empty() ? "no unit" : unit;
}

bool has_arithmetic_mean(const Json& kept) {
  const Json* const type = kept.find("mean_type");
  if (type != nullptr && type->is_number_integer()) return type->get<int>() == arithmetic;
  const Json* const has_mean = kept.find("has_mean");
  return has_mean == nullptr || !has_mean->is_boolean() || has_mean->get<bool>();
}

}  // namespace

HomeAssistantVersion home_assistant_version(std::string_view text) {
  HomeAssistantVersion version;
  const char* const end = text.data() + text.size();
  const auto year = std::from_chars(text.data(), end, version.year);
  if (year.ec != std::errc() || year.ptr == end || *year.ptr != '.') return {};
  const auto month = std::from_chars(year.ptr + 1, end, version.month);
  return month.ec == std::errc() ? version : HomeAssistantVersion{};
}

std::vector<ImportOrder> import_orders(std::string_view message) {
  std::vector<ImportOrder> orders;
  const Json list = Json::parse_or_null(message);
  if (!list.is_array()) return orders;
  for (const Json& element : list) {
    const Json* const metadata = element.find("metadata");
    const Json* const stats = element.find("stats");
    if (metadata == nullptr || stats == nullptr || !stats->is_array()) continue;
    const std::string id = metadata->text_of("statistic_id");
    auto order = std::ranges::find(
        orders, id, [](const ImportOrder& each) { return each.metadata.text_of("statistic_id"); });
    if (order == orders.end()) order = orders.insert(order, {.metadata = *metadata, .hours = {}});
    for (const Json& hour : *stats) order->hours[hour.text_of("start")] = hour;
  }
  return orders;
}

UtcTime end_of(const std::vector<ImportOrder>& orders) {
  UtcTime end{};
  for (const ImportOrder& order : orders) {
    if (order.hours.empty()) continue;
    const auto start = parse_time(order.hours.rbegin()->first);
    if (start) end = std::max(end, *start + std::chrono::hours(1));
  }
  return end;
}

Result<Json, std::string> import_command(const ImportOrder& order, const Json* kept,
                                         const HomeAssistantVersion& version) {
  Json metadata = order.metadata;
  const std::string id = metadata.text_of("statistic_id");
  if (kept != nullptr) {
    const std::string unit = kept->text_of(kept_unit_member);
    const std::string ours = metadata.text_of(unit_member);
    if (plain_unit(unit) != plain_unit(ours)) {
      return Unexpected{id + " is kept there in " + shown_unit(unit) + " and not in " +
                        shown_unit(ours) +
                        ", so its hours are left out: give the entity that unit"};
    }
    if (!has_arithmetic_mean(*kept)) {
      return Unexpected{id + " has no arithmetic mean there, so its hours are left out"};
    }
    if (!unit.empty()) metadata[unit_member] = unit;
    if (kept->contains("unit_class")) metadata["unit_class"] = kept->at("unit_class");
    if (kept->contains("name")) metadata["name"] = kept->at("name");
  }
  if (version < first_with_mean_type) {
    Json older = Json::object();
    for (const auto& [key, value] : metadata.items()) {
      if (key == "mean_type") {
        older["has_mean"] = true;
      } else if (key != "unit_class") {
        older[key] = value;
      }
    }
    metadata = std::move(older);
  }
  Json stats = Json::array();
  for (const auto& [start, hour] : order.hours) stats.push_back(hour);
  return Json({{"type", "recorder/import_statistics"}, {"metadata", metadata}, {"stats", stats}});
}

}  // namespace twinsky
