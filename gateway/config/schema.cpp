// SPDX-License-Identifier: Apache-2.0
// The JSON Schema (2020-12) of the configuration, made from the declarations: for editors that
// complete and check while somebody writes. What no schema can say, `check` does.
#include "gateway/config/config.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr auto id_pattern = "^[a-z0-9-]{1,32}$";
constexpr auto duration_pattern = R"(^[0-9]+(\.[0-9]+)?(ms|s|min|h|d)$)";
constexpr auto size_pattern = R"(^[0-9]+(\.[0-9]+)?([kKMGT]?B|[KMGT]iB)$)";

Json list_of(std::span<const std::string_view> names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(std::string(name));
  return list;
}

Json number_in(const Setting& setting, const char* type) {
  Json schema = {{"type", type}};
  if (setting.lower == setting.upper) return schema;
  const auto limit = [&](double number) {
    return setting.kind == SettingKind::integer ? Json(static_cast<std::int64_t>(number))
                                                : Json(number);
  };
  schema["minimum"] = limit(setting.lower);
  schema["maximum"] = limit(setting.upper);
  return schema;
}

Json address_in(const Setting& setting) {
  std::string schemes;
  for (const auto& scheme : setting.choices) {
    schemes.append(schemes.empty() ? "" : "|").append(scheme);
  }
  const std::string pattern =
      "^(" + (schemes.empty() ? "https?" : schemes) + ")://[^/?#:@ ][^@ ]*$";
  return {{"type", "string"}, {"pattern", pattern}};
}

Json values_of(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
      return {{"type", "boolean"}};
    case SettingKind::integer: {
      Json number = number_in(setting, "integer");
      if (!setting.hexadecimal) return number;
      const Json text = {{"type", "string"}, {"pattern", "^(0[xX][0-9a-fA-F]{1,8}|[0-9]+)$"}};
      return {{"anyOf", Json::array({number, text})}};
    }
    case SettingKind::number:
      return number_in(setting, "number");
    case SettingKind::text:
      return {{"type", "string"}};
    case SettingKind::id:
      if (!setting.choices.empty()) return {{"enum", list_of(setting.choices)}};
      return {{"type", "string"}, {"pattern", id_pattern}};
    case SettingKind::choice:
      return {{"enum", list_of(setting.choices)}};
    case SettingKind::duration:
      return {{"type", "string"}, {"pattern", duration_pattern}};
    case SettingKind::size:
      return {{"type", "string"}, {"pattern", size_pattern}};
    case SettingKind::path:
      return {{"type", "string"}, {"minLength", 1}};
    case SettingKind::url:
      return address_in(setting);
    case SettingKind::texts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case SettingKind::table:
      return {{"type", "object"}};
  }
  return {};
}

// The default as JSON.
Json json_default_of(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
    case SettingKind::integer:
    case SettingKind::number:
    case SettingKind::texts:
    case SettingKind::table: {
      auto value = Json::parse_or_null(setting.fallback);
      return value.is_null() ? Json(std::string(setting.fallback)) : value;
    }
    default:
      return std::string(setting.fallback);
  }
}

Json schema_of(const Setting& setting) {
  const bool is_defined = setting.name == "position" || setting.name == "quality";
  Json schema =
      is_defined ? Json{{"$ref", "#/$defs/" + std::string(setting.name)}} : values_of(setting);
  schema["description"] = std::string(setting.documentation);
  if (setting.secret) schema["writeOnly"] = true;  // never shown again
  if (!setting.fallback.empty()) schema["default"] = json_default_of(setting);
  return schema;
}

// "properties" and, where there are any, "required".
Json members_of(std::span<const Setting> declared) {
  Json schema = {{"properties", Json::object()}};
  Json required = Json::array();
  for (const Setting& setting : declared) {
    schema["properties"][std::string(setting.name)] = schema_of(setting);
    if (setting.required) required.push_back(std::string(setting.name));
  }
  if (!required.empty()) schema["required"] = required;
  return schema;
}

Json object_of(std::span<const Setting> declared) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  schema.update(members_of(declared));
  return schema;
}

// An object whose further settings depend on what `selector` names.
template <class Infos>
Json selected(std::span<const Setting> declared, const char* selector, const Infos& infos) {
  Json schema = {{"type", "object"}, {"unevaluatedProperties", false}};
  schema.update(members_of(declared));
  Json names = Json::array();
  Json cases = Json::array();
  for (const auto* info : infos) {
    const std::string name(info->name);
    names.push_back(name);
    if (info->settings.empty()) continue;
    const Json condition = {{"properties", {{selector, {{"const", name}}}}},
                            {"required", Json::array({selector})}};
    cases.push_back({{"if", condition}, {"then", members_of(info->settings)}});
  }
  schema["properties"][selector]["enum"] = names;
  if (!cases.empty()) schema["allOf"] = cases;
  return schema;
}

Json bus_schema() {
  Json schema = object_of(bus_settings());
  schema["oneOf"] = Json::array();
  for (const auto& endpoint : bus_endpoints()) {
    schema["oneOf"].push_back({{"required", Json::array({std::string(endpoint)})}});
  }
  return schema;
}

// A format is chosen by its name, or by a transport where none is named.
Json is_format(std::string_view format, const Vocabulary& vocabulary) {
  Json ways = Json::array({{{"properties", {{"format", {{"const", std::string(format)}}}}},
                            {"required", Json::array({"format"})}}});
  Json transports = Json::array();
  for (const TransportInfo* transport : vocabulary.transports) {
    if (transport->format != format) continue;
    transports.push_back({{"required", Json::array({std::string(transport->name)})}});
  }
  if (!transports.empty()) {
    ways.push_back({{"not", {{"required", Json::array({"format"})}}}, {"anyOf", transports}});
  }
  return {{"anyOf", ways}};
}

// Exactly one transport, by the key of its address.
Json sink_schema(const Vocabulary& vocabulary) {
  Json schema = {{"type", "object"}, {"unevaluatedProperties", false}};
  schema.update(members_of(sink_settings()));
  Json choices = Json::array();
  Json cases = Json::array();
  Json formats = Json::array();
  for (const FormatInfo* format : vocabulary.formats) {
    formats.push_back(std::string(format->name));
    if (format->settings.empty()) continue;
    cases.push_back(
        {{"if", is_format(format->name, vocabulary)}, {"then", members_of(format->settings)}});
  }
  schema["properties"]["format"]["enum"] = formats;
  for (const TransportInfo* transport : vocabulary.transports) {
    const std::string name(transport->name);
    const Json is_chosen = {{"required", Json::array({name})}};
    schema["properties"][name] = schema_of(settings_of(*transport).front());
    choices.push_back(is_chosen);
    cases.push_back({{"if", is_chosen}, {"then", members_of(transport->settings)}});
  }
  schema["oneOf"] = choices;
  schema["allOf"] = cases;
  return schema;
}

Json entry_schema(const Section& section, const Vocabulary& vocabulary) {
  if (section.name == "buses") return bus_schema();
  if (section.name == "sensors") return selected(section.settings, "driver", vocabulary.drivers);
  if (section.name == "feeds") return selected(section.settings, "feed", vocabulary.feeds);
  if (section.name == "sinks") return sink_schema(vocabulary);
  return object_of(section.settings);
}

// A sensor's checks: what holds for all of them, then by quantity.
Json quality_schema() {
  Json schema = object_of(quality_settings());
  for (const QuantityInfo& info : quantity_catalogue()) {
    schema["properties"][std::string(info.name)] = {{"$ref", "#/$defs/checks"}};
  }
  return schema;
}

Json section_schema(const Section& section, const Vocabulary& vocabulary) {
  Json schema = entry_schema(section, vocabulary);
  switch (section.shape) {
    case Section::Shape::object:
      break;
    case Section::Shape::by_id:
      schema = {{"type", "object"},
                {"propertyNames", {{"pattern", id_pattern}}},
                {"additionalProperties", std::move(schema)}};
      break;
    case Section::Shape::list:
      schema = {{"type", "array"}, {"items", std::move(schema)}};
      break;
  }
  schema["description"] = std::string(section.documentation);
  return schema;
}

}  // namespace

std::string config_schema(const Vocabulary& vocabulary) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Configuration of Twinsky"},
                 {"type", "object"},
                 {"additionalProperties", false},
                 {"required", Json::array({"gateway"})}};
  schema["properties"]["$schema"] = {{"type", "string"}};
  for (const Section& section : sections()) {
    schema["properties"][std::string(section.name)] = section_schema(section, vocabulary);
  }
  schema["$defs"]["position"] = object_of(position_settings());
  schema["$defs"]["quality"] = quality_schema();
  schema["$defs"]["checks"] = object_of(check_settings());
  return schema.dump(2) + "\n";
}

}  // namespace twinsky
