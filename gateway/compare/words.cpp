// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/words.hpp"

#include "gateway/model/embedded.hpp"
#include "gateway/text/json_writer.hpp"

#include <cmath>
#include <stdexcept>

namespace twinsky {

std::string figure(double value) {
  const double size = std::abs(value);
  std::string text;
  append_number(text, size, size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return value < 0 && text.find_first_not_of("0.") != std::string::npos ? "−" + text : text;
}

std::string figure(const Json& value) {
  return value.is_number() ? figure(value.get<double>()) : "–";
}

Words::Words(std::string language)
    : language_(std::move(language)),
      texts_(Json::parse_or_null(embedded_file("gateway/page/assets/" + language_ + ".json"))) {
  if (!texts_.is_object()) {
    throw std::invalid_argument(
        "\"" + language_ + "\" is no language of this program, expected en, zh-Hant or zh-Hans");
  }
}

std::string Words::say(std::string_view key, Values values) const {
  const Json* const found = texts_.find(key);
  std::string text = found == nullptr ? std::string(key) : found->get<std::string>();
  for (const auto& [name, value] : values) {
    const std::string place = "{" + std::string(name) + "}";
    for (std::size_t at = text.find(place); at != std::string::npos;
         at = text.find(place, at + value.size())) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

std::string Words::code(std::string_view kind, std::string_view code, Values values) const {
  const std::string key = std::string(kind) + "." + std::string(code);
  return texts_.contains(key) ? say(key, values)
                              : say("unknown_code", {{"code", std::string(code)}});
}

}  // namespace twinsky
