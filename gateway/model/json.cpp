// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <iterator>

namespace twinsky {
namespace {

using Library = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& expected, const char* found) {
  throw JsonError("expected " + expected + ", found " + found);
}

std::string with_member(std::string_view key) {
  return "an object with \"" + std::string(key) + '"';
}

// Of the byte that was read last, counted from 1.
std::string place_in(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position == 0 ? 0 : position - 1);
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string rest_of(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

// Builds the tree; a member that returns false ends the parsing.
class Json::Builder final : public Library::json_sax_t {
 public:
  Builder(Json& root, std::string_view text, std::size_t deepest)
      : root_(root), whole_(text), deepest_(deepest) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Library::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Kind::object); }
  bool start_array(std::size_t) override { return open(Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    throw JsonError("is no JSON from " + place_in(whole_, position) + " on");
  }

 private:
  // A place for the next value. Only the innermost open value grows, so the pointers to those
  // around it hold.
  Json& place() {
    if (open_.size() > deepest_) throw JsonTooDeep("is nested too deep");
    if (open_.empty()) return root_;
    Json& around = *open_.back();
    return around.is_object() ? around[key_] : around.values_.emplace_back();
  }
  bool add(Json value) {
    place() = std::move(value);
    return true;
  }
  bool open(Kind kind) {
    Json& value = place();
    value = Json();  // a name that is there twice: the last one counts
    value.kind_ = kind;
    open_.push_back(&value);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json& root_;
  const std::string_view whole_;
  const std::size_t deepest_;
  std::vector<Json*> open_;
  std::string key_;
};

struct Json::Printed {
  static Library of(const Json& json) {
    switch (json.kind_) {
      case Kind::null:
        break;
      case Kind::boolean:
        return json.number_.integer != 0;
      case Kind::integer:
        return json.number_.integer;
      case Kind::natural:
        return json.number_.natural;
      case Kind::real:
        return json.number_.real;
      case Kind::text:
        return json.text_;
      case Kind::list: {
        Library list = Library::array();
        for (const Json& value : json.values_) list.push_back(of(value));
        return list;
      }
      case Kind::object: {
        Library object = Library::object();
        for (const auto& [key, value] : json.items()) object[key] = of(value);
        return object;
      }
    }
    return nullptr;
  }
};

Json::Json(std::initializer_list<Json> values) {
  const bool is_object = std::ranges::all_of(values, [](const Json& value) {
    return value.is_array() && value.size() == 2 && value.values_[0].is_string();
  });
  kind_ = is_object ? Kind::object : Kind::list;
  if (!is_object) values_ = values;
  if (!is_object) return;
  for (const Json& pair : values) (*this)[pair.values_[0].text_] = pair.values_[1];
}

Json Json::array(std::initializer_list<Json> values) {
  Json list;
  list.kind_ = Kind::list;
  list.values_ = values;
  return list;
}

Json Json::object() {
  Json object;
  object.kind_ = Kind::object;
  return object;
}

Json Json::parse(std::string_view text, const Reading& reading) {
  Json root;
  Builder builder(root, text, reading.deepest);
  Library::sax_parse(text, &builder, Library::input_format_t::json, true, reading.has_comments);
  return root;
}

Json Json::parse(std::istream& stream) {
  return parse(rest_of(stream));
}

Json Json::parse_or_null(std::istream& stream) {
  return parse_or_null(rest_of(stream));
}

Json Json::parse_or_null(std::string_view text) {
  try {
    return parse(text);
  } catch (const JsonError&) {
    return {};
  }
}

std::string Json::dump(int indent) const {
  return Printed::of(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

std::vector<Json::Member> Json::items() const {
  std::vector<Member> members;
  members.reserve(keys_.size());
  for (std::size_t at = 0; at < keys_.size(); ++at) members.push_back({keys_[at], values_[at]});
  return members;
}

std::vector<Json::Member> Json::items_by_key() const {
  std::vector<std::size_t> order(keys_.size());
  for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
  std::ranges::sort(order, {}, [&](std::size_t at) { return std::string_view(keys_[at]); });
  std::vector<Member> members;
  for (const std::size_t at : order) members.push_back({keys_[at], values_[at]});
  return members;
}

const Json* Json::find(std::string_view key) const {
  const auto found = std::ranges::find(keys_, key);
  return found == keys_.end() ? nullptr : &values_[static_cast<std::size_t>(found - keys_.begin())];
}

std::string Json::text_of(std::string_view key) const {
  const Json* const found = find(key);
  return found != nullptr && found->is_string() ? found->text_ : std::string();
}

const Json& Json::at(std::string_view key) const {
  if (!is_object()) refuse(with_member(key), kind_name());
  const Json* const found = find(key);
  if (found == nullptr) throw JsonError('"' + std::string(key) + "\" is missing");
  return *found;
}

const Json& Json::at(std::size_t index) const {
  if (index >= list().size()) {
    throw JsonError("item " + std::to_string(index + 1) + " of the list is missing");
  }
  return values_[index];
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) kind_ = Kind::object;
  if (!is_object()) refuse(with_member(key), kind_name());
  const auto found = std::ranges::find(keys_, key);
  if (found != keys_.end()) return values_[static_cast<std::size_t>(found - keys_.begin())];
  keys_.emplace_back(key);
  return values_.emplace_back();
}

void Json::push_back(Json value) {
  if (is_null()) kind_ = Kind::list;
  if (!is_array()) refuse("a list", kind_name());
  values_.push_back(std::move(value));
}

void Json::update(const Json& object) {
  if (is_null()) kind_ = Kind::object;
  if (!is_object() || !object.is_object()) {
    const Json& wrong = is_object() ? object : *this;
    refuse("an object", wrong.kind_name());
  }
  for (const auto& [key, value] : object.items()) (*this)[key] = value;
}

const char* Json::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
    case Kind::natural:
    case Kind::real:
      return "a number";
    case Kind::text:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::object:
      return "an object";
  }
  return "";
}

void Json::require_number() const {
  if (!is_number()) refuse("a number", kind_name());
}

bool Json::boolean() const {
  if (!is_boolean()) refuse("true or false", kind_name());
  return number_.integer != 0;
}

const std::string& Json::text() const {
  if (!is_string()) refuse("text", kind_name());
  return text_;
}

const std::vector<Json>& Json::list() const {
  if (!is_array()) refuse("a list", kind_name());
  return values_;
}

const Json* Json::member(std::string_view key) const {
  if (!is_object()) refuse(with_member(key), kind_name());
  return find(key);
}

}  // namespace twinsky
