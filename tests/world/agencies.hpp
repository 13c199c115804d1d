// SPDX-License-Identifier: Apache-2.0
// How the agencies print their data. `issued` is the time that the newest data
// carry.
#pragma once

#include "scenario.hpp"

#include <string>
#include <vector>

namespace world {

// The newest hour and the newest ten minutes that are published at `now`.
Utc epd_issued(Utc now);
Utc hko_issued(Utc now);
Utc cnemc_issued(Utc now);
Utc metar_issued(Utc now);

std::string epd_concentrations(const std::vector<StationSpec>& stations, Utc issued);
std::string epd_past_indices(const std::vector<StationSpec>& stations, Utc issued);
std::string epd_indices(const std::vector<StationSpec>& stations, Utc issued);

std::string hko_minute_table(const std::vector<StationSpec>& stations, const std::string& column,
                             const std::string& quantity, int decimals, Utc issued);
std::string hko_wind_table(const std::vector<StationSpec>& stations, Utc issued);
std::string hko_warnings(const std::vector<WarningSpec>& warnings, Utc issued);

std::string cnemc_sites(const std::vector<StationSpec>& stations, Utc issued);
std::string metar_reports(const std::vector<StationSpec>& stations, Utc issued);

}  // namespace world
