// SPDX-License-Identifier: Apache-2.0
// The agencies' documents of this moment, in their own formats, from the stations of a scenario.
#pragma once

#include "scenario.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace world {

struct Document {
  std::string agency;  // "hk-epd", "hk-hko", "cn-cnemc", "metar"
  std::string content_type;
  std::string body;
  Utc issued{};
};

inline constexpr std::array agencies{"hk-epd", "hk-hko", "cn-cnemc", "metar"};

// What an hourly station needs, in either city, and what an aerodrome.
const std::vector<std::string>& hourly_quantities();
const std::vector<std::string>& metar_quantities();
// HKO's four products and what each needs.
const std::map<std::string, std::vector<std::string>>& hko_products();

// Does the scenario have stations of it?
bool has_agency(const Scenario& scenario, std::string_view agency);
// The agency that has this address; empty when none does.
std::string agency_of(const Scenario& scenario, std::string_view path, std::string_view query);
// What it would have answered at `now`.
Document document_at(const Scenario& scenario, std::string_view path, std::string_view query,
                     Utc now);

}  // namespace world
