// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/suggestion.hpp"

#include "gateway/model/station.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace twinsky {
namespace {

constexpr std::size_t longest_word = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What people call it who come from elsewhere.
constexpr auto other_words =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"slope", "gain"},
                                                                  {"factor", "gain"},
                                                                  {"intercept", "offset"},
                                                                  {"interval", "every"},
                                                                  {"period", "every"},
                                                                  {"lat", "latitude"},
                                                                  {"lon", "longitude"},
                                                                  {"lng", "longitude"},
                                                                  {"user", "username"},
                                                                  {"topics", "allow"},
                                                                  {"broker", "mqtt"},
                                                                  {"port", "serial"},
                                                                  {"Shanghai", "cn-sh"},
                                                                  {"HongKong", "hk"}});

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// "epd" in "hk-epd"
bool has_part(std::string_view name, std::string_view word) {
  while (!name.empty()) {
    const auto end = std::min(name.find_first_of("-_"), name.size());
    if (is_same(name.substr(0, end), word)) return true;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return false;
}

// "Hong Kong" for "hk"
bool has_initials(std::string_view words, std::string_view name) {
  std::string initials;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at] != ' ' && (at == 0 || words[at - 1] == ' ')) initials += words[at];
  }
  return initials.size() > 1 && is_same(initials, name);
}

// Nothing is near by its letters.
std::string_view meant(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  for (const auto& name : known) {
    const bool is_other_word = std::ranges::any_of(other_words, [&](const auto& other) {
      return other.second == name && is_same(other.first, word);
    });
    const bool fits = has_part(name, word) || has_initials(word, name) || is_other_word;
    if (fits && !best.empty()) return {};  // which of them?
    if (fits) best = name;
  }
  return best;
}

std::size_t shared_beginning(std::string_view a, std::string_view b) {
  const auto [end, other] = std::ranges::mismatch(a, b, {}, lower, lower);
  return std::min(static_cast<std::size_t>(end - a.begin()), longest_word);
}

}  // namespace

// Damerau and Levenshtein's distance in its restricted form (optimal string alignment).
std::size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > longest_word) return {};
  constexpr std::size_t most = 2;
  std::string_view best;
  auto fewest = std::pair(most + 1, std::size_t{0});
  for (const auto& name : known) {
    const auto slips = slips_between(word, name);
    // Of two that are as near, the one that begins alike.
    const auto different = longest_word - shared_beginning(word, name);
    if (slips > most || 2 * slips > std::max(word.size(), name.size())) continue;
    if (std::pair(slips, different) < fewest) {
      fewest = {slips, different};
      best = name;
    }
  }
  return std::string(best.empty() && word.size() > 1 ? meant(word, known) : best);
}

std::string id_like(std::string_view name) {
  std::string id = slug(name);
  return is_id(id) ? id : std::string();
}

}  // namespace twinsky
