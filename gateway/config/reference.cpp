// SPDX-License-Identifier: Apache-2.0
// The reference documentation of the configuration: its parts, and how they look in Markdown.
#include "gateway/config/reference.hpp"

#include "gateway/config/settings.hpp"

#include <utility>

namespace twinsky {
namespace {

std::vector<Setting> all_of(std::span<const Setting> declared) {
  return {declared.begin(), declared.end()};
}

std::string_view shape_text(Section::Shape shape) {
  switch (shape) {
    case Section::Shape::object:
      return "an object";
    case Section::Shape::by_id:
      return "an object with one entry for each id";
    case Section::Shape::list:
      return "a list";
  }
  return {};
}

std::span<const Setting> settings_of(const auto& info) {
  return info.settings;
}

void add_additions(std::vector<ReferencePart>& parts, const auto& infos, const std::string& what) {
  for (const auto* info : infos) {
    const auto added = settings_of(*info);
    if (added.empty()) continue;
    const std::string title = what + " `" + std::string(info->name) + "` adds";
    parts.push_back({.title = title, .settings = {added.begin(), added.end()}});
  }
}

// A cell may hold no bar.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string default_of(const Setting& setting) {
  if (setting.required) return "required";
  return setting.fallback.empty() ? std::string() : "`" + std::string(setting.fallback) + "`";
}

std::string table_of(const std::vector<Setting>& settings) {
  std::string text = "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : settings) {
    text += "| `" + std::string(setting.name) + "` | " + cell(value_text(setting)) + " | " +
            cell(default_of(setting)) + " | " + cell(setting.documentation) + " |\n";
  }
  return text;
}

}  // namespace

// A closed list of ids was an open one in earlier versions.
std::string value_text(const Setting& setting) {
  if (setting.name == "position" || setting.name == "quality") {
    return "an object, see " + std::string(setting.name);
  }
  const bool is_list = setting.kind == SettingKind::id && !setting.choices.empty();
  return is_list ? listed(setting.choices) : expectation(setting);
}

std::vector<ReferencePart> reference_parts(const Vocabulary& vocabulary) {
  std::vector<ReferencePart> parts;
  for (const Section& section : sections()) {
    const std::string name = "`" + std::string(section.name) + "`: ";
    parts.push_back({.is_section = true,
                     .title = name + std::string(shape_text(section.shape)),
                     .text = std::string(section.documentation),
                     .settings = all_of(section.settings)});
    if (section.name == "gateway") {
      parts.push_back({.title = "position", .settings = all_of(position_settings())});
    }
    if (section.name == "sensors") {
      parts.push_back({.title = "quality", .settings = all_of(quality_settings())});
      parts.push_back({.title = "quality of one quantity",
                       .text = "Beside these an object by the name of each quantity that is to be "
                               "checked in another way, such as `\"pm2_5\": {\"spike_suspect\": "
                               "200}`:",
                       .settings = all_of(check_settings())});
      add_additions(parts, vocabulary.drivers, "driver");
    }
    if (section.name == "feeds") add_additions(parts, vocabulary.feeds, "feed");
    if (section.name == "sinks") {
      add_additions(parts, vocabulary.transports, "transport");
      add_additions(parts, vocabulary.formats, "format");
    }
  }
  return parts;
}

std::string config_reference(const Vocabulary& vocabulary) {
  std::string text = "# Configuration\n";
  for (const ReferencePart& part : reference_parts(vocabulary)) {
    text.append(part.is_section ? "\n## " : "\n### ").append(part.title).append("\n\n");
    if (!part.text.empty()) text.append(part.text).append("\n\n");
    text += table_of(part.settings);
  }
  return text;
}

}  // namespace twinsky
