// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/json.hpp"

#include "drivers/feeds/text.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

namespace twinsky {
namespace {

using nlohmann::json;

constexpr std::size_t deepest = 32;
constexpr std::size_t most_values = 200'000;

// Builds the tree; a member that returns false ends the parsing.
class TreeBuilder final : public json::json_sax_t {
 public:
  TreeBuilder(JsonValue& root, std::size_t size) : root_(root), size_(size) {}

  [[nodiscard]] const std::optional<FeedFailure>& failure() const { return failure_; }

  bool null() override { return scalar(JsonValue::Kind::null, {}); }
  bool boolean(bool value) override {
    return scalar(JsonValue::Kind::boolean, value ? "true" : "false");
  }
  bool number_integer(std::int64_t value) override {
    return scalar(JsonValue::Kind::number, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) override {
    return scalar(JsonValue::Kind::number, std::to_string(value));
  }
  bool number_float(double, const std::string& printed) override {
    return scalar(JsonValue::Kind::number, printed);
  }
  bool string(std::string& value) override {
    return scalar(JsonValue::Kind::text, std::move(value));
  }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    failure_ = position > size_  // the end of input counts as one character
                   ? FeedFailure{FeedFault::truncated, "JSON that ends in the middle"}
                   : FeedFailure{FeedFault::grammar_changed,
                                 "no JSON from byte " + std::to_string(position) + " on"};
    return false;
  }

 private:
  // A place for the next value; null beyond the caps. Only the innermost open value grows, so the
  // pointers to those around it hold.
  JsonValue* add(JsonValue::Kind kind) {
    if (++values_ > most_values || open_.size() >= deepest) {
      failure_ =
          FeedFailure{FeedFault::too_large, "JSON with too many or too deeply nested values"};
      return nullptr;
    }
    JsonValue* value = &root_;
    if (!open_.empty()) value = &open_.back()->children.emplace_back();
    value->kind = kind;
    value->key = std::exchange(key_, {});
    return value;
  }

  bool scalar(JsonValue::Kind kind, std::string text) {
    JsonValue* value = add(kind);
    if (value == nullptr) return false;
    value->text = std::move(text);
    return true;
  }

  bool open(JsonValue::Kind kind) {
    JsonValue* value = add(kind);
    if (value == nullptr) return false;
    open_.push_back(value);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonValue& root_;
  const std::size_t size_;
  std::vector<JsonValue*> open_;
  std::string key_;
  std::size_t values_ = 0;
  std::optional<FeedFailure> failure_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  if (!is_object()) return nullptr;
  for (const JsonValue& child : children | std::views::reverse) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

std::string_view JsonValue::text_at(std::string_view name) const {
  const JsonValue* member = find(name);
  return member == nullptr ? std::string_view() : std::string_view(member->text);
}

Result<JsonValue, FeedFailure> parse_json(std::string_view text) {
  JsonValue root;
  TreeBuilder builder(root, text.size());
  if (!json::sax_parse(text, &builder)) {
    return Unexpected{
        builder.failure().value_or(FeedFailure{FeedFault::grammar_changed, "no JSON of any kind"})};
  }
  return root;
}

Result<JsonValue, FeedFailure> without_wrapping(JsonValue value) {
  constexpr int most_layers = 3;
  for (int layer = 0; layer < most_layers && value.kind == JsonValue::Kind::text; ++layer) {
    const std::string_view inside = trimmed(value.text);
    if (!inside.starts_with('{') && !inside.starts_with('[') && !inside.starts_with('"')) break;
    auto parsed = parse_json(inside);
    if (!parsed) return parsed;
    std::string key = std::move(value.key);
    value = *std::move(parsed);
    value.key = std::move(key);
  }
  return value;
}

}  // namespace twinsky
