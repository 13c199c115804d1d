// SPDX-License-Identifier: Apache-2.0
// A JSON document as a value: read, asked, built and written. Members keep their order. One .cpp
// file knows the library behind it, whose header costs every file that includes it seconds. Hostile
// documents are read elsewhere: feeds by drivers/feeds/json, the configuration by config/document.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace twinsky {

// No JSON, or not what was asked for; `what` says which, for people.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// JSON nested deeper than it may be.
class JsonTooDeep final : public JsonError {
 public:
  using JsonError::JsonError;
};

template <class T>
concept JsonValues = requires(const T& values) {
  typename T::value_type;
  values.begin();
} && !std::convertible_to<const T&, std::string_view>;

class Json {
 public:
  struct Reading {
    bool has_comments = false;
    std::size_t deepest = 256;
  };
  struct Member {
    const std::string& key;
    const Json& value;
  };

  Json() = default;
  Json(std::nullptr_t) {}
  Json(std::same_as<bool> auto value) : kind_(Kind::boolean) { number_.integer = value ? 1 : 0; }
  template <std::signed_integral Number>
  Json(Number value) : kind_(Kind::integer) {
    number_.integer = value;
  }
  template <std::unsigned_integral Number>
    requires(!std::same_as<Number, bool>)
  Json(Number value) : kind_(Kind::natural) {
    number_.natural = value;
  }
  Json(double value) : kind_(Kind::real) { number_.real = value; }
  Json(const char* text) : kind_(Kind::text), text_(text) {}
  Json(std::string text) : kind_(Kind::text), text_(std::move(text)) {}
  Json(std::string_view text) : kind_(Kind::text), text_(text) {}
  // null where there is none.
  template <class Value>
  Json(const std::optional<Value>& value) {
    if (value) *this = Json(*value);
  }
  // A list of what a container holds; of a map an object.
  template <JsonValues Values>
  Json(const Values& values) : kind_(Kind::list) {
    if constexpr (requires { typename Values::mapped_type; }) {
      kind_ = Kind::object;
      for (const auto& [key, value] : values) (*this)[key] = value;
    } else {
      for (const auto& value : values) push_back(value);
    }
  }
  // An object where all are pairs that begin with a text, as {{"a", 1}, {"b", 2}}; else a list.
  Json(std::initializer_list<Json> values);
  static Json array(std::initializer_list<Json> values = {});
  static Json object();

  // Throws JsonError.
  static Json parse(std::string_view text, const Reading& reading);
  static Json parse(std::string_view text) { return parse(text, Reading()); }
  static Json parse(std::istream& stream);
  // What is no JSON becomes null.
  static Json parse_or_null(std::string_view text);
  static Json parse_or_null(std::istream& stream);
  // On one line, or with `indent` blanks a level. Bytes that are not UTF-8 become U+FFFD.
  [[nodiscard]] std::string dump(int indent = -1) const;

  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  [[nodiscard]] bool is_boolean() const { return kind_ == Kind::boolean; }
  [[nodiscard]] bool is_number() const { return is_number_integer() || is_number_float(); }
  [[nodiscard]] bool is_number_integer() const {
    return kind_ == Kind::integer || kind_ == Kind::natural;
  }
  [[nodiscard]] bool is_number_float() const { return kind_ == Kind::real; }
  [[nodiscard]] bool is_string() const { return kind_ == Kind::text; }
  [[nodiscard]] bool is_array() const { return kind_ == Kind::list; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }

  // Values of a list or an object.
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] auto begin() const { return values_.begin(); }
  [[nodiscard]] auto end() const { return values_.end(); }
  [[nodiscard]] auto begin() { return values_.begin(); }
  [[nodiscard]] auto end() { return values_.end(); }

  // The members of an object, as they were written or by key.
  [[nodiscard]] std::vector<Member> items() const;
  [[nodiscard]] std::vector<Member> items_by_key() const;
  // nullptr: no object, or no such member.
  [[nodiscard]] const Json* find(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  // Empty: no object, or no such text in it, as in what another version wrote.
  [[nodiscard]] std::string text_of(std::string_view key) const;
  // Throw JsonError where there is no such value.
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] const Json& at(std::size_t index) const;
  [[nodiscard]] const Json& operator[](std::string_view key) const { return at(key); }
  [[nodiscard]] const Json& operator[](std::size_t index) const { return at(index); }
  // The member, made where it is not there yet.
  Json& operator[](std::string_view key);
  // For text in the source, which would also fit a subscript of C's own: 3["abc"].
  [[nodiscard]] const Json& operator[](const char* key) const { return at(key); }
  Json& operator[](const char* key) { return (*this)[std::string_view(key)]; }

  void push_back(Json value);
  // Of a list.
  void erase(std::vector<Json>::const_iterator value) { values_.erase(value); }
  // Takes over the members of another object.
  void update(const Json& object);

  // Throws JsonError when the value is of another kind.
  template <class T>
  [[nodiscard]] T get() const {
    if constexpr (std::same_as<T, Json>) {
      return *this;
    } else if constexpr (std::same_as<T, bool>) {
      return boolean();
    } else if constexpr (std::is_arithmetic_v<T>) {
      return number<T>();
    } else if constexpr (std::same_as<T, std::string>) {
      return text();
    } else {  // a vector
      T values;
      for (const Json& value : list()) values.push_back(value.get<typename T::value_type>());
      return values;
    }
  }
  template <class T>
    requires(std::same_as<T, std::string> || (std::is_arithmetic_v<T> && !std::same_as<T, bool>))
  operator T() const {
    return get<T>();
  }
  // Of a member; `fallback` where it is not there.
  template <class T>
  [[nodiscard]] T value(std::string_view key, T fallback) const {
    const Json* const found = member(key);
    return found == nullptr ? std::move(fallback) : found->get<T>();
  }
  [[nodiscard]] std::string value(std::string_view key, const char* fallback) const {
    return value(key, std::string(fallback));
  }

  friend bool operator==(const Json& json, std::string_view text) {
    return json.is_string() && json.text_ == text;
  }

 private:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, list, object };
  union Number {
    std::int64_t integer = 0;
    std::uint64_t natural;
    double real;
  };
  class Builder;   // of what the parser reads
  struct Printed;  // what is handed to the library

  template <class T>
  [[nodiscard]] T number() const {
    require_number();
    if (kind_ == Kind::integer) return static_cast<T>(number_.integer);
    if (kind_ == Kind::natural) return static_cast<T>(number_.natural);
    return static_cast<T>(number_.real);
  }
  [[nodiscard]] const char* kind_name() const;
  void require_number() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const std::vector<Json>& list() const;
  [[nodiscard]] const Json* member(std::string_view key) const;

  Kind kind_ = Kind::null;
  Number number_;
  std::string text_;
  std::vector<Json> values_;       // of a list or an object
  std::vector<std::string> keys_;  // of an object, one for each value
};

}  // namespace twinsky
