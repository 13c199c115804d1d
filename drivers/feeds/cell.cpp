// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/cell.hpp"

#include "drivers/feeds/text.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/sentinel.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace twinsky {
namespace {

// What a direction's word is made of. English words before their first letters.
struct CompassWord {
  std::string_view word;
  std::size_t point;  // of `Points`; 4: adds nothing
};
constexpr std::size_t nothing = 4;
constexpr auto compass_words = std::to_array<CompassWord>({
    {"north", 0},
    {"east", 1},
    {"south", 2},
    {"west", 3},
    {"n", 0},
    {"e", 1},
    {"s", 2},
    {"w", 3},
    {"北", 0},
    {"東", 1},
    {"东", 1},
    {"南", 2},
    {"西", 3},
    {"偏", nothing},
    {"-", nothing},
    {" ", nothing},
});

using Points = std::array<int, 4>;  // how often north, east, south, west are named

struct Direction {
  Points points;
  double degrees;
};
// Word order does not matter: the Chinese northeast is "東北", the English one "Northeast".
constexpr auto directions = std::to_array<Direction>({
    {{1, 0, 0, 0}, 0},
    {{2, 1, 0, 0}, 22.5},
    {{1, 1, 0, 0}, 45},
    {{1, 2, 0, 0}, 67.5},
    {{0, 1, 0, 0}, 90},
    {{0, 2, 1, 0}, 112.5},
    {{0, 1, 1, 0}, 135},
    {{0, 1, 2, 0}, 157.5},
    {{0, 0, 1, 0}, 180},
    {{0, 0, 2, 1}, 202.5},
    {{0, 0, 1, 1}, 225},
    {{0, 0, 1, 2}, 247.5},
    {{0, 0, 0, 1}, 270},
    {{1, 0, 0, 2}, 292.5},
    {{1, 0, 0, 1}, 315},
    {{2, 0, 0, 1}, 337.5},
});

}  // namespace

std::optional<double> number_in(std::string_view cell) {
  const std::string narrow = narrowed(cell);
  cell = trimmed(narrow);
  double number = 0;
  const auto [rest, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc{} || rest != cell.data() + cell.size()) return std::nullopt;
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

Reading reading_of(Quantity quantity, std::string_view cell, double factor) {
  const auto number = number_in(cell);
  return reading_of(quantity, cell, number ? std::optional(*number * factor) : std::nullopt);
}

Reading reading_of(Quantity quantity, std::string_view cell, std::optional<double> value) {
  Reading reading{.quantity = quantity,
                  .value = value && std::isfinite(*value) ? value : std::nullopt,
                  .fault = {},
                  .flag = Flag::not_evaluated,
                  .channel = {},
                  .text = std::string(trimmed(cell))};
  if (is_sentinel(trimmed(narrowed(cell)))) {
    reading.value.reset();
    reading.reason = "sentinel";
  }
  if (!reading.value) reading.flag = Flag::missing;
  return reading;
}

std::optional<Reading> share_beside(const Reading& mass, double reference_k) {
  const GasForms* gas = gas_forms(mass.quantity);
  if (gas == nullptr || gas->mass != mass.quantity) return std::nullopt;
  return reading_of(
      gas->share, {},
      mass.value ? share_of_mass(mass.quantity, *mass.value, reference_k) : std::nullopt);
}

std::optional<double> compass_degrees(std::string_view cell) {
  const std::string lower = lower_case(trimmed(cell));
  std::string_view rest = lower;
  Points points{};
  while (!rest.empty()) {
    const auto* word = std::ranges::find_if(
        compass_words, [&](const CompassWord& each) { return rest.starts_with(each.word); });
    if (word == compass_words.end()) return std::nullopt;
    if (word->point != nothing) ++points[word->point];
    rest.remove_prefix(word->word.size());
  }
  const auto* found = std::ranges::find(directions, points, &Direction::points);
  if (found == directions.end()) return std::nullopt;
  return found->degrees;
}

}  // namespace twinsky
