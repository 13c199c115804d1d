// SPDX-License-Identifier: Apache-2.0
// China National Environmental Monitoring Centre: the sites of Shanghai with the values of the past
// hour, as texts, and the AQI of that hour (HJ 633-2026, real-time report: six items, particles by
// the daily breakpoints). A missing value is a dash, and so is an index that lacks one and is not
// above 100 by the others.
#include "agencies.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace world {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::hours;
using std::chrono::minutes;

constexpr minutes publication_delay{5};
constexpr const char* dash = "\u2014";

// Concentrations in ug/m3, carbon monoxide in tenths of mg/m3, so that all is in whole numbers.
struct Pollutant {
  const char* key;
  const char* quantity;
  const char* name;  // as a primary pollutant
  double unit_ug;    // of the whole numbers
  std::array<int, 8> breakpoints;
  bool is_open;  // sulphur dioxide: 200 above its fifth breakpoint
};
constexpr std::array<int, 8> points{0, 50, 100, 150, 200, 300, 400, 500};
constexpr std::array<Pollutant, 6> pollutants{{
    {"SO2", "so2", "SO2", 1, {0, 150, 500, 650, 800, 800, 800, 800}, true},
    {"NO2", "no2", "NO2", 1, {0, 100, 200, 700, 1200, 2340, 3090, 3840}, false},
    {"CO", "co", "CO", 100, {0, 50, 100, 350, 600, 900, 1200, 1500}, false},
    {"O3", "o3", "O3", 1, {0, 160, 200, 300, 400, 800, 1000, 1200}, false},
    {"PM10", "pm10", "PM10", 1, {0, 50, 120, 250, 350, 420, 500, 600}, false},
    {"PM2_5", "pm2_5", "PM2.5", 1, {0, 35, 60, 115, 150, 250, 350, 500}, false},
}};

std::optional<int> value_of(const StationSpec& station, const Pollutant& pollutant, Utc hour_end) {
  if (station.gap(pollutant.quantity, hour_end - hours{1}) != nullptr) return std::nullopt;
  const double mean = station.mean(pollutant.quantity, hour_end, hour_end);
  return static_cast<int>(std::lround(std::max(0.0, mean) / pollutant.unit_ug));
}

// Rounded up, in whole numbers.
int sub_index(const Pollutant& pollutant, int value) {
  const std::size_t segments = pollutant.is_open ? 4 : 7;
  for (std::size_t at = 1; at <= segments; ++at) {
    const int low = pollutant.breakpoints.at(at - 1);
    const int width = pollutant.breakpoints.at(at) - low;
    if (value > low + width) continue;
    const int rise = (points.at(at) - points.at(at - 1)) * (value - low);
    return points.at(at - 1) + (rise + width - 1) / width;
  }
  return points.at(segments);
}

std::string printed(const Pollutant& pollutant, int value) {
  if (pollutant.unit_ug == 1) return std::to_string(value);
  return std::to_string(value / 10) + "." + std::to_string(value % 10);
}

json record(const StationSpec& station, Utc hour_end) {
  json cells = json::object();
  std::optional<int> highest;
  std::string primary;
  bool is_complete = true;
  for (const auto& pollutant : pollutants) {
    const auto value = value_of(station, pollutant, hour_end);
    cells[pollutant.key] = value ? printed(pollutant, *value) : dash;
    is_complete = is_complete && value;
    if (!value) continue;
    const int index = sub_index(pollutant, *value);
    if (index > highest.value_or(-1)) primary.clear();
    if (index >= highest.value_or(-1))
      primary += (primary.empty() ? "" : ",") + std::string{pollutant.name};
    highest = std::max(highest.value_or(index), index);
  }
  const bool is_published = highest && (is_complete || *highest > 100);
  json entry{{"TimePoint", local_text(hour_end)},
             {"Area", "\u4e0a\u6d77\u5e02"},
             {"CityCode", "310000"},
             {"PositionName", station.name_in(hour_end)},
             {"StationCode", station.code},
             {"AQI", is_published ? std::to_string(*highest) : dash},
             {"PrimaryPollutant", is_published && *highest > 50 ? primary : dash}};
  entry.update(cells);
  return entry;
}

}  // namespace

Utc cnemc_issued(Utc now) {
  return floor_to(now - publication_delay, hours{1});
}

std::string cnemc_sites(const std::vector<StationSpec>& stations, Utc issued) {
  json list = json::array();
  for (const auto& station : stations) list.push_back(record(station, issued));
  return list.dump();
}

}  // namespace world
