// SPDX-License-Identifier: Apache-2.0
// JSON text in the order in which it is written, numbers with nine significant digits whatever the
// locale: the same values always give the same bytes.
#pragma once

#include "gateway/compare/fit.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

class JsonText {
 public:
  JsonText& open(std::string_view key = {});  // an object; without a key, in a list or on top
  JsonText& close();
  JsonText& open_list(std::string_view key);
  JsonText& close_list();

  JsonText& put(std::string_view key, double value);  // null when it is not finite
  JsonText& put(std::string_view key, std::string_view value);
  JsonText& put(std::string_view key, const char* value) {
    return put(key, std::string_view(value));
  }
  template <std::integral T>
  JsonText& put(std::string_view key, T value) {
    return raw(key, std::to_string(value));
  }
  JsonText& put(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  JsonText& put(std::string_view key, HourStart value);
  JsonText& put(std::string_view key, const ConfidenceInterval& value);
  template <class T>
  JsonText& put(std::string_view key, const std::optional<T>& value) {
    return value ? put(key, *value) : null(key);
  }
  JsonText& null(std::string_view key) { return raw(key, "null"); }
  JsonText& item(std::string_view text);  // of a list

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  JsonText& raw(std::string_view key, std::string_view value);
  void begin(std::string_view key);

  std::string text_;
};

}  // namespace twinsky
