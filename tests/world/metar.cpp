// SPDX-License-Identifier: Apache-2.0
// Aerodrome reports of the past two hours, every half hour and three minutes after it, newest
// first, in whole degrees and knots.
#include "agencies.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace world {

namespace {

using std::chrono::minutes;

constexpr minutes publication_delay{3};
constexpr double knots_per_ms = 3600.0 / 1852.0;

std::string degrees(double celsius) {
  const long whole = std::lround(celsius);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%s%02ld", whole < 0 ? "M" : "", std::labs(whole));
  return text.data();
}

// Magnus formula over water.
double dew_point(double celsius, double humidity_percent) {
  const double gamma = std::log(humidity_percent / 100) + 17.62 * celsius / (243.12 + celsius);
  return 243.12 * gamma / (17.62 - gamma);
}

std::string wind(const View& view, Utc end) {
  const auto knots = std::lround(view.mean("wind_speed", end - minutes{10}, end) * knots_per_ms);
  if (knots < 1) return "00000KT";
  const auto tens = std::lround(view.at("wind_dir", end - minutes{5}) / 10) % 36;
  std::array<char, 48> text{};
  if (knots < 3) {
    std::snprintf(text.data(), text.size(), "VRB%02ldKT", knots);
  } else {
    std::snprintf(text.data(), text.size(), "%03ld%02ldKT", (tens == 0 ? 36 : tens) * 10, knots);
  }
  return text.data();
}

std::string report(const StationSpec& aerodrome, Utc time) {
  const View& view = aerodrome.view;
  const double celsius = view.at("temperature", time);
  std::array<char, 48> pressure{};
  std::snprintf(pressure.data(), pressure.size(), "Q%04ld",
                static_cast<long>(view.at("pressure_sea_level", time)));
  return "METAR " + aerodrome.name + " " + report_text(time) + " " + wind(view, time) +
         " 9999 FEW020 " + degrees(celsius) + "/" +
         degrees(dew_point(celsius, view.at("humidity", time))) + " " + pressure.data() +
         " NOSIG\n";
}

}  // namespace

Utc metar_issued(Utc now) {
  return floor_to(now - publication_delay, minutes{30});
}

std::string metar_reports(const std::vector<StationSpec>& stations, Utc issued) {
  std::string text;
  for (const auto& aerodrome : stations) {
    for (int age = 0; age < 4; ++age) text += report(aerodrome, issued - minutes{30 * age});
  }
  return text;
}

}  // namespace world
