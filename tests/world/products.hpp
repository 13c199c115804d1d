// SPDX-License-Identifier: Apache-2.0
// The agencies' documents of this moment, in their own formats, from the stations of a scenario.
#pragma once

#include "scenario.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace world {

struct Document {
  std::string agency;  // "hk-epd", "hk-hko"
  std::string content_type;
  std::string body;
  Utc issued{};
};

const std::vector<std::string>& epd_quantities();
// HKO's four products and what each needs.
const std::map<std::string, std::vector<std::string>>& hko_products();

// The agency that has this path; empty when none does.
std::string agency_of(const Scenario& scenario, std::string_view path);
// What it would have answered at `now`.
Document document_at(const Scenario& scenario, std::string_view path, Utc now);

}  // namespace world
