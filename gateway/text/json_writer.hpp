// SPDX-License-Identifier: Apache-2.0
// JSON text in the order in which it is written, without a document being built: the same values
// always give the same bytes, whatever the locale.
#pragma once

#include "gateway/model/clock.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

// Appends `value` with exactly `decimals` digits after the point ("-0.0" becomes "0.0"); null when
// it is not finite.
void append_number(std::string& text, double value, int decimals);
// Appends `raw` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& text, std::string_view raw);

// Goes on where `text` ends. Keys are our own words, which need no escapes; with {} for a key the
// value is an item of a list, stands alone, or follows key(). Every sample passes here, so nothing
// is remembered: where a comma belongs is seen by what stands before.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& text) : text_(text) {}

  JsonWriter& open(std::string_view key = {}) { return put_raw(key, "{"); }
  JsonWriter& close() { return append('}'); }
  JsonWriter& open_list(std::string_view key = {}) { return put_raw(key, "["); }
  JsonWriter& close_list() { return append(']'); }
  // An object that is there only when it has members: close it with what was the length before.
  [[nodiscard]] std::size_t length() const { return text_.size(); }
  JsonWriter& close_or_drop(std::size_t length_before);

  JsonWriter& put(std::string_view key, std::string_view text);
  JsonWriter& put(std::string_view key, const char* text) {
    return put(key, std::string_view(text));
  }
  JsonWriter& put(std::string_view key, bool value) {
    return put_raw(key, value ? "true" : "false");
  }
  template <std::integral T>
  JsonWriter& put(std::string_view key, T number) {
    if constexpr (std::signed_integral<T>) return put_signed(key, number);
    return put_unsigned(key, static_cast<std::uint64_t>(number));
  }
  // With so many digits after the point, or with nine significant ones; null when it is not finite.
  JsonWriter& put(std::string_view key, double number, int decimals);
  JsonWriter& put(std::string_view key, double number);
  JsonWriter& put(std::string_view key, UtcTime time);
  // null where there is none.
  template <class T, class... Decimals>
  JsonWriter& put(std::string_view key, const std::optional<T>& value, Decimals... decimals) {
    return value ? put(key, *value, decimals...) : null(key);
  }
  JsonWriter& null(std::string_view key) { return put_raw(key, "null"); }

  // What is JSON already.
  JsonWriter& put_raw(std::string_view key, std::string_view json);
  // Members as they stand between the braces of an object; none where it is empty.
  JsonWriter& members(std::string_view json);
  // A key that somebody else has chosen; its value comes next, without one.
  JsonWriter& key(std::string_view foreign);

 private:
  void begin(std::string_view key);
  JsonWriter& append(char sign) {
    text_ += sign;
    return *this;
  }
  JsonWriter& put_signed(std::string_view key, std::int64_t number);
  JsonWriter& put_unsigned(std::string_view key, std::uint64_t number);

  std::string& text_;
};

}  // namespace twinsky
