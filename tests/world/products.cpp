// SPDX-License-Identifier: Apache-2.0
// Which address gives which document.
#include "products.hpp"

#include "agencies.hpp"

#include <algorithm>
#include <array>

namespace world {

namespace {

struct Product {
  std::string_view path;
  std::string_view query;  // begins so; empty: whatever it is
  std::string_view agency;
  std::string_view content_type;
  std::string (*body)(const Scenario&, Utc issued);
  Utc (*issued)(Utc now);
};

// A document that is right at any minute.
Utc minute_issued(Utc now) {
  return floor_to(now, std::chrono::minutes{1});
}

std::string temperature(const Scenario& scenario, Utc issued) {
  return hko_minute_table(scenario.hko.at("temperature"), "Air Temperature(degree Celsius)",
                          "temperature", 1, issued);
}

std::string humidity(const Scenario& scenario, Utc issued) {
  return hko_minute_table(scenario.hko.at("humidity"), "Relative Humidity(percent)", "humidity", 0,
                          issued);
}

std::string pressure(const Scenario& scenario, Utc issued) {
  return hko_minute_table(scenario.hko.at("pressure"), "Mean Sea Level Pressure(hPa)",
                          "pressure_sea_level", 1, issued);
}

std::string wind(const Scenario& scenario, Utc issued) {
  return hko_wind_table(scenario.hko.at("wind"), issued);
}

std::string concentrations(const Scenario& scenario, Utc issued) {
  return epd_concentrations(scenario.epd, issued);
}

std::string past_indices(const Scenario& scenario, Utc issued) {
  return epd_past_indices(scenario.epd, issued);
}

std::string indices(const Scenario& scenario, Utc issued) {
  return epd_indices(scenario.epd, issued);
}

std::string warnings(const Scenario& scenario, Utc issued) {
  return hko_warnings(scenario.warnings, issued);
}

std::string sites(const Scenario& scenario, Utc issued) {
  return cnemc_sites(scenario.cnemc, issued);
}

// The server does not know the city.
std::string no_sites(const Scenario&, Utc) {
  return "[]";
}

std::string reports(const Scenario& scenario, Utc issued) {
  return metar_reports(scenario.metar, issued);
}

constexpr std::string_view epd = "hk-epd";
constexpr std::string_view hko = "hk-hko";
constexpr std::string_view cnemc = "cn-cnemc";
constexpr std::string_view metar = "metar";
constexpr std::string_view live_sites = "/CityData/GetAQIDataPublishLive";

constexpr std::array products{
    Product{"/epd/ddata/html/out/24pc_Eng.xml", "", epd, "text/xml", concentrations, epd_issued},
    Product{"/epd/ddata/html/out/24aqhi_Eng.xml", "", epd, "text/xml", past_indices, epd_issued},
    Product{"/epd/ddata/html/out/aqhi_ind_rss_Eng.xml", "", epd, "text/xml", indices, epd_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_temperature.csv", "", hko,
            "application/octet-stream", temperature, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_humidity.csv", "", hko,
            "application/octet-stream", humidity, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_pressure.csv", "", hko,
            "application/octet-stream", pressure, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_10min_wind.csv", "", hko,
            "application/octet-stream", wind, hko_issued},
    Product{"/weatherAPI/opendata/weather.php", "dataType=warnsum", hko, "application/json",
            warnings, minute_issued},
    Product{live_sites, "cityName=%E4%B8%8A%E6%B5%B7%E5%B8%82", cnemc, "application/json", sites,
            cnemc_issued},  // 上海市
    Product{live_sites, "", cnemc, "application/json", no_sites, cnemc_issued},
    Product{"/api/data/metar", "format=raw", metar, "text/plain", reports, metar_issued},
};

const Product* product_at(std::string_view path, std::string_view query) {
  const auto found = std::ranges::find_if(products, [&](const Product& product) {
    return product.path == path && query.starts_with(product.query);
  });
  return found == products.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& metar_quantities() {
  static const std::vector<std::string> quantities{"temperature", "humidity", "pressure_sea_level",
                                                   "wind_speed", "wind_dir"};
  return quantities;
}

const std::vector<std::string>& hourly_quantities() {
  static const std::vector<std::string> quantities{"no2", "o3", "so2", "co", "pm10", "pm2_5"};
  return quantities;
}

const std::map<std::string, std::vector<std::string>>& hko_products() {
  static const std::map<std::string, std::vector<std::string>> by_product{
      {"temperature", {"temperature"}},
      {"humidity", {"humidity"}},
      {"pressure", {"pressure_sea_level"}},
      {"wind", {"wind_speed", "wind_dir", "wind_gust"}}};
  return by_product;
}

bool has_agency(const Scenario& scenario, std::string_view agency) {
  if (agency == epd) return !scenario.epd.empty();
  if (agency == hko) return !scenario.hko.empty();
  if (agency == cnemc) return !scenario.cnemc.empty();
  return agency == metar && !scenario.metar.empty();
}

std::string agency_of(const Scenario& scenario, std::string_view path, std::string_view query) {
  const auto* product = product_at(path, query);
  const bool is_served = product != nullptr && has_agency(scenario, product->agency);
  return is_served ? std::string{product->agency} : std::string{};
}

Document document_at(const Scenario& scenario, std::string_view path, std::string_view query,
                     Utc now) {
  const auto& product = *product_at(path, query);
  const Utc issued = product.issued(now);
  return {std::string{product.agency}, std::string{product.content_type},
          product.body(scenario, issued), issued};
}

}  // namespace world
