// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/stations.hpp"

#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace twinsky {
namespace {

constexpr std::size_t longest_id = 32;

// HKO prints some Chinese names with blanks in one product and without in another.
std::string without_blanks(std::string_view name) {
  std::string dense(name);
  std::erase(dense, ' ');
  return dense;
}

// Some of HKO's JSON has its ampersands escaped as if it were HTML.
std::string unescaped(std::string_view name) {
  std::string plain(trimmed(name));
  constexpr std::string_view escaped = "&amp;";
  for (auto at = plain.find(escaped); at != std::string::npos; at = plain.find(escaped, at + 1)) {
    plain.replace(at, escaped.size(), "&");
  }
  return plain;
}

// FNV-1a, so that a name gives the same digits on every machine.
std::string digits_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) {
    digits += "0123456789abcdef"[hash >> static_cast<unsigned>(shift) & 0xFU];
  }
  return digits;
}

// Latin letters and no Chinese ones, which a slug would drop: "新站 A" is not "a".
bool is_english(std::string_view name) {
  const bool has_letter = std::ranges::any_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  const bool has_chinese =
      std::ranges::any_of(name, [](char c) { return static_cast<std::uint8_t>(c) >= 0xE3; });
  return has_letter && !has_chinese;
}

std::optional<Position> position_of(const JsonValue* position) {
  if (position == nullptr) return std::nullopt;
  const auto latitude = number_in(position->text_at("latitude"));
  const auto longitude = number_in(position->text_at("longitude"));
  if (!latitude || !longitude) throw std::logic_error("a station's position has no coordinates");
  Position result;
  result.latitude_deg = *latitude;
  result.longitude_deg = *longitude;
  result.height_above_sea_m = number_in(position->text_at("height_above_sea_m"));
  result.height_above_ground_m = number_in(position->text_at("height_above_ground_m"));
  return result;
}

std::vector<Quantity> quantities_of(const JsonValue* names) {
  std::vector<Quantity> quantities;
  if (names == nullptr) return quantities;
  for (const JsonValue& name : names->children) {
    const auto quantity = quantity_named(name.text);
    if (!quantity) throw std::logic_error("a station measures the unknown quantity " + name.text);
    quantities.push_back(*quantity);
  }
  return quantities;
}

}  // namespace

Stations::Stations(std::string_view file_text, std::string_view feed) {
  add(file_text, feed);
}

void Stations::add(std::string_view file_text, std::string_view feed) {
  const auto file = parse_json(file_text);
  const JsonValue* feeds = file ? file->find("feeds") : nullptr;
  const JsonValue* source = feeds != nullptr ? feeds->find(feed) : nullptr;
  const JsonValue* list = source != nullptr ? source->find("stations") : nullptr;
  if (list == nullptr || !list->is_list()) {
    throw std::logic_error("no stations listed for the feed " + std::string(feed));
  }
  for (const JsonValue& entry : list->children) {
    ReferenceStation station{.id = std::string(entry.text_at("id")),
                             .name_en = std::string(entry.text_at("en")),
                             .name_tc = std::string(entry.text_at("tc")),
                             .name_sc = std::string(entry.text_at("sc")),
                             .kind = std::string(entry.text_at("kind")),
                             .position = position_of(entry.find("position")),
                             .quantities = quantities_of(entry.find("quantities"))};
    for (const std::string& name : {station.name_en, station.name_tc, station.name_sc}) {
      if (!name.empty()) ids_.try_emplace(without_blanks(name), station.id);
    }
    by_id_.try_emplace(station.id, std::move(station));
  }
}

std::string Stations::id_of(std::string_view printed_name) const {
  const std::string name = unescaped(printed_name);
  const std::string dense = without_blanks(name);
  if (const auto known = ids_.find(dense); known != ids_.end()) return known->second;
  std::string id = is_english(name) ? slug(name) : std::string();
  const std::string digits = digits_of(dense);
  if (id.empty()) return "station-" + digits;
  if (id.size() <= longest_id) return id;
  return id.substr(0, longest_id - digits.size() - 1) + "-" + digits;
}

const ReferenceStation* Stations::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace twinsky
