// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/csv.hpp"

#include "gateway/model/json.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/text/json_scanner.hpp"

#include <array>
#include <charconv>

namespace twinsky {
namespace {

template <class Each>
void each_member(std::string_view body, Each&& each) {
  JsonScanner scanner(body);
  scanner.members([&](std::string_view key) {
    const auto value = scanner.take_value();
    if (value) each(key, *value);
    return value.has_value();
  });
}

bool is_quantity(std::string_view key) {
  if (key.ends_with("_corrected")) key.remove_suffix(std::string_view("_corrected").size());
  return quantity_named(key).has_value();
}

// A spreadsheet would run a text that begins like a formula.
bool is_formula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

void append_cell(std::string& text, std::string_view raw) {
  if (raw.empty() || raw == "null") return;
  std::string plain(raw);
  if (raw.front() == '"') {
    const auto parsed = Json::parse_or_null(raw);
    if (parsed.is_string()) plain = parsed.get<std::string>();
    if (is_formula(plain)) plain.insert(0, 1, '\'');
  }
  if (plain.find_first_of(",\"\r\n") == std::string::npos) {
    text += plain;
    return;
  }
  text += '"';
  for (const char c : plain) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

}  // namespace

std::string exact_cell(const std::optional<double>& value) {
  if (!value) return {};
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *value).ptr;
  return {digits.data(), end};
}

void CsvColumns::note(std::string_view body) {
  each_member(body, [&](std::string_view key, std::string_view) {
    if (places_.contains(key)) return;
    auto& list = is_quantity(key) ? quantities_ : others_;
    // Quantities come first, so the others' places are counted from the end of these.
    places_.emplace(key, list.size());
    list.emplace_back(key);
  });
}

void CsvColumns::append_header(std::string& text) const {
  for (const auto* list : {&quantities_, &others_}) {
    for (const std::string& key : *list) text += ',' + key;
  }
}

void CsvColumns::append_cells(std::string& text, std::string_view body) {
  cells_.assign(quantities_.size() + others_.size(), {});
  each_member(body, [&](std::string_view key, std::string_view value) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    cells_[place->second + (is_quantity(key) ? 0 : quantities_.size())] = value;
  });
  for (const std::string_view cell : cells_) {
    text += ',';
    append_cell(text, cell);
  }
}

}  // namespace twinsky
