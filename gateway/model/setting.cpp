// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/setting.hpp"

#include "gateway/model/clock.hpp"
#include "gateway/model/json.hpp"
#include "gateway/model/station.hpp"
#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <system_error>

namespace twinsky {
namespace {

using std::chrono::milliseconds;
using Value = Settings::Value;
using Read = std::optional<Value>;

constexpr double exact_integers_end = 9007199254740992.0;  // 2^53: a double holds all below

std::string number_text(double number) {
  const bool is_whole = std::trunc(number) == number && std::abs(number) < exact_integers_end;
  if (is_whole) return std::to_string(static_cast<std::int64_t>(number));
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return {digits.data(), end};
}

bool is_limited(const Setting& setting) {
  return setting.lower != setting.upper;
}

bool is_outside(const Setting& setting, double number) {
  return is_limited(setting) && (number < setting.lower || number > setting.upper);
}

// A limit as the user would write it.
std::string limit_text(const Setting& setting, double limit) {
  switch (setting.kind) {
    case SettingKind::duration:
      return duration_text(milliseconds(static_cast<std::int64_t>(limit)));
    case SettingKind::size:
      return size_text(static_cast<std::int64_t>(limit));
    default:
      return number_text(limit);
  }
}

std::string range_text(const Setting& setting) {
  if (!is_limited(setting)) return {};
  const bool has_example =
      setting.kind == SettingKind::duration || setting.kind == SettingKind::size;
  return (has_example ? ", from " : " from ") + limit_text(setting, setting.lower) + " to " +
         limit_text(setting, setting.upper);
}

std::span<const std::string_view> schemes_of(const Setting& setting) {
  static constexpr std::array<std::string_view, 2> web = {"http", "https"};
  return setting.choices.empty() ? std::span<const std::string_view>(web) : setting.choices;
}

template <class Number>
std::optional<Number> whole(std::string_view text, int base = 10) {
  Number number{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> real(std::string_view text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

Read wrong(std::string& problem, const Setting& setting, std::string_view written,
           std::string_view what) {
  problem =
      real(written) && (setting.kind == SettingKind::integer || setting.kind == SettingKind::number)
          ? std::string(written)  // as it stands in the file
          : shown(setting, written);
  problem.append(" ").append(what).append(", expected ").append(expectation(setting));
  return std::nullopt;
}

std::optional<std::int64_t> integer_of(const Setting& setting, std::string_view written) {
  if (setting.hexadecimal && (written.starts_with("0x") || written.starts_with("0X"))) {
    const auto number = whole<std::uint32_t>(written.substr(2), 16);
    return number ? std::optional<std::int64_t>(*number) : std::nullopt;
  }
  if (const auto number = whole<std::int64_t>(written)) return number;
  const auto number = real(written);  // JSON takes 5.0 and 1e2 for whole numbers
  if (!number || std::trunc(*number) != *number || std::abs(*number) >= exact_integers_end) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

Read read_integer(const Setting& setting, std::string_view written, std::string& problem) {
  const auto number = integer_of(setting, written);
  if (!number) return wrong(problem, setting, written, "is not a whole number");
  if (is_outside(setting, static_cast<double>(*number))) {
    return wrong(problem, setting, written, "is out of range");
  }
  return *number;
}

Read read_number(const Setting& setting, std::string_view written, std::string& problem) {
  const auto number = real(written);
  if (!number) return wrong(problem, setting, written, "is not a number");
  if (is_outside(setting, *number)) return wrong(problem, setting, written, "is out of range");
  return *number;
}

Read read_duration(const Setting& setting, std::string_view written, std::string& problem) {
  const auto duration = parse_duration(written);
  if (!duration) return wrong(problem, setting, written, "is not a duration");
  if (is_outside(setting, static_cast<double>(duration->count()))) {
    return wrong(problem, setting, written, "is out of range");
  }
  return *duration;
}

Read read_size(const Setting& setting, std::string_view written, std::string& problem) {
  const auto size = parse_size(written);
  if (!size) return wrong(problem, setting, written, "is not a size");
  if (is_outside(setting, static_cast<double>(*size))) {
    return wrong(problem, setting, written, "is out of range");
  }
  return *size;
}

// SCHEME://HOST[:PORT][/…]: enough to refuse slips; whoever connects says the rest.
Read read_url(const Setting& setting, std::string_view written, std::string& problem) {
  const auto colon = written.find("://");
  if (colon == std::string_view::npos) {
    return wrong(problem, setting, written, "is not an address");
  }
  const auto rest = written.substr(colon + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {  // may hold a secret: not shown
    problem = "the address holds a user name or a password, expected the address alone";
    return std::nullopt;
  }
  const auto schemes = schemes_of(setting);
  if (std::ranges::find(schemes, written.substr(0, colon)) == schemes.end()) {
    return wrong(problem, setting, written, "begins with a scheme that does not fit here");
  }
  const bool is_plain = std::ranges::all_of(written, [](char c) { return c > ' ' && c < '\x7f'; });
  if (authority.empty() || authority.front() == ':' || !is_plain) {
    return wrong(problem, setting, written, "is not an address");
  }
  return std::string(written);
}

Read read_texts(const Setting& setting, std::string_view written, std::string& problem) {
  const auto list = Json::parse_or_null(written);
  const bool is_list_of_texts = list.is_array() && std::ranges::all_of(list, [](const auto& item) {
                                  return item.is_string();
                                });
  if (!is_list_of_texts) return wrong(problem, setting, written, "is not a list of texts");
  return list.get<std::vector<std::string>>();
}

}  // namespace

bool declares(std::span<const Setting> declared, std::string_view name) {
  return std::ranges::find(declared, name, &Setting::name) != declared.end();
}

bool may_hold_secret(const Setting& setting, std::string_view written) {
  if (setting.kind == SettingKind::url) return written.find_first_of("@?") != written.npos;
  return setting.secret;
}

std::string shown(const Setting& setting, std::string_view written) {
  if (may_hold_secret(setting, written)) return "what stands here (not shown: a secret, perhaps)";
  return in_quotes(written);
}

std::string in_quotes(std::string_view written) {
  constexpr std::size_t longest = 60;
  const bool is_cut = written.size() > longest;
  if (is_cut) {
    std::size_t end = longest;
    while (end > 0 && continues_character(written[end])) --end;
    written = written.substr(0, end);
  }
  std::string text = "\"";
  for (const char c : written) {
    if (c == '"' || c == '\\') text += '\\';
    text += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
  }
  return text += is_cut ? "…\"" : "\"";
}

std::string listed(std::span<const std::string_view> names) {
  std::string text = names.size() > 1 ? "one of " : "";
  for (const auto& name : names) {
    if (&name != &names.front()) text += ", ";
    text += in_quotes(name);
  }
  return text;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr std::array<Unit, 10> units = {{{"B", 1},
                                                  {"kB", 1e3},
                                                  {"KB", 1e3},
                                                  {"MB", 1e6},
                                                  {"GB", 1e9},
                                                  {"TB", 1e12},
                                                  {"KiB", 1024.0},
                                                  {"MiB", 1048576.0},
                                                  {"GiB", 1073741824.0},
                                                  {"TiB", 1099511627776.0}}};
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = real(text.substr(0, end));
  const auto unit = std::ranges::find(units, text.substr(end), &Unit::name);
  if (!number || unit == units.end()) return std::nullopt;
  const double bytes = std::round(*number * unit->bytes);
  if (bytes >= exact_integers_end) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::string size_text(std::int64_t bytes) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  static constexpr std::array<Unit, 8> from_largest = {{{"TiB", 1099511627776},
                                                        {"TB", 1'000'000'000'000},
                                                        {"GiB", 1073741824},
                                                        {"GB", 1'000'000'000},
                                                        {"MiB", 1048576},
                                                        {"MB", 1'000'000},
                                                        {"KiB", 1024},
                                                        {"kB", 1'000}}};
  for (const Unit& unit : from_largest) {
    if (bytes != 0 && bytes % unit.bytes == 0) {
      return std::to_string(bytes / unit.bytes).append(unit.name);
    }
  }
  return std::to_string(bytes) + "B";
}

std::string expectation(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
      return "true or false";
    case SettingKind::integer:
      return "a whole number" + range_text(setting) +
             (setting.hexadecimal ? " (\"0x76\" is good too)" : "");
    case SettingKind::number:
      return "a number" + range_text(setting);
    case SettingKind::text:
      return "a text";
    case SettingKind::id:
      return "1 to 32 of the characters a to z, 0 to 9 and \"-\"";
    case SettingKind::choice:
      return listed(setting.choices);
    case SettingKind::duration:
      return R"(a number with its unit such as "10s", "5min", "2h" or "400d")" +
             range_text(setting);
    case SettingKind::size:
      return R"(a number with its unit such as "500MB", "1GB" or "64KiB")" + range_text(setting);
    case SettingKind::path:
      return "the path of a file";
    case SettingKind::url: {
      std::string examples;
      for (const auto& scheme : schemes_of(setting)) {
        examples.append(examples.empty() ? "\"" : " or \"").append(scheme).append("://host\"");
      }
      return "an address such as " + examples;
    }
    case SettingKind::texts:
      return R"(a list of texts such as ["one", "two"])";
    case SettingKind::table:
      return "an object: {…}";
  }
  throw std::logic_error("setting of an unknown kind");
}

std::optional<Settings::Value> read_setting(const Setting& setting, std::string_view written,
                                            std::string& problem) {
  switch (setting.kind) {
    case SettingKind::boolean:
      if (written == "true") return true;
      if (written == "false") return false;
      return wrong(problem, setting, written, "is neither true nor false");
    case SettingKind::integer:
      return read_integer(setting, written, problem);
    case SettingKind::number:
      return read_number(setting, written, problem);
    case SettingKind::text:
      return std::string(written);
    case SettingKind::id:
      if (is_id(written)) return std::string(written);
      return wrong(problem, setting, written, "is not an id");
    case SettingKind::choice:
      if (std::ranges::find(setting.choices, written) != setting.choices.end()) {
        return std::string(written);
      }
      return wrong(problem, setting, written, "is not known here");
    case SettingKind::duration:
      return read_duration(setting, written, problem);
    case SettingKind::size:
      return read_size(setting, written, problem);
    case SettingKind::path:
      if (!written.empty() && written.find('\0') == std::string_view::npos) {
        return std::string(written);
      }
      return wrong(problem, setting, written, "is not a path");
    case SettingKind::url:
      return read_url(setting, written, problem);
    case SettingKind::texts:
      return read_texts(setting, written, problem);
    case SettingKind::table:
      if (Json::parse_or_null(written).is_object()) return std::string(written);
      return wrong(problem, setting, written, "is not an object");
  }
  throw std::logic_error("setting of an unknown kind");
}

Settings Settings::defaults(std::span<const Setting> declared) {
  Settings settings;
  for (const Setting& setting : declared) {
    std::string_view fallback = setting.fallback;
    if (fallback.empty()) {
      if (setting.kind == SettingKind::texts) fallback = "[]";
      if (setting.kind != SettingKind::texts && setting.kind != SettingKind::text) continue;
    }
    std::string problem;
    auto value = read_setting(setting, fallback, problem);
    if (!value) {
      throw std::logic_error("default of setting " + std::string(setting.name) + ": " + problem);
    }
    settings.set(std::string(setting.name), std::move(*value));
  }
  return settings;
}

Settings Settings::only(std::span<const Setting> declared) const {
  Settings some;
  for (const Setting& setting : declared) {
    const auto found = values_.find(setting.name);
    if (found != values_.end()) some.values_.insert(*found);
  }
  return some;
}

}  // namespace twinsky
