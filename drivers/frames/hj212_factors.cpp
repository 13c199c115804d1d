// SPDX-License-Identifier: Apache-2.0
#include "drivers/frames/hj212_factors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace twinsky {
namespace {

struct Listed {
  Quantity quantity;
  std::string_view code;
  std::string_view unit;
  int decimals;
};

// Codes are those of HJ 212-2017, annex B (after HJ 524), as public copies of it have them
// (srdgame/lua-HJ212, hj212.csv), where pressure is in kPa with three decimals and temperature has
// one. Units of concentrations are those in which ambient air is reported there (a public frame of
// an air station has a34004-Avg=14, a21004-Avg=4 and a21005-Avg=0.427): ug/m3, but CO in mg/m3,
// while the annex has mg/m3 of stack gas. a50001 is of Shanghai's specification of dust and noise.
// Gases that are measured in ppb or ppm have no line: which temperature a platform reckons its
// mg/m3 at is for nobody here to guess.
// clang-format off
constexpr auto table = std::to_array<Listed>({
  {Quantity::pm1,          "a34005", "ug/m3", 1},
  {Quantity::pm2_5,        "a34004", "ug/m3", 1},
  {Quantity::pm10,         "a34002", "ug/m3", 1},
  {Quantity::no2,          "a21004", "ug/m3", 1},
  {Quantity::o3,           "a05024", "ug/m3", 1},
  {Quantity::so2,          "a21026", "ug/m3", 1},
  {Quantity::no,           "a21003", "ug/m3", 1},
  {Quantity::nox,          "a21002", "ug/m3", 1},
  {Quantity::co,           "a21005", "mg/m3", 3},
  {Quantity::formaldehyde, "a31001", "mg/m3", 4},
  {Quantity::temperature,  "a01001", "Cel",   1},
  {Quantity::humidity,     "a01002", "%",     1},
  {Quantity::pressure,     "a01006", "kPa",   3},
  {Quantity::wind_speed,   "a01007", "m/s",   1},
  {Quantity::wind_dir,     "a01008", "deg",   0},
  {Quantity::noise,        "a50001", "dB",    1},
});
// clang-format on

// What a value of the catalogue's unit is multiplied by, and how many decimals more it has then.
struct Conversion {
  std::string_view from;
  std::string_view to;
  double scale;
  int more_decimals;
};
constexpr auto conversions = std::to_array<Conversion>(
    {{"ug/m3", "mg/m3", 1e-3, 3}, {"hPa", "kPa", 1e-1, 1}, {"dB[SPL]", "dB", 1, 0}});

const Listed* listed(Quantity quantity) {
  const auto* const found = std::ranges::find(table, quantity, &Listed::quantity);
  return found == table.end() ? nullptr : found;
}

// In this unit; nullopt: there is no way from ours to it.
std::optional<FrameFactor> factor_in(Quantity quantity, std::string_view code,
                                     std::string_view unit, std::optional<int> decimals) {
  const QuantityInfo& info = info_of(quantity);
  FrameFactor factor{.quantity = quantity,
                     .code = std::string(code),
                     .unit = std::string(unit),
                     .decimals = decimals.value_or(info.decimals)};
  if (unit == info.ucum) return factor;
  for (const Conversion& each : conversions) {
    if (each.from != info.ucum || each.to != unit) continue;
    factor.scale = each.scale;
    factor.decimals = decimals.value_or(info.decimals + each.more_decimals);
    return factor;
  }
  return std::nullopt;
}

struct Written {
  Quantity quantity{};
  std::string_view code;
  std::string_view unit;  // empty: none was
};

bool is_code(std::string_view code) {
  constexpr std::size_t longest = 20;
  return !code.empty() && code.size() <= longest && std::ranges::all_of(code, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

std::optional<Written> read(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos) return std::nullopt;
  const auto quantity = quantity_named(text.substr(0, sign));
  if (!quantity) return std::nullopt;
  Written written{.quantity = *quantity, .code = text.substr(sign + 1)};
  if (const std::size_t blank = written.code.find(' '); blank != std::string_view::npos) {
    written.unit = written.code.substr(blank + 1);
    written.code = written.code.substr(0, blank);
  }
  if (!is_code(written.code)) return std::nullopt;
  return written;
}

std::optional<FrameFactor> factor_as(const Written& written) {
  const Listed* const known = listed(written.quantity);
  if (written.unit.empty() && known != nullptr) {
    return factor_in(written.quantity, written.code, known->unit, known->decimals);
  }
  const std::string_view unit =
      written.unit.empty() ? info_of(written.quantity).ucum : written.unit;
  return factor_in(written.quantity, written.code, unit, std::nullopt);
}

}  // namespace

std::vector<FrameFactor> hj212_factors(std::span<const std::string> own) {
  std::vector<FrameFactor> factors;
  for (const std::string& text : own) {
    const auto written = read(text);
    if (!written || factor_of(factors, written->quantity) != nullptr) continue;
    if (auto factor = factor_as(*written)) factors.push_back(*std::move(factor));
  }
  for (const Listed& each : table) {
    if (factor_of(factors, each.quantity) != nullptr) continue;
    if (auto factor = factor_in(each.quantity, each.code, each.unit, each.decimals)) {
      factors.push_back(*std::move(factor));
    }
  }
  return factors;
}

std::string problem_of_hj212_factor(std::string_view text) {
  const auto written = read(text);
  if (!written) {
    return "is no quantity and its code, expected such as \"noise=LA\" or "
           "\"pm2_5=a34004 mg/m3\"";
  }
  if (factor_as(*written)) return {};
  std::string units(info_of(written->quantity).ucum);
  for (const Conversion& each : conversions) {
    if (each.from == info_of(written->quantity).ucum) units.append(" or ").append(each.to);
  }
  return "has a unit that nothing is converted to, expected " + units;
}

void append_hj212_value(std::string& group, const FrameFactor& factor, std::string_view field,
                        double value) {
  value *= factor.scale;
  if (!std::isfinite(value)) return;
  constexpr std::size_t longest = 64;
  std::array<char, longest> digits{};
  const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                            std::chars_format::fixed, factor.decimals);
  if (problem != std::errc()) return;
  std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  // "-0.0" is 0.0.
  if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string_view::npos) {
    text.remove_prefix(1);
  }
  if (!group.empty()) group += ',';
  group.append(factor.code).append("-").append(field).append("=").append(text);
}

std::vector<std::string> parts_of_hj212(std::string_view groups, std::size_t most) {
  std::vector<std::string> parts;
  while (!groups.empty()) {
    const std::size_t end = std::min(groups.find(';'), groups.size());
    const std::string_view group = groups.substr(0, end);
    if (parts.empty() || parts.back().size() + 1 + group.size() > most) {
      parts.emplace_back(group);
    } else {
      parts.back().append(";").append(group);
    }
    groups.remove_prefix(std::min(end + 1, groups.size()));
  }
  return parts;
}

}  // namespace twinsky
