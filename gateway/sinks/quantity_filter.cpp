// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/quantity_filter.hpp"

#include "gateway/model/quantity.hpp"
#include "gateway/text/json_text.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::string_view made_of_it = "_corrected";

// Members of an index's record that tell as much as the index itself.
struct Telling {
  std::string_view member;
  std::string_view quantity;
};
constexpr std::array telling = {Telling{"added_risk_percent", "aqhi"}, Telling{"primary", "aqi"}};

}  // namespace

std::string without_quantities(std::string_view document,
                               const std::set<std::string, std::less<>>& allowed) {
  return without_members(document, [&](std::string_view key) {
    if (key.ends_with(made_of_it)) key.remove_suffix(made_of_it.size());
    const auto* const tells = std::ranges::find(telling, key, &Telling::member);
    if (tells != telling.end()) return !allowed.contains(tells->quantity);
    return quantity_named(key).has_value() && !allowed.contains(key);
  });
}

}  // namespace twinsky
