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
  std::string_view agency;
  std::string_view content_type;
  std::string (*body)(const Scenario&, Utc issued);
  Utc (*issued)(Utc now);
};

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

constexpr std::string_view epd = "hk-epd";
constexpr std::string_view hko = "hk-hko";

constexpr std::array products{
    Product{"/epd/ddata/html/out/24pc_Eng.xml", epd, "text/xml", concentrations, epd_issued},
    Product{"/epd/ddata/html/out/24aqhi_Eng.xml", epd, "text/xml", past_indices, epd_issued},
    Product{"/epd/ddata/html/out/aqhi_ind_rss_Eng.xml", epd, "text/xml", indices, epd_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_temperature.csv", hko,
            "application/octet-stream", temperature, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_humidity.csv", hko,
            "application/octet-stream", humidity, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_1min_pressure.csv", hko,
            "application/octet-stream", pressure, hko_issued},
    Product{"/weatherAPI/hko_data/regional-weather/latest_10min_wind.csv", hko,
            "application/octet-stream", wind, hko_issued},
};

const Product* product_at(std::string_view path) {
  const auto found = std::ranges::find(products, path, &Product::path);
  return found == products.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& epd_quantities() {
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

std::string agency_of(const Scenario& scenario, std::string_view path) {
  const auto* product = product_at(path);
  if (product == nullptr) return {};
  const bool has_stations = product->agency == epd ? !scenario.epd.empty() : !scenario.hko.empty();
  return has_stations ? std::string{product->agency} : std::string{};
}

Document document_at(const Scenario& scenario, std::string_view path, Utc now) {
  const auto& product = *product_at(path);
  const Utc issued = product.issued(now);
  return {std::string{product.agency}, std::string{product.content_type},
          product.body(scenario, issued), issued};
}

}  // namespace world
