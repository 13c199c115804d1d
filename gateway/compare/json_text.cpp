// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/json_text.hpp"

#include "gateway/model/clock.hpp"
#include "gateway/text/record.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace twinsky {
namespace {

constexpr int significant_digits = 9;

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";  // -0 is 0
  std::array<char, 32> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                  std::chars_format::general, significant_digits)
                        .ptr;
  return std::string(digits.data(), end);
}

}  // namespace

void JsonText::begin(std::string_view key) {
  const bool is_first = text_.empty() || text_.back() == '{' || text_.back() == '[';
  if (!is_first) text_ += ',';
  if (key.empty()) return;
  append_json_string(text_, key);
  text_ += ':';
}

JsonText& JsonText::raw(std::string_view key, std::string_view value) {
  begin(key);
  text_ += value;
  return *this;
}

JsonText& JsonText::open(std::string_view key) {
  return raw(key, "{");
}

JsonText& JsonText::close() {
  text_ += '}';
  return *this;
}

JsonText& JsonText::open_list(std::string_view key) {
  return raw(key, "[");
}

JsonText& JsonText::close_list() {
  text_ += ']';
  return *this;
}

JsonText& JsonText::put(std::string_view key, double value) {
  return raw(key, number_text(value));
}

JsonText& JsonText::put(std::string_view key, std::string_view value) {
  begin(key);
  append_json_string(text_, value);
  return *this;
}

JsonText& JsonText::put(std::string_view key, HourStart value) {
  return put(key, std::string_view(iso8601(UtcTime(value))));
}

JsonText& JsonText::put(std::string_view key, const ConfidenceInterval& value) {
  return raw(key, '[' + number_text(value.lower) + ',' + number_text(value.upper) + ']');
}

JsonText& JsonText::item(std::string_view text) {
  return put({}, text);
}

}  // namespace twinsky
