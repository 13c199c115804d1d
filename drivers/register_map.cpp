// SPDX-License-Identifier: Apache-2.0
#include "drivers/register_map.hpp"

#include "gateway/model/json.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace twinsky {
namespace {

using Keys = std::span<const std::string_view>;

constexpr int last_register = 65535;
constexpr int longest_read = 125;  // MODBUS Application Protocol V1.1b3, 6.3

constexpr std::array<std::string_view, 5> type_names = {"u16", "s16", "u32", "s32", "f32"};
constexpr std::array<std::string_view, 10> map_keys = {
    "about",      "device",    "source",      "line",         "function",
    "word_order", "numbering", "largest_gap", "largest_read", "registers"};
constexpr std::array<std::string_view, 12> entry_keys = {
    "quantity", "fact",   "function",  "register", "type",     "word_order",
    "scale",    "offset", "sentinels", "range",    "decimals", "note"};
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

bool low_word_first_in(const Json& object, bool fallback, const std::string& where) {
  constexpr std::array<std::string_view, 2> orders = {"be", "le"};
  return choice_in(object, "word_order", fallback ? "le" : "be", orders, where) == "le";
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
  entry.low_word_first = low_word_first_in(object, defaults.low_word_first, where);
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
  if (object.contains("word_order") && entry.width() == 1) {
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
                  .line = line_in(json),
                  .entries = {},
                  .largest_gap = integer_in(json, "largest_gap", 0, 0, longest_read, "map"),
                  .largest_read = integer_in(json, "largest_read", 32, 1, longest_read, "map")};
  if (!json.contains("registers") || !json.at("registers").is_array()) {
    refuse("map", "\"registers\" is missing: a list of entries");
  }
  RegisterEntry defaults;
  defaults.function = integer_in(json, "function", 3, 3, 4, "map");
  defaults.low_word_first = low_word_first_in(json, false, "map");
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

// The number that the registers hold, before scale and offset.
double number_of(const RegisterEntry& entry, Bytes words) {
  if (entry.type == RegisterType::u16) return be16(words, 0);
  if (entry.type == RegisterType::s16) return signed16(be16(words, 0));
  const std::uint32_t bits = entry.low_word_first ? std::rotl(be32(words, 0), 16) : be32(words, 0);
  switch (entry.type) {
    case RegisterType::s32:
      return static_cast<std::int32_t>(bits);
    case RegisterType::f32:
      return std::bit_cast<float>(bits);
    default:
      return bits;
  }
}

// As many digits as a step of the device has: a scale of 0.01 prints 2.
int decimals_of(const RegisterEntry& entry) {
  const int usual = info_of(*entry.quantity).decimals;
  if (entry.decimals) return *entry.decimals;
  if (entry.type == RegisterType::f32) return usual;
  const int digits = static_cast<int>(std::ceil(-std::log10(std::abs(entry.scale)) - 1e-9));
  return std::max(digits, std::min(usual, 1));
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

std::vector<RegisterBlock> blocks_of(const RegisterMap& map) {
  std::vector<const RegisterEntry*> ordered;
  for (const auto& entry : map.entries) ordered.push_back(&entry);
  std::ranges::sort(ordered, [](const auto* a, const auto* b) {
    return std::pair(a->function, a->address) < std::pair(b->function, b->address);
  });
  std::vector<RegisterBlock> blocks;
  for (const auto* entry : ordered) {
    const int end = entry->address + entry->width();
    if (!blocks.empty()) {
      auto& last = blocks.back();
      if (entry->function == last.function &&
          entry->address - (last.first + last.count) <= map.largest_gap &&
          end - last.first <= map.largest_read) {
        last.count = std::max(last.count, end - last.first);
        continue;
      }
    }
    blocks.push_back(
        {.function = entry->function, .first = entry->address, .count = entry->width()});
  }
  return blocks;
}

void read_block(const RegisterMap& map, const RegisterBlock& block, Bytes data, Sample& sample) {
  for (const auto& entry : map.entries) {
    if (!block.holds(entry)) continue;
    const auto at = 2 * static_cast<std::size_t>(entry.address - block.first);
    const double number = number_of(entry, data.subspan(at));
    const bool is_absent = std::ranges::find(entry.sentinels, number) != entry.sentinels.end();
    const double value = number * entry.scale + entry.offset;
    if (entry.quantity) {
      sample.readings.push_back(is_absent ? absent(*entry.quantity, Fault::sensor_fault)
                                          : reading(*entry.quantity, value));
    } else if (is_absent || !std::isfinite(value)) {
      sample.facts.push_back({entry.name, std::monostate()});
    } else {
      sample.facts.push_back({entry.name, value});
    }
  }
}

std::vector<DriverQuantity> quantities_of(const RegisterMap& map) {
  std::vector<DriverQuantity> quantities;
  for (const auto& entry : map.entries) {
    if (!entry.quantity) continue;
    const auto& info = info_of(*entry.quantity);
    quantities.push_back({.quantity = *entry.quantity,
                          .lower = entry.lower.value_or(info.lower),
                          .upper = entry.upper.value_or(info.upper),
                          .decimals = decimals_of(entry)});
  }
  return quantities;
}

}  // namespace twinsky
