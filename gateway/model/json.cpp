// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <iterator>

namespace twinsky {
namespace {

using Library = nlohmann::ordered_json;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw JsonError("[json.exception." + std::string(id) + "] " + why);
}

std::string rest_of(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

// Builds the tree; a member that returns false ends the parsing.
class Json::Builder final : public Library::json_sax_t {
 public:
  Builder(Json& root, std::size_t deepest) : root_(root), deepest_(deepest) {}

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
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& why) override {
    throw JsonError(why.what());
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
  Builder builder(root, reading.deepest);
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
  if (!is_object()) refuse("type_error.304", std::string("cannot use at() with ") + kind_name());
  const Json* const found = find(key);
  if (found == nullptr) refuse("out_of_range.403", "key '" + std::string(key) + "' not found");
  return *found;
}

const Json& Json::at(std::size_t index) const {
  if (!is_array()) refuse("type_error.304", std::string("cannot use at() with ") + kind_name());
  if (index >= values_.size()) {
    refuse("out_of_range.401", "array index " + std::to_string(index) + " is out of range");
  }
  return values_[index];
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) kind_ = Kind::object;
  if (!is_object()) {
    refuse("type_error.305",
           std::string("cannot use operator[] with a string argument with ") + kind_name());
  }
  const auto found = std::ranges::find(keys_, key);
  if (found != keys_.end()) return values_[static_cast<std::size_t>(found - keys_.begin())];
  keys_.emplace_back(key);
  return values_.emplace_back();
}

void Json::push_back(Json value) {
  if (is_null()) kind_ = Kind::list;
  if (!is_array())
    refuse("type_error.308", std::string("cannot use push_back() with ") + kind_name());
  values_.push_back(std::move(value));
}

void Json::update(const Json& object) {
  if (is_null()) kind_ = Kind::object;
  if (!is_object() || !object.is_object()) {
    const Json& wrong = is_object() ? object : *this;
    refuse("type_error.312", std::string("cannot use update() with ") + wrong.kind_name());
  }
  for (const auto& [key, value] : object.items()) (*this)[key] = value;
}

const char* Json::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::natural:
    case Kind::real:
      return "number";
    case Kind::text:
      return "string";
    case Kind::list:
      return "array";
    case Kind::object:
      return "object";
  }
  return "";
}

void Json::require_number() const {
  if (!is_number())
    refuse("type_error.302", std::string("type must be number, but is ") + kind_name());
}

bool Json::boolean() const {
  if (!is_boolean())
    refuse("type_error.302", std::string("type must be boolean, but is ") + kind_name());
  return number_.integer != 0;
}

const std::string& Json::text() const {
  if (!is_string())
    refuse("type_error.302", std::string("type must be string, but is ") + kind_name());
  return text_;
}

const std::vector<Json>& Json::list() const {
  if (!is_array())
    refuse("type_error.302", std::string("type must be array, but is ") + kind_name());
  return values_;
}

const Json* Json::member(std::string_view key) const {
  if (!is_object()) refuse("type_error.306", std::string("cannot use value() with ") + kind_name());
  return find(key);
}

}  // namespace twinsky
