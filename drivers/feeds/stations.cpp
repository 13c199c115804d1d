// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/stations.hpp"

#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/json.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/hexadecimal.hpp"

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
  return hexadecimal(hash, 8);
}

// Latin letters and no Chinese ones, which a slug would drop: "新站 A" is not "a".
bool is_english(std::string_view name) {
  const bool has_letter = std::ranges::any_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  const bool has_chinese =
      std::ranges::any_of(name, [](char c) { return static_cast<std::uint8_t>(c) >= 0xE3; });
  return has_letter && !has_chinese;
}

// A heading or a range of values ("Current AQHI : General Stations: 2 to 3"), a mark for "none" or
// a piece of the document's own grammar is no name of a place.
bool looks_like_place(std::string_view name) {
  constexpr std::size_t longest_name = 100;
  if (name.empty() || name.size() > longest_name) return false;
  static constexpr auto marks = std::to_array<std::string_view>(
      {"n/a", "na", "nil", "none", "null", "nan", "undefined", "unknown", "total", "average"});
  if (std::ranges::find(marks, lower_case(name)) != marks.end()) return false;
  const bool is_plain = std::ranges::none_of(name, [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F ||
           std::string_view(":;=<>{}[]|\\").find(c) != std::string_view::npos;
  });
  const bool has_letter = std::ranges::any_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<std::uint8_t>(c) >= 0x80;
  });
  return is_plain && has_letter && narrowed(name).find(':') == std::string::npos;
}

std::vector<std::string> texts_of(const JsonValue* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const JsonValue& each : list->children) texts.push_back(each.text);
  return texts;
}

std::size_t index_of(PlaceKind kind) {
  return static_cast<std::size_t>(kind);
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
                             .quantities = quantities_of(entry.find("quantities")),
                             .formerly = texts_of(entry.find("formerly"))};
    const PlaceKind kind = station.kind == "district" ? PlaceKind::district : PlaceKind::station;
    std::vector<std::string> names = texts_of(entry.find("aliases"));
    names.insert(names.end(), {station.name_en, station.name_tc, station.name_sc});
    for (const std::string& name : names) {
      if (!name.empty()) ids_[index_of(kind)].try_emplace(without_blanks(name), station.id);
    }
    for (const std::string& id : station.formerly) present_ids_.try_emplace(id, station.id);
    by_id_.try_emplace(station.id, std::move(station));
  }
}

std::optional<std::string> Stations::id_of(std::string_view printed_name, PlaceKind kind) const {
  const std::string name = unescaped(printed_name);
  const Ids& ids = ids_[index_of(kind)];
  if (const auto known = ids.find(without_blanks(name)); known != ids.end()) return known->second;
  if (!looks_like_place(name)) return std::nullopt;
  return id_of_unlisted(name, kind);
}

std::string Stations::id_of_unlisted(const std::string& name, PlaceKind kind) const {
  constexpr std::string_view district = "-district";
  const std::string digits = digits_of(without_blanks(name));
  std::string id = is_english(name) ? slug(name) : std::string();
  if (id.empty()) return (kind == PlaceKind::district ? "district-" : "station-") + digits;
  if (kind == PlaceKind::district && !id.ends_with(district)) id += district;
  // Another spelling of a listed name ("Tate’s Cairn") is that place; but an id of the other kind,
  // or one that another place had, is taken.
  const auto listed = by_id_.find(id);
  const bool is_same_kind = listed != by_id_.end() &&
                            (listed->second.kind == "district") == (kind == PlaceKind::district);
  const bool is_taken =
      listed != by_id_.end() ? !is_same_kind : present_ids_.contains(std::string_view(id));
  if (id.size() <= longest_id && !is_taken) return id;
  return id.substr(0, std::min(id.size(), longest_id - digits.size() - 1)) + "-" + digits;
}

const ReferenceStation* Stations::find(std::string_view id) const {
  auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    const auto present = present_ids_.find(id);
    if (present != present_ids_.end()) found = by_id_.find(present->second);
  }
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<const ReferenceStation*> Stations::all() const {
  std::vector<const ReferenceStation*> all;
  for (const auto& [id, station] : by_id_) all.push_back(&station);
  return all;
}

}  // namespace twinsky
