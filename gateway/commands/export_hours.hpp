// SPDX-License-Identifier: Apache-2.0
// The hours of a sensor or an official station as `export hours` has gathered them, and the forms
// in which it writes them.
#pragma once

#include "gateway/commands/store_choice.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/hours/longer_means.hpp"

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {

// One quantity of one hour; an agency says no more than its value.
struct HourCells {
  std::optional<double> value;
  bool is_valid = false;
  std::optional<Hour> own = {};
  LongerMeans longer = {};
};

struct HourTable {
  std::string source;  // "roof-pm", "hk-epd/mong-kok"
  bool is_official = false;
  std::map<UtcTime, std::map<Quantity, HourCells>> rows;
};

// As one CF-netCDF file: an observation is an hour, both ends of which stand in time_bnds.
void export_hours_netcdf(const StoreChoice& choice, const ChosenStore& store,
                         const std::vector<HourTable>& tables, std::ostream& out);

}  // namespace twinsky
