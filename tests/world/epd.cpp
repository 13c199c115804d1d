// SPDX-License-Identifier: Apache-2.0
// Environmental Protection Department: hourly means of 18 stations over the past 24 hours and the
// AQHI from them as they are printed (edition of 2025-03-22: three-hour means, the larger of the
// two kinds of particles).
#include "agencies.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>

namespace world {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr minutes publication_delay{3};

std::string one_decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", std::max(0.0, value));
  return text.data();
}

std::string cell(const StationSpec& station, const std::string& quantity, Utc hour_end,
                 Utc issued) {
  if (station.gap(quantity, hour_end - hours{1}) != nullptr) return "-";
  return one_decimal(station.mean(quantity, hour_end, issued));
}

// The mean of the three newest hours as they are printed, of which two must be there.
std::optional<double> three_hour_mean(const StationSpec& station, const std::string& quantity,
                                      Utc hour_end, Utc issued) {
  double sum = 0;
  int count = 0;
  for (int age = 0; age < 3; ++age) {
    const std::string text = cell(station, quantity, hour_end - hours{age}, issued);
    if (text == "-") continue;
    sum += std::stod(text);
    ++count;
  }
  if (count < 2) return std::nullopt;
  return sum / count;
}

struct Coefficient {
  const char* quantity;
  double value;
};

// Added risk of hospital admissions, percent; of several pollutants the greatest.
std::optional<double> added_risk(const StationSpec& station, std::span<const Coefficient> group,
                                 Utc hour_end, Utc issued) {
  std::optional<double> greatest;
  for (const auto& [quantity, coefficient] : group) {
    const auto mean = three_hour_mean(station, quantity, hour_end, issued);
    if (!mean) continue;
    const double risk = (std::exp(coefficient * *mean) - 1) * 100;
    greatest = std::max(greatest.value_or(risk), risk);
  }
  return greatest;
}

// "*" where too little is known, else 1 … 10 and "10+".
std::string index_text(const StationSpec& station, Utc hour_end, Utc issued) {
  static constexpr std::array<Coefficient, 1> no2{{{"no2", 0.0004462559}}};
  static constexpr std::array<Coefficient, 1> so2{{{"so2", 0.0001393235}}};
  static constexpr std::array<Coefficient, 1> o3{{{"o3", 0.0004888034}}};
  static constexpr std::array<Coefficient, 2> particles{
      {{"pm10", 0.0002821751}, {"pm2_5", 0.0002180567}}};
  double sum = 0;
  for (const std::span<const Coefficient> group :
       {std::span<const Coefficient>{no2}, std::span<const Coefficient>{so2},
        std::span<const Coefficient>{o3}, std::span<const Coefficient>{particles}}) {
    const auto risk = added_risk(station, group, hour_end, issued);
    if (!risk) return "*";
    sum += *risk;
  }
  const double risk = std::round(sum * 100) / 100;
  constexpr std::array bounds{1.87, 3.73, 5.60, 7.46, 9.33, 11.20, 12.81, 14.94, 17.08, 19.21};
  const auto band = std::ranges::lower_bound(bounds, risk) - bounds.begin() + 1;
  return band > 10 ? "10+" : std::to_string(band);
}

std::string risk_word(const std::string& index) {
  if (index == "*") return "";
  if (index == "10+") return "Serious";
  const int value = std::stoi(index);
  if (value <= 3) return "Low";
  if (value <= 6) return "Moderate";
  return value == 7 ? "High" : "Very High";
}

std::string type_text(const StationSpec& station) {
  return station.roadside ? "Roadside Stations" : "General Stations";
}

std::string head(const std::string& title, Utc issued) {
  return "  <title>" + title +
         "</title>\n"
         "  <link>http://www.aqhi.gov.hk</link>\n"
         "  <description>" +
         title +
         "</description>\n"
         "  <language>en-us</language>\n"
         "  <copyright>SYNTHETIC: emulated in the format of the Environmental Protection Department"
         "</copyright>\n"
         "  <lastBuildDate>" +
         rfc822_text(issued) + "</lastBuildDate>\n";
}

constexpr const char* declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

}  // namespace

Utc epd_issued(Utc now) {
  return floor_to(now - publication_delay, hours{1});
}

std::string epd_concentrations(const std::vector<StationSpec>& stations, Utc issued) {
  static constexpr std::array<std::pair<const char*, const char*>, 6> elements{
      {{"NO2", "no2"},
       {"O3", "o3"},
       {"SO2", "so2"},
       {"CO", "co"},
       {"PM10", "pm10"},
       {"PM2.5", "pm2_5"}}};
  std::string text = declaration;
  text += "<AQHI24HrPollutantConcentration>\n";
  text += head("Past 24-hour pollutant concentration", issued);
  for (const auto& station : stations) {
    for (int age = 0; age < 24; ++age) {
      const Utc hour_end = issued - hours{age};
      if (!station.has_row(hour_end, issued)) continue;
      text += "  <PollutantConcentration>\n    <StationName>" + station.name_in(issued) +
              "</StationName>\n    <DateTime>" + rfc822_text(hour_end) + "</DateTime>\n";
      for (const auto& [element, quantity] : elements) {
        text += std::string{"    <"} + element + ">" + cell(station, quantity, hour_end, issued) +
                "</" + element + ">\n";
      }
      text += "  </PollutantConcentration>\n";
    }
  }
  return text + "</AQHI24HrPollutantConcentration>\n";
}

std::string epd_past_indices(const std::vector<StationSpec>& stations, Utc issued) {
  std::string text = declaration;
  text += "<AQHI24HrReport>\n" + head("Past 24-hour AQHI", issued + minutes{30});
  for (const auto& station : stations) {
    for (int age = 23; age >= 0; --age) {
      const Utc hour_end = issued - hours{age};
      if (!station.has_row(hour_end, issued)) continue;
      text += "  <item>\n    <type>" + type_text(station) + "</type>\n    <StationName>" +
              station.name_in(issued) + "</StationName>\n    <DateTime>" + rfc822_text(hour_end) +
              "</DateTime>\n    <aqhi>" + index_text(station, hour_end, issued) +
              "</aqhi>\n  </item>\n";
    }
  }
  return text + "</AQHI24HrReport>\n";
}

std::string epd_indices(const std::vector<StationSpec>& stations, Utc issued) {
  const std::string stamp = rfc822_text(issued + minutes{30});
  std::string text = declaration;
  text += "<rss version=\"2.0\">\n<channel>\n" + head("Current AQHI", issued + minutes{30});
  for (const auto& station : stations) {
    const std::string& name = station.name_in(issued);
    const std::string index = index_text(station, issued, issued);
    text += "  <item>\n    <title>" + name + " : " + index + " : " + risk_word(index) +
            "</title>\n    <pubDate>" + stamp + "</pubDate>\n    <description>\n      <![CDATA[" +
            name + " - " + type_text(station) + ": " + index + " " + risk_word(index) + " - " +
            stamp.substr(0, stamp.size() - 9) + "]]>\n    </description>\n  </item>\n";
  }
  return text + "</channel>\n</rss>\n";
}

}  // namespace world
