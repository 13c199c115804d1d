// SPDX-License-Identifier: Apache-2.0
#include "drivers/register_map.hpp"

#include "gateway/model/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace twinsky {
namespace {

using Keys = std::span<const std::string_view>;

constexpr int last_register = 65535;
constexpr int longest_read = 125;  // MODBUS Application Protocol V1.1b3, 6.3

constexpr auto type_names =
    std::to_array<std::string_view>({"u16", "s16", "u32", "s32", "f32", "u64", "s64", "f64", "m16",
                                     "m32", "u8_high", "u8_low", "s8_high", "s8_low"});
constexpr std::array<std::string_view, 15> map_keys = {
    "about",     "device",     "source",    "makers",      "line",
    "function",  "word_order", "numbering", "largest_gap", "largest_read",
    "registers", "quirks",     "settings",  "note",        "sought"};
constexpr std::array<std::string_view, 14> entry_keys = {
    "quantity", "fact",      "function", "register", "type", "word_order",   "scale",
    "offset",   "sentinels", "range",    "decimals", "note", "alternatives", "plausible"};
constexpr std::array<std::string_view, 3> alternative_keys = {"scale", "offset", "note"};
constexpr std::array<std::string_view, 4> quirk_keys = {
    "pause_after_connect_ms", "transaction_not_echoed", "unit_not_echoed", "trailing_bytes"};
constexpr std::array<std::string_view, 4> setting_keys = {"register", "value", "function", "note"};
constexpr std::array<std::string_view, 4> line_keys = {"baud", "parity", "data_bits", "stop_bits"};

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw std::invalid_argument(where + ": " + what);
}

std::string listed(Keys names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

void expect_object(const Json& json, Keys known, const std::string& where) {
  if (!json.is_object()) refuse(where, "expected an object");
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(known, key) == known.end()) {
      refuse(where, "unknown key \"" + key + "\", expected one of " + listed(known));
    }
  }
}

double number_in(const Json& object, const char* key, double fallback, const std::string& where) {
  const auto found = object.find(key);
  if (found == nullptr) return fallback;
  if (!found->is_number()) refuse(where, std::string(key) + " must be a number");
  return found->get<double>();
}

int integer_in(const Json& object, const char* key, int fallback, int lower, int upper,
               const std::string& where) {
  const double number = number_in(object, key, fallback, where);
  if (number != std::floor(number) || number < lower || number > upper) {
    refuse(where, std::string(key) + " must be a whole number from " + std::to_string(lower) +
                      " to " + std::to_string(upper));
  }
  return static_cast<int>(number);
}

std::string choice_in(const Json& object, const char* key, std::string_view fallback, Keys choices,
                      const std::string& where) {
  const auto found = object.find(key);
  if (found == nullptr) return std::string(fallback);
  if (!found->is_string() ||
      std::ranges::find(choices, found->get<std::string>()) == choices.end()) {
    refuse(where, std::string(key) + " must be one of " + listed(choices));
  }
  return found->get<std::string>();
}

// Into `entry`, which has what holds without the key. Of the bytes A B C D of 32 bits.
void read_word_order(const Json& object, RegisterEntry& entry, const std::string& where) {
  constexpr auto orders =
      std::to_array<std::string_view>({"be", "le", "abcd", "cdab", "badc", "dcba"});
  if (!object.contains("word_order")) return;
  const std::string order = choice_in(object, "word_order", "be", orders, where);
  entry.low_word_first = order == "le" || order == "cdab" || order == "dcba";
  entry.low_byte_first = order == "badc" || order == "dcba";
}

bool flag_in(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == nullptr) return false;
  if (!found->is_boolean()) refuse(where, std::string(key) + " must be true or false");
  return found->get<bool>();
}

std::string text_in(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == nullptr) return {};
  if (!found->is_string()) refuse(where, std::string(key) + " must be a text");
  return found->get<std::string>();
}

LineSettings line_in(const Json& map) {
  const auto found = map.find("line");
  LineSettings line;
  if (found == nullptr) return line;
  const std::string where = "line";
  constexpr std::array<std::string_view, 3> parities = {"N", "E", "O"};
  expect_object(*found, line_keys, where);
  line.baud = integer_in(*found, "baud", line.baud, 110, 4'000'000, where);
  line.parity = choice_in(*found, "parity", "N", parities, where).front();
  line.data_bits = integer_in(*found, "data_bits", line.data_bits, 7, 8, where);
  line.stop_bits = integer_in(*found, "stop_bits", line.stop_bits, 1, 2, where);
  return line;
}

std::vector<double> numbers_in(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == nullptr) return {};
  const bool is_list = found->is_array() && std::ranges::all_of(*found, [](const Json& element) {
                         return element.is_number();
                       });
  if (!is_list) refuse(where, std::string(key) + " must be a list of numbers");
  return found->get<std::vector<double>>();
}

// The name of an entry: of a quantity or of a fact, exactly one of them.
std::string name_in(const Json& object, const std::string& where) {
  if (!object.is_object()) refuse(where, "expected an object");
  if (object.contains("quantity") == object.contains("fact")) {
    refuse(where, "expected either \"quantity\" or \"fact\"");
  }
  const char* key = object.contains("quantity") ? "quantity" : "fact";
  std::string name = text_in(object, key, where);
  if (name.empty()) refuse(where, std::string(key) + " must not be empty");
  return name;
}

std::vector<RegisterAlternative> alternatives_in(const Json& object, const std::string& where) {
  std::vector<RegisterAlternative> alternatives;
  const auto found = object.find("alternatives");
  if (found == nullptr) return alternatives;
  if (!found->is_array()) refuse(where, "alternatives must be a list of objects");
  for (const Json& each : *found) {
    expect_object(each, alternative_keys, where + " alternatives");
    alternatives.push_back({.scale = number_in(each, "scale", 1, where),
                            .offset = number_in(each, "offset", 0, where),
                            .note = text_in(each, "note", where)});
  }
  return alternatives;
}

// [lower, upper], or the name of an entry that has the wind's Beaufort number.
void read_plausible(const Json& object, RegisterEntry& entry, const std::string& where) {
  const auto found = object.find("plausible");
  if (found == nullptr) return;
  if (found->is_object()) {
    constexpr std::array<std::string_view, 1> keys = {"beaufort"};
    expect_object(*found, keys, where + " plausible");
    entry.beaufort = text_in(*found, "beaufort", where);
    return;
  }
  const auto limits = numbers_in(object, "plausible", where);
  if (limits.size() != 2 || limits[0] >= limits[1]) {
    refuse(where, "plausible must be [lower, upper] or {\"beaufort\": an entry}");
  }
  entry.likely_lower = limits[0];
  entry.likely_upper = limits[1];
}

ModbusQuirks quirks_in(const Json& map) {
  const auto found = map.find("quirks");
  if (found == nullptr) return {};
  const std::string where = "quirks";
  expect_object(*found, quirk_keys, where);
  return {.pause_after_connect =
              milliseconds(integer_in(*found, "pause_after_connect_ms", 0, 0, 10'000, where)),
          .transaction_not_echoed = flag_in(*found, "transaction_not_echoed", where),
          .unit_not_echoed = flag_in(*found, "unit_not_echoed", where),
          .trailing_bytes = integer_in(*found, "trailing_bytes", 0, 0, 8, where)};
}

std::vector<RegisterSetting> settings_in(const Json& map) {
  std::vector<RegisterSetting> settings;
  const auto found = map.find("settings");
  if (found == nullptr) return settings;
  if (!found->is_array()) refuse("settings", "expected a list of objects");
  for (const Json& each : *found) {
    const std::string where = "settings/" + std::to_string(settings.size());
    expect_object(each, setting_keys, where);
    if (!each.contains("register") || !each.contains("value")) {
      refuse(where, "expected \"register\" and \"value\"");
    }
    const int function = integer_in(each, "function", 6, 6, 16, where);
    if (function != 6 && function != 16) refuse(where, "function must be 6 or 16");
    settings.push_back({.address = integer_in(each, "register", 0, 0, last_register, where),
                        .value = integer_in(each, "value", 0, 0, 65535, where),
                        .function = function});
  }
  return settings;
}

RegisterEntry entry_from(const Json& object, const RegisterEntry& defaults, std::string where) {
  RegisterEntry entry = defaults;
  entry.name = name_in(object, where);
  where += " (" + entry.name + ")";
  expect_object(object, entry_keys, where);
  if (object.contains("quantity")) {
    entry.quantity = quantity_named(entry.name);
    if (!entry.quantity) {
      refuse(where, "no quantity of the catalogue; what is none is a \"fact\"");
    }
  }
  if (!object.contains("register")) {
    refuse(where,
           "\"register\" is missing: the address on the wire, where a manual's 40501 is 500");
  }
  entry.address = integer_in(object, "register", 0, 0, last_register, where);
  entry.function = integer_in(object, "function", defaults.function, 3, 4, where);
  const std::string type = choice_in(object, "type", "u16", type_names, where);
  entry.type = static_cast<RegisterType>(std::ranges::find(type_names, type) - type_names.begin());
  if (entry.address + entry.width() > last_register + 1)
    refuse(where, "ends behind register 65535");
  read_word_order(object, entry, where);
  entry.scale = number_in(object, "scale", 1, where);
  if (entry.scale == 0) refuse(where, "scale must not be 0");
  entry.offset = number_in(object, "offset", 0, where);
  entry.sentinels = numbers_in(object, "sentinels", where);
  if (const auto range = numbers_in(object, "range", where); !range.empty()) {
    if (range.size() != 2 || range[0] >= range[1]) refuse(where, "range must be [lower, upper]");
    entry.lower = range[0];
    entry.upper = range[1];
  }
  if (object.contains("decimals")) {
    entry.decimals = integer_in(object, "decimals", 0, 0, 6, where);
  }
  entry.alternatives = alternatives_in(object, where);
  read_plausible(object, entry, where);
  return entry;
}

// Manuals count holding registers from 40001 and input registers from 30001; 40001 is 0 on the
// wire.
constexpr int numbered_at_most = 9999;
int first_number_of(int function) {
  return function == 4 ? 30001 : 40001;
}

// What a map that names no "numbering" most likely means otherwise than it says.
std::vector<std::string> doubts_of(const Json& object, const RegisterEntry& entry, bool is_sure,
                                   const std::string& where) {
  std::vector<std::string> doubts;
  const std::string what = where + " (" + entry.name + "): ";
  if (object.contains("word_order") && entry.width() == 1 && !entry.low_byte_first) {
    doubts.push_back(what +
                     "word_order says nothing of a single register, expected it with u32, s32 "
                     "or f32");
  }
  const int first = first_number_of(entry.function);
  if (!is_sure && entry.address >= first && entry.address < first + numbered_at_most) {
    doubts.push_back(
        what + "register " + std::to_string(entry.address) +
        " looks like a manual's number, which is " + std::to_string(entry.address - first) +
        " on the wire; expected that, or the map's \"numbering\": \"manual\" or, where " +
        std::to_string(entry.address) + " is meant, \"wire\"");
  }
  return doubts;
}

// Puts the user's changes into the entries of the map.
void apply(const Json& overrides, Json& entries) {
  const std::string where = "map_override";
  if (!overrides.is_object()) refuse(where, "expected an object: name of an entry -> its changes");
  for (const auto& [name, change] : overrides.items()) {
    const auto entry = std::ranges::find_if(entries, [&](const Json& each) {
      return each.is_object() &&
             (each.value("quantity", "") == name || each.value("fact", "") == name);
    });
    if (entry == entries.end()) refuse(where, "the map has no \"" + name + "\"");
    if (change.is_null()) {
      entries.erase(entry);
      continue;
    }
    if (!change.is_object()) refuse(where + " of " + name, "expected an object or null");
    entry->update(change);
  }
}

RegisterMap map_from(Json json, const Json& overrides) {
  expect_object(json, map_keys, "map");
  RegisterMap map{.device = text_in(json, "device", "map"),
                  .makers = text_in(json, "makers", "map"),
                  .source = text_in(json, "source", "map"),
                  .line = line_in(json),
                  .entries = {},
                  .largest_gap = integer_in(json, "largest_gap", 0, 0, longest_read, "map"),
                  .largest_read = integer_in(json, "largest_read", 32, 1, longest_read, "map"),
                  .is_sought = flag_in(json, "sought", "map"),
                  .quirks = quirks_in(json),
                  .device_settings = settings_in(json)};
  if (!json.contains("registers") || !json.at("registers").is_array()) {
    refuse("map", "\"registers\" is missing: a list of entries");
  }
  RegisterEntry defaults;
  defaults.function = integer_in(json, "function", 3, 3, 4, "map");
  read_word_order(json, defaults, "map");
  Json& entries = json[std::string_view("registers")];
  apply(overrides, entries);
  constexpr std::array<std::string_view, 2> numberings = {"wire", "manual"};
  const bool is_sure = json.contains("numbering");
  const bool is_manual = choice_in(json, "numbering", "wire", numberings, "map") == "manual";
  for (std::size_t at = 0; at < entries.size(); ++at) {
    const std::string where = "registers/" + std::to_string(at);
    auto entry = entry_from(entries[at], defaults, where);
    if (is_manual) {
      const int first = first_number_of(entry.function);
      if (entry.address < first || entry.address >= first + numbered_at_most) {
        refuse(where + " (" + entry.name + ")", "a manual's number of this kind is from " +
                                                    std::to_string(first) + " to " +
                                                    std::to_string(first + numbered_at_most - 1));
      }
      entry.address -= first;
    }
    std::ranges::move(doubts_of(entries[at], entry, is_sure, where),
                      std::back_inserter(map.doubts));
    if (std::ranges::find(map.entries, entry.name, &RegisterEntry::name) != map.entries.end()) {
      refuse("registers/" + std::to_string(at), "a second \"" + entry.name + "\"");
    }
    map.entries.push_back(std::move(entry));
  }
  if (std::ranges::none_of(map.entries,
                           [](const auto& entry) { return entry.quantity.has_value(); })) {
    refuse("registers", "none of them is a quantity");
  }
  return map;
}

}  // namespace

Result<RegisterMap, std::string> parse_register_map(std::string_view text,
                                                    std::string_view overrides) {
  try {
    return map_from(Json::parse(text, {.has_comments = true}),
                    overrides.empty() ? Json::object() : Json::parse(overrides));
  } catch (const std::exception& problem) {
    return Unexpected{std::string(problem.what())};
  }
}

}  // namespace twinsky
