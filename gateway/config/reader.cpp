// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/reader.hpp"

#include "gateway/config/secret_keys.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>

namespace twinsky {
namespace {

std::vector<std::string_view> names_of(std::span<const Setting> declared) {
  std::vector<std::string_view> names;
  for (const Setting& setting : declared) names.push_back(setting.name);
  return names;
}

// Does the kind of JSON value fit the setting?
bool fits(const Node& node, const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
      return node.kind == NodeKind::boolean;
    case SettingKind::integer:
      return node.kind == NodeKind::number || (setting.hexadecimal && node.kind == NodeKind::text);
    case SettingKind::number:
      return node.kind == NodeKind::number;
    case SettingKind::texts:
      return node.kind == NodeKind::list;
    case SettingKind::table:
      return node.kind == NodeKind::object;
    default:
      return node.kind == NodeKind::text;
  }
}

std::string shown(const Node& node, const Setting& setting) {
  const bool is_scalar = node.kind != NodeKind::list && node.kind != NodeKind::object;
  if (is_scalar && may_hold_secret(setting, node.text)) return shown(setting, node.text);
  switch (node.kind) {
    case NodeKind::null:
      return "null";
    case NodeKind::boolean:
    case NodeKind::number:
      return node.text;
    case NodeKind::text:
      return in_quotes(node.text);
    case NodeKind::list:
      return "a list";
    case NodeKind::object:
      return "an object";
  }
  return {};
}

// ": its sentence", since "a text" alone says little.
std::string meaning_of(const Setting& setting) {
  std::string_view sentence = setting.documentation;
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  return ": " + std::string(sentence);
}

// "10" for a duration lacks its unit, "true" in quotation marks is no boolean: the usual slips.
std::string misfit(const Node& node, const Setting& setting) {
  const bool needs_unit =
      setting.kind == SettingKind::duration || setting.kind == SettingKind::size;
  const std::string written = shown(node, setting);
  if (node.kind == NodeKind::number && needs_unit) {
    return written + " has no unit, expected a text such as " +
           (setting.kind == SettingKind::duration ? "\"10s\"" : "\"500MB\"");
  }
  if (setting.kind == SettingKind::path && node.kind == NodeKind::number) {
    return written + " is no path" + (setting.secret ? "" : meaning_of(setting)) + ", expected " +
           expectation(setting);
  }
  std::string problem;
  const bool is_scalar = node.kind == NodeKind::number || node.kind == NodeKind::boolean ||
                         node.kind == NodeKind::text;
  if (is_scalar && setting.kind != SettingKind::texts &&
      read_setting(setting, node.text, problem)) {
    if (node.kind != NodeKind::text) {
      return written + " stands without quotation marks, expected " +
             (setting.secret ? "it in them" : "\"" + node.text + "\"");
    }
    return written + " stands in quotation marks, expected " + node.text + " without them";
  }
  return written + " is of the wrong kind, expected " + expectation(setting);
}

std::string advice_on_secret(std::string_view key, std::span<const std::string_view> known) {
  const std::string file = std::string(key) + "_file";
  if (std::ranges::find(known, file) != known.end()) {
    return "secrets do not belong into this file, expected \"" + file +
           "\" with the name of a file that only the service can read";
  }
  if (!is_word_for_secret(key)) return {};
  const bool has_password_file = std::ranges::find(known, "password_file") != known.end();
  return std::string("secrets do not belong into this file, expected ") +
         (has_password_file
              ? "\"password_file\" with the name of a file that only the service can read"
              : "none here");
}

constexpr const char* not_shown = "(not shown: a secret, perhaps)";

// What a thing of a list is called by those who look for it.
std::string label_of(const Node& node) {
  for (const auto* const key : {"id", "feed"}) {
    const Node* const name = member(node, key);
    if (name != nullptr && name->kind == NodeKind::text) return name->text;
  }
  const Node* const sensor = member(node, "sensor");
  const Node* const quantity = member(node, "quantity");
  if (sensor == nullptr || quantity == nullptr) return std::to_string(node.index);
  return sensor->text + "/" + quantity->text;
}

std::string path_of(const Node& node) {
  if (node.parent == nullptr) return {};
  const bool is_in_list = node.parent->kind == NodeKind::list;
  return path_of(*node.parent) + "/" + (is_in_list ? label_of(node) : node.key);
}

// A default is written in the declaration as in a file, less the quotation marks of texts.
std::string default_as_written(const Setting& setting) {
  const bool is_literal = setting.kind == SettingKind::boolean ||
                          setting.kind == SettingKind::integer ||
                          setting.kind == SettingKind::number || setting.kind == SettingKind::texts;
  return is_literal ? std::string(setting.fallback) : Json(setting.fallback).dump();
}

}  // namespace

Settings Reader::defaults(std::string_view path, std::span<const Setting> declared) {
  keep_effective(nullptr, path, declared);
  return Settings::defaults(declared);
}

void Reader::keep_effective(const Node* object, std::string_view path,
                            std::span<const Setting> declared) {
  for (const Setting& setting : declared) {
    const std::string name = std::string(path).append("/").append(setting.name);
    const Node* const node = object == nullptr ? nullptr : member(*object, setting.name);
    if (node != nullptr && node->kind != NodeKind::object) {
      std::string origin = text_of(document_.problem(*node, {}));
      origin.resize(origin.find(": "));
      const bool is_hidden = may_hold_secret(setting, node->text);
      effective_.push_back({name, is_hidden ? not_shown : json_of(*node), std::move(origin)});
    } else if (node == nullptr && !setting.fallback.empty()) {
      effective_.push_back({name, default_as_written(setting), {}});
    }
  }
}

void Reader::leave_out_default(const Node& object, std::string_view setting) {
  const std::string path = path_of(object) + "/" + std::string(setting);
  std::erase_if(effective_, [&path](const EffectiveSetting& each) {
    return each.path == path && each.origin.empty();
  });
}

std::string Reader::place_of(const Node& node) const {
  std::string text = text_of(document_.problem(node, {}));
  return text.substr(0, text.rfind(": "));
}

SecretPlaces Reader::secret_places(const Node& object, std::span<const Setting> declared) const {
  SecretPlaces places;
  for (const Setting& setting : declared) {
    const Node* node = setting.secret ? member(object, setting.name) : nullptr;
    if (node != nullptr) places.by_setting.emplace(setting.name, place_of(*node));
  }
  return places;
}

void Reader::report(const Node& at, std::string message, std::string suggestion) {
  problems_.push_back(document_.problem(at, std::move(message), std::move(suggestion)));
}

void Reader::warn(const Node& at, std::string message, std::string suggestion) {
  warnings_.push_back(document_.problem(at, std::move(message), std::move(suggestion)));
}

void Reader::note(const Node& at, std::string message) {
  notes_.push_back(document_.problem(at, std::move(message)));
}

void Reader::report_key(const Node& at, std::string message, std::string suggestion) {
  problems_.push_back(document_.key_problem(at, std::move(message), std::move(suggestion)));
}

bool Reader::expect(const Node& node, NodeKind kind, std::string_view expected) {
  if (node.kind == kind) return true;
  report(node, shown(node, {}) + " is of the wrong kind, expected " + std::string(expected));
  return false;
}

void Reader::refuse_key(const Node& at, std::span<const std::string_view> known,
                        UnknownKeys unknown_keys) {
  auto advice = advice_on_secret(at.key, known);
  if (!advice.empty()) return report_key(at, std::move(advice));
  if (unknown_keys == UnknownKeys::ignored) return;
  auto suggestion = nearest(at.key, known);
  std::string message = "the key " + in_quotes(at.key) + " is not known here";
  if (suggestion.empty()) message += ", expected " + listed(known);
  report_key(at, std::move(message), std::move(suggestion));
}

Settings Reader::read(const Node& object, std::span<const Setting> declared,
                      UnknownKeys unknown_keys) {
  Settings values = Settings::defaults(declared);
  for (const Node* node : object.children) {
    const auto setting = std::ranges::find(declared, node->key, &Setting::name);
    if (setting == declared.end()) {
      refuse_key(*node, names_of(declared), unknown_keys);
    } else {
      read_value(*node, *setting, values);
    }
  }
  for (const Setting& setting : declared) {
    if (setting.required && member(object, setting.name) == nullptr) {
      report(object, in_quotes(setting.name) + " is missing, expected " + expectation(setting) +
                         (setting.kind == SettingKind::text ? meaning_of(setting) : ""));
    }
  }
  keep_effective(&object, path_of(object), declared);
  return values;
}

void Reader::read_value(const Node& node, const Setting& setting, Settings& values) {
  if (!fits(node, setting)) return report(node, misfit(node, setting));
  const bool is_compound = node.kind == NodeKind::list || node.kind == NodeKind::object;
  std::string problem;
  auto value = read_setting(setting, is_compound ? json_of(node) : node.text, problem);
  if (value) {
    if (setting.kind == SettingKind::path && node.text.starts_with("~/")) {
      warn(node, shown(node, setting) +
                     " begins with \"~\", which is a folder of that name here and nobody's home, "
                     "expected the whole path such as \"/home/pi/…\"");
    }
    return values.set(std::string(setting.name), std::move(*value));
  }
  std::string suggestion;
  if (setting.kind == SettingKind::choice) suggestion = nearest(node.text, setting.choices);
  if (setting.kind == SettingKind::id) suggestion = id_like(node.text);
  report(node, std::move(problem), std::move(suggestion));
}

}  // namespace twinsky
