// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/discovery.hpp"

#include "gateway/model/json.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view official = "ref/";
// What lies so far back was no value of now, however short the period.
constexpr milliseconds shortest_life = 60s;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

std::string_view state_class_of(Quantity quantity) {
  if (quantity == Quantity::wind_dir) return "measurement_angle";
  if (quantity == Quantity::rain_total) return "total_increasing";
  return "measurement";
}

// Where no class brings one.
std::string_view icon_of(Quantity quantity) {
  if (quantity == Quantity::uv_index) return "mdi:sun-wireless";
  const bool is_formaldehyde =
      quantity == Quantity::formaldehyde || quantity == Quantity::formaldehyde_ppb;
  return is_formaldehyde ? "mdi:molecule" : "";
}

bool is_of_the_device_itself(Quantity quantity) {
  return quantity == Quantity::internal_temperature || quantity == Quantity::internal_humidity ||
         quantity == Quantity::battery_voltage || quantity == Quantity::supply_voltage;
}

// Whose value it is, and what was printed where a number says less ("10+" of an AQHI of 11). The
// text is written as JSON has it, which is the same in a template.
std::string attributes_of(std::string_view quantity, std::string_view attribution) {
  return "{{ {'attribution': " + Json(attribution).dump() +
         ", 'text': (value_json.text | default({}))." + std::string(quantity) +
         " | default(none)} | tojson }}";
}

Json component_of(const Column& column, std::string_view id, std::string_view gateway,
                  const StreamDescription& stream, const std::string& state_topic) {
  const QuantityInfo& info = info_of(column.quantity);
  const std::string name(info.name);
  Json component = {{"platform", "sensor"},
                    {"unique_id", std::string(id) + "_" + name},
                    {"default_entity_id", discovered_entity(gateway, stream.name, name)},
                    {"name", info.title}};
  if (!info.home_assistant_class.empty()) component["device_class"] = info.home_assistant_class;
  component["state_class"] = state_class_of(column.quantity);
  if (const auto unit = discovered_unit(column.quantity); !unit.empty()) {
    component["unit_of_measurement"] = unit;
  }
  component["suggested_display_precision"] = decimals_of(column);
  if (!icon_of(column.quantity).empty()) component["icon"] = icon_of(column.quantity);
  if (is_of_the_device_itself(column.quantity)) component["entity_category"] = "diagnostic";
  component["value_template"] = "{{ value_json." + name + " }}";
  if (stream.period > 0ms) {
    const milliseconds life = std::max(3 * stream.period, shortest_life);
    component["expire_after"] = std::chrono::ceil<std::chrono::seconds>(life).count();
  }
  if (!stream.attribution.empty()) {
    component["json_attributes_topic"] = state_topic;
    component["json_attributes_template"] = attributes_of(name, stream.attribution);
  }
  return component;
}

Json device_of(std::string_view id, const StreamDescription& stream) {
  Json device = {{"identifiers", Json::array({Json(id)})}, {"name", stream.title}};
  if (stream.name.starts_with(official)) {
    const std::string_view name = std::string_view(stream.name).substr(official.size());
    const std::string feed(name.substr(0, name.find('/')));
    // Not every registry has a name for each of its stations.
    const std::string station(stream.title.empty() ? name.substr(feed.size() + 1) : stream.title);
    device["name"] = station + " (" + feed + ")";
    device["manufacturer"] = stream.publisher;
    device["model"] = "official station";
    return device;
  }
  device["model"] = stream.driver;
  if (!stream.serial_number.empty()) device["serial_number"] = stream.serial_number;
  return device;
}

void complete_topic(Json& json, std::string_view key, std::string_view base) {
  if (json.contains(key)) json[key] = std::string(base) + json.text_of(key);
}

}  // namespace

bool is_discovered(std::string_view stream) {
  return stream.starts_with("sensor/") || stream.starts_with(official);
}

std::string discovery_id(std::string_view gateway, std::string_view stream) {
  std::string id = "twinsky_";
  id.append(gateway).append("_").append(stream);
  std::ranges::replace_if(
      id, [](char c) { return !is_plain(c); }, '_');
  return id;
}

// Blanks neither at an end nor beside each other.
std::string discovered_entity(std::string_view gateway, std::string_view stream,
                              std::string_view quantity) {
  const std::string_view source = stream.substr(stream.find('/') + 1);
  std::string text;
  for (const std::string_view part : {gateway, source, quantity}) {
    for (const char c : part) {
      const bool is_blank = !is_plain(c) || c == '-';
      if (is_blank && (text.empty() || text.back() == '_')) continue;
      text += is_blank ? '_' : c;
    }
    if (!text.empty() && text.back() != '_') text += '_';
  }
  text.pop_back();  // a quantity has a name
  return "sensor." + text;
}

std::string_view discovered_unit(Quantity quantity) {
  return quantity == Quantity::uv_index ? "UV index" : info_of(quantity).display_unit;
}

std::string discovery_document(std::string_view gateway, const StreamDescription& stream) {
  const std::string id = discovery_id(gateway, stream.name);
  const std::string state_topic = stream.name + "/state";
  Json document = {{"device", device_of(id, stream)},
                   {"origin", Json({{"name", "Twinsky"}, {"sw_version", TWINSKY_VERSION}})},
                   {"state_topic", state_topic},
                   {"qos", 1},
                   {"availability_mode", "all"}};
  Json availability = Json::array({Json({{"topic", "status"}})});
  if (!stream.status_of.empty()) {
    // It knows two words; a device that is not well is the third.
    availability.push_back(
        Json({{"topic", stream.status_of + "/status"},
              {"value_template", "{{ 'offline' if value == 'fault' else value }}"}}));
  }
  document["availability"] = std::move(availability);
  Json& components = document["components"] = Json::object();
  for (const Column& column : stream.columns) {
    components[name_of(column.quantity)] = component_of(column, id, gateway, stream, state_topic);
  }
  return document.dump();
}

std::vector<std::string> topics_of_discovery(std::string_view document) {
  const Json json = Json::parse_or_null(document);
  std::vector<std::string> topics;
  if (!json.is_object()) return topics;
  topics.push_back(json.text_of("state_topic"));
  if (const Json* const availability = json.find("availability")) {
    for (const Json& each : *availability) topics.push_back(each.text_of("topic"));
  }
  return topics;
}

std::set<std::string> components_of_discovery(std::string_view document) {
  const Json json = Json::parse_or_null(document);
  std::set<std::string> names;
  const Json* const components = json.find("components");
  if (components == nullptr || !components->is_object()) return names;
  for (const auto& [name, component] : components->items()) names.insert(name);
  return names;
}

std::string discovery_below(std::string_view base, std::string_view document,
                            const std::set<std::string>& gone) {
  Json json = Json::parse_or_null(document);
  if (!json.is_object()) return std::string(document);
  complete_topic(json, "state_topic", base);
  for (Json& each : json["availability"]) complete_topic(each, "topic", base);
  Json& components = json["components"];
  for (Json& component : components) complete_topic(component, "json_attributes_topic", base);
  for (const std::string& name : gone) components[name] = Json({{"platform", "sensor"}});
  return json.dump();
}

}  // namespace twinsky
