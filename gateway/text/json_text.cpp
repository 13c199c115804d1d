// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_text.hpp"

#include "gateway/text/json_scanner.hpp"
#include "gateway/text/json_writer.hpp"

namespace twinsky {
namespace {

using Goes = std::function<bool(std::string_view key)>;

// Copies one value.
bool copy_without(JsonScanner& scanner, std::string_view key, const Goes& goes, JsonWriter& kept) {
  switch (scanner.next()) {
    case '{':
      kept.open(key);
      if (!scanner.members([&](std::string_view member) {
            return goes(member) ? scanner.skip() : copy_without(scanner, member, goes, kept);
          })) {
        return false;
      }
      kept.close();
      return true;
    case '[':
      kept.open_list(key);
      if (!scanner.items([&] { return copy_without(scanner, {}, goes, kept); })) return false;
      kept.close_list();
      return true;
    default:
      break;
  }
  const auto value = scanner.take_value();
  if (value) kept.put_raw(key, *value);
  return value.has_value();
}

}  // namespace

bool is_json_object(std::string_view text) noexcept {
  JsonScanner scanner(text);
  return scanner.next() == '{' && scanner.skip() && scanner.is_at_end();
}

std::optional<std::string_view> member_of(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  JsonScanner scanner(object);
  scanner.members([&](std::string_view member) {
    const auto value = scanner.take_value();
    if (value && member == key) found = value;
    return value.has_value() && !found;
  });
  return found;
}

std::string with_member(std::string_view object, std::string_view key, std::string_view value) {
  std::string text(object);
  const auto found = member_of(object, key);
  if (!found) return text;
  return text.replace(static_cast<std::size_t>(found->data() - object.data()), found->size(),
                      value);
}

std::string with_first_member(std::string_view object, std::string_view key,
                              std::string_view value) {
  std::string text;
  text.reserve(object.size() + key.size() + value.size() + 4);
  JsonWriter json(text);
  json.open().put_raw(key, value);
  json.members(object.substr(1, object.size() - 2)).close();
  return text;
}

std::string without_members(std::string_view text, const Goes& goes) {
  JsonScanner scanner(text);
  if (scanner.next() != '{' && scanner.next() != '[') return std::string(text);
  std::string kept;
  kept.reserve(text.size());
  JsonWriter json(kept);
  // Damage within a record is found where it is read; what is none must not go out unseen.
  return copy_without(scanner, {}, goes, json) ? kept : "{}";
}

}  // namespace twinsky
