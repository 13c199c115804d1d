// SPDX-License-Identifier: Apache-2.0
// Settings as data: each is declared once (name, kind, range, default, one sentence). The reader of
// the configuration, its JSON Schema, the reference documentation and "did you mean" all come from
// the declaration. Drivers and feeds declare their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace twinsky {

enum class SettingKind {
  boolean,
  integer,  // lower..upper; "0x76" is accepted where `hexadecimal`
  number,   // lower..upper
  text,
  id,        // [a-z0-9-]{1,32}
  choice,    // one of `choices`
  duration,  // "10s"; lower..upper in milliseconds
  size,      // "1GB"; in bytes
  path,
  url,
  texts,  // list of text
  table,  // a free object; the owner of the setting checks it (Modbus map overrides, columns)
};

struct Setting {
  std::string_view name = {};
  SettingKind kind = SettingKind::text;
  std::string_view documentation = {};  // one sentence, for people
  std::string_view fallback = {};       // the default as it would be written; empty: none
  bool required = false;
  double lower = 0;
  double upper = 0;                                // lower == upper: no limit
  std::span<const std::string_view> choices = {};  // url: its schemes; none: http and https
  bool hexadecimal = false;
  // Names the file of a secret. People type the secret itself there, so what is written is never
  // repeated: not in a message, a log or a record (see shown()).
  bool secret = false;
};

// Does one of them have this name?
bool declares(std::span<const Setting> declared, std::string_view name);

// The values of a declared group of settings, defaults filled in. Asking for a name that was not
// declared is a bug and throws std::out_of_range.
class Settings {
 public:
  using Value = std::variant<bool, std::int64_t, double, std::string, std::chrono::milliseconds,
                             std::vector<std::string>>;

  // All declared defaults. Without one a text or a list is empty; anything else is not there (see
  // has()).
  static Settings defaults(std::span<const Setting> declared);
  // Those of the values that are declared here.
  [[nodiscard]] Settings only(std::span<const Setting> declared) const;

  void set(std::string name, Value value) { values_[std::move(name)] = std::move(value); }
  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }

  [[nodiscard]] bool boolean(std::string_view name) const { return at<bool>(name); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return at<std::int64_t>(name); }
  [[nodiscard]] double number(std::string_view name) const { return at<double>(name); }
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const {
    return at<std::chrono::milliseconds>(name);
  }
  // text, id, choice, path, url; a table as its JSON text
  [[nodiscard]] const std::string& text(std::string_view name) const {
    return at<std::string>(name);
  }
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view name) const {
    return at<std::vector<std::string>>(name);
  }

  bool operator==(const Settings&) const = default;

 private:
  template <class T>
  const T& at(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      throw std::out_of_range("setting not declared: " + std::string(name));
    }
    return std::get<T>(found->second);
  }

  std::map<std::string, Value, std::less<>> values_;
};

// Reads `written` as a value of the setting; nullopt and `problem` (what was expected) when wrong.
// Numbers, booleans and lists of a JSON file come as their JSON text.
std::optional<Settings::Value> read_setting(const Setting& setting, std::string_view written,
                                            std::string& problem);

// What is expected of a value, for a message: "a duration from 1s to 1min".
std::string expectation(const Setting& setting);

// What somebody wrote for the setting, for a message: in_quotes(), or words instead of it where it
// may be a secret. An address may hold one in front of an "@" or behind a "?".
std::string shown(const Setting& setting, std::string_view written);
bool may_hold_secret(const Setting& setting, std::string_view written);

// What somebody wrote, for a message: in quotation marks, cut when long, without control
// characters.
std::string in_quotes(std::string_view written);
// "one of "a", "b"", for a message.
std::string listed(std::span<const std::string_view> names);

// "1GB", "500MB" (decimal), "64KiB" (binary) in bytes; nullopt when wrong.
std::optional<std::int64_t> parse_size(std::string_view text);
// The shortest such text.
std::string size_text(std::int64_t bytes);

}  // namespace twinsky
