// SPDX-License-Identifier: Apache-2.0
// Hong Kong Observatory: CSV tables of its automatic stations, new every ten minutes and then
// already nine minutes old. Where a number is missing stands "N/A", another word or nothing.
#include "agencies.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace world {

namespace {

using std::chrono::minutes;

constexpr minutes publication_delay{9};
constexpr double kmh_per_ms = 3.6;

std::string fixed(double value, int decimals) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string compass_point(double degrees) {
  static constexpr std::array points{"North", "Northeast", "East", "Southeast",
                                     "South", "Southwest", "West", "Northwest"};
  return points.at(static_cast<std::size_t>(std::lround(degrees / 45)) % points.size());
}

// Direction, mean and gust in km/h. A calm has no gust, a light air has no direction.
std::string wind_cells(const StationSpec& station, Utc start, Utc end) {
  const auto mean = std::lround(station.view.mean("wind_speed", start, end) * kmh_per_ms);
  const auto gust = std::lround(station.view.mean("wind_gust", start, end) * kmh_per_ms);
  const auto cell = [&](const char* quantity, const std::string& value) {
    const auto* gap = station.gap(quantity, start);
    return gap == nullptr ? value : *gap;
  };
  if (mean < 1) return cell("wind_dir", "Calm") + "," + cell("wind_speed", "0") + ",";
  const std::string direction =
      mean < 4 ? "Variable" : compass_point(station.view.at("wind_dir", start + (end - start) / 2));
  return cell("wind_dir", direction) + "," + cell("wind_speed", std::to_string(mean)) + "," +
         cell("wind_gust", std::to_string(std::max(mean, gust)));
}

}  // namespace

Utc hko_issued(Utc now) {
  return floor_to(now - publication_delay, minutes{10});
}

std::string hko_minute_table(const std::vector<StationSpec>& stations, const std::string& column,
                             const std::string& quantity, int decimals, Utc issued) {
  std::string text = "Date time,Automatic Weather Station," + column + "\n";
  for (const auto& station : stations) {
    const auto* gap = station.gap(quantity, issued);
    text += minute_text(issued) + "," + station.name + ",";
    text += gap != nullptr
                ? *gap
                : fixed(station.view.mean(quantity, issued - minutes{1}, issued), decimals);
    text += "\n";
  }
  return text;
}

std::string hko_wind_table(const std::vector<StationSpec>& stations, Utc issued) {
  std::string text =
      "Date time,Automatic Weather Station,10-Minute Mean Wind Direction(Compass points),"
      "10-Minute Mean Speed(km/hour),10-Minute Maximum Gust(km/hour)\n";
  for (const auto& station : stations) {
    text += minute_text(issued) + "," + station.name + "," +
            wind_cells(station, issued - minutes{10}, issued) + "\n";
  }
  return text;
}

// What is in force at that minute, as of the start of its window.
std::string hko_warnings(const std::vector<WarningSpec>& warnings, Utc issued) {
  nlohmann::ordered_json summary = nlohmann::json::object();
  for (const auto& warning : warnings) {
    const double second = second_of_day(issued);
    if (second < warning.from_second || second >= warning.to_second) continue;
    const auto since = std::chrono::seconds{static_cast<long>(second - warning.from_second)};
    const std::string start = local_text(issued - since) + "+08:00";
    nlohmann::ordered_json entry{{"name", warning.name}, {"code", warning.code}};
    if (!warning.type.empty()) entry["type"] = warning.type;
    entry["actionCode"] = "ISSUE";
    entry["issueTime"] = start;
    entry["updateTime"] = start;
    summary[warning.code] = entry;
  }
  return summary.dump();
}

}  // namespace world
