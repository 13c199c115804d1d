// SPDX-License-Identifier: Apache-2.0
// JSON from outside as a small tree of texts. Numbers keep the digits that were printed; depth and
// number of values are capped while parsing, so a hostile document costs bounded memory.
#pragma once

#include "drivers/driver.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct JsonValue {
  enum class Kind { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  std::string key;                  // within an object
  std::string text;                 // of a scalar, as printed; of null: empty
  std::vector<JsonValue> children;  // of a list or object

  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_object() const { return kind == Kind::object; }
  // The member of an object (the last one, if a name is there twice); null: not there.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  // The scalar of a member; empty when it is absent, null, a list or an object.
  [[nodiscard]] std::string_view text_at(std::string_view name) const;
};

// Fails with `truncated` where the document ends too early, `too_large` beyond the caps, else
// `grammar_changed`.
Result<JsonValue, FeedFailure> parse_json(std::string_view text);

// `value`, or, where it is a text that is itself a JSON list or object, what that says: some
// mainland servers put JSON inside a JSON string.
Result<JsonValue, FeedFailure> without_wrapping(JsonValue value);

}  // namespace twinsky
