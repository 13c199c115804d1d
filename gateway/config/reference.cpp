// SPDX-License-Identifier: Apache-2.0
// The reference documentation of the configuration as Markdown tables, made from the declarations.
#include "gateway/config/config.hpp"
#include "gateway/config/settings.hpp"

namespace twinsky {
namespace {

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

// A closed list of ids was an open one in earlier versions.
std::string value_of(const Setting& setting) {
  const bool is_list = setting.kind == SettingKind::id && !setting.choices.empty();
  return is_list ? listed(setting.choices) : expectation(setting);
}

std::string table_of(std::span<const Setting> declared) {
  std::string text = "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : declared) {
    const bool is_defined = setting.name == "position" || setting.name == "quality";
    const std::string object = "an object, see " + std::string(setting.name);
    text += "| `" + std::string(setting.name) + "` | " +
            cell(is_defined ? object : value_of(setting)) + " | " + cell(default_of(setting)) +
            " | " + cell(setting.documentation) + " |\n";
  }
  return text + "\n";
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

template <class Infos>
std::string additions(const Infos& infos, std::string_view what) {
  std::string text;
  for (const auto* info : infos) {
    const auto added = settings_of(*info);
    if (added.empty()) continue;
    text.append("### ").append(what).append(" `").append(info->name).append("` adds\n\n");
    text += table_of(added);
  }
  return text;
}

}  // namespace

std::string config_reference(const Vocabulary& vocabulary) {
  std::string text = "# Configuration\n\n";
  for (const Section& section : sections()) {
    text.append("## `").append(section.name).append("`: ").append(shape_text(section.shape));
    text.append("\n\n").append(section.documentation).append("\n\n");
    text += table_of(section.settings);
    if (section.name == "gateway") text += "### position\n\n" + table_of(position_settings());
    if (section.name == "sensors") {
      text += "### quality\n\n" + table_of(quality_settings());
      text +=
          "Beside these an object by the name of each quantity that is to be checked in another "
          "way, such as `\"pm2_5\": {\"spike_suspect\": 200}`:\n\n";
      text += table_of(check_settings());
      text += additions(vocabulary.drivers, "driver");
    }
    if (section.name == "feeds") text += additions(vocabulary.feeds, "feed");
    if (section.name == "sinks") {
      text += additions(vocabulary.transports, "transport");
      text += additions(vocabulary.formats, "format");
    }
  }
  text.pop_back();  // one line end is enough
  return text;
}

}  // namespace twinsky
