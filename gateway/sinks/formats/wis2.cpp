// SPDX-License-Identifier: Apache-2.0
// The WMO's WIS 2.0: rows of CSV as csv2bufr takes them with its template "aws-template", from
// which wis2box makes BUFR (301150, 307096). The columns, their units and digits are those of
// World-Meteorological-Organization/csv2bufr-templates, docs/source/templates/aws.rst (version 6 of
// the template) and samples/aws_sample.csv: one row of names, no quotation marks, an empty cell is
// missing, pressure in Pa, temperature in K, all columns always there.
//
// A record is a row. What failed its checks or is suspect is left out, since BUFR has no place for
// a flag here. Precipitation is that of the hour before (rain_1h). Gusts are not said: the template
// wants the largest of a period, and a record has that of its own.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/stream_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace twinsky {
namespace {

using enum Quantity;

constexpr auto columns_of_aws =
    std::to_array<std::string_view>({"wsi_series",
                                     "wsi_issuer",
                                     "wsi_issue_number",
                                     "wsi_local",
                                     "wmo_block_number",
                                     "wmo_station_number",
                                     "station_type",
                                     "year",
                                     "month",
                                     "day",
                                     "hour",
                                     "minute",
                                     "latitude",
                                     "longitude",
                                     "station_height_above_msl",
                                     "barometer_height_above_msl",
                                     "station_pressure",
                                     "msl_pressure",
                                     "geopotential_height",
                                     "thermometer_height",
                                     "air_temperature",
                                     "dewpoint_temperature",
                                     "relative_humidity",
                                     "method_of_ground_state_measurement",
                                     "ground_state",
                                     "method_of_snow_depth_measurement",
                                     "snow_depth",
                                     "precipitation_intensity",
                                     "anemometer_height",
                                     "time_period_of_wind",
                                     "wind_direction",
                                     "wind_speed",
                                     "maximum_wind_gust_direction_10_minutes",
                                     "maximum_wind_gust_speed_10_minutes",
                                     "maximum_wind_gust_direction_1_hour",
                                     "maximum_wind_gust_speed_1_hour",
                                     "maximum_wind_gust_direction_3_hours",
                                     "maximum_wind_gust_speed_3_hours",
                                     "rain_sensor_height",
                                     "total_precipitation_1_hour",
                                     "total_precipitation_3_hours",
                                     "total_precipitation_6_hours",
                                     "total_precipitation_12_hours",
                                     "total_precipitation_24_hours"});

// A cell made of a value: as it is there, in its unit and with its digits.
struct MeasuredCell {
  std::string_view column;
  Quantity quantity;
  double factor;
  double offset;
  int decimals;
};
constexpr double pascals = 100;
constexpr double kelvin = 273.15;
constexpr double seconds = 1.0 / 3600;
constexpr auto measured_cells = std::to_array<MeasuredCell>({
    {"station_pressure", pressure, pascals, 0, 0},
    {"msl_pressure", pressure_sea_level, pascals, 0, 0},
    {"air_temperature", temperature, 1, kelvin, 2},
    {"dewpoint_temperature", dew_point, 1, kelvin, 2},
    {"relative_humidity", humidity, 1, 0, 0},
    {"precipitation_intensity", rain_rate, seconds, 0, 5},
    {"wind_direction", wind_dir, 1, 0, 0},
    {"wind_speed", wind_speed, 1, 0, 1},
    {"total_precipitation_1_hour", rain_1h, 1, 0, 1},
});

// A cell that a setting says.
struct SetCell {
  std::string_view column;
  std::string_view setting;
  int decimals;
};
constexpr auto set_cells = std::to_array<SetCell>({
    {"latitude", "latitude", 5},
    {"longitude", "longitude", 5},
    {"station_height_above_msl", "station_height_m", 1},
    {"barometer_height_above_msl", "barometer_height_m", 1},
    {"thermometer_height", "thermometer_height_m", 2},
    {"anemometer_height", "anemometer_height_m", 2},
    {"time_period_of_wind", "wind_period_min", 0},
    {"rain_sensor_height", "rain_gauge_height_m", 2},
});

// The four blocks of a WIGOS station identifier, "0-344-0-MKROOF"; nullopt: it is none.
std::optional<std::array<std::string_view, 4>> blocks_of(std::string_view identifier) {
  std::array<std::string_view, 4> blocks;
  for (std::size_t block = 0; block < 3; ++block) {
    const std::size_t dash = identifier.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    blocks[block] = identifier.substr(0, dash);
    identifier.remove_prefix(dash + 1);
    constexpr std::size_t most_digits = 5;
    constexpr std::int64_t largest = 65534;
    std::int64_t number = -1;
    const std::string_view digits = blocks[block];
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = !digits.empty() && digits.size() <= most_digits &&
                           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || number > (block == 0 ? 0 : largest)) return std::nullopt;
  }
  constexpr std::size_t longest_local = 16;
  const bool is_local = !identifier.empty() && identifier.size() <= longest_local &&
                        std::ranges::all_of(identifier, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_';
                        });
  blocks[3] = identifier;
  if (!is_local) return std::nullopt;
  return blocks;
}

class Wis2 final : public Format {
 public:
  Wis2(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)),
        prefix_(sink.transport->has_topics ? "wis2/" + gateway_ + "/" : "#") {
    constant_.resize(columns_of_aws.size());
    const std::string& identifier = sink.settings.text("wigos_id");
    const auto blocks = blocks_of(identifier).value_or(std::array<std::string_view, 4>{});
    std::ranges::copy(blocks, constant_.begin());
    cell(constant_, "station_type") = "0";  // automatic
    for (const SetCell& each : set_cells) {
      if (!sink.settings.has(each.setting)) continue;
      append_number(cell(constant_, each.column), sink.settings.number(each.setting),
                    each.decimals);
    }
    for (const std::string_view column : columns_of_aws) {
      if (!names_.empty()) names_ += ',';
      names_ += column;
    }
    names_ += '\n';
  }

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!subject.starts_with("sensor/") || !measured_stream(subject)) return {};
    return std::string(prefix_).append(subject);
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "text/csv; charset=utf-8";
  }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view) const override {
    return std::string(stream);
  }
  void append(std::string& payload, std::string_view, const StoredRow& row) const override {
    if (!view_body(row.body, view_)) return;  // which the store would not have taken
    if (payload.empty()) payload += names_;
    cells_ = constant_;
    const auto day = std::chrono::floor<std::chrono::days>(row.time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(row.time - day);
    cell(cells_, "year") = std::to_string(static_cast<int>(date.year()));
    cell(cells_, "month") = std::to_string(static_cast<unsigned>(date.month()));
    cell(cells_, "day") = std::to_string(static_cast<unsigned>(date.day()));
    cell(cells_, "hour") = std::to_string(time.hours().count());
    cell(cells_, "minute") = std::to_string(time.minutes().count());
    for (const MeasuredCell& each : measured_cells) {
      constexpr int suspect = 3;
      const BodyView::Value* const value = view_.measured(each.quantity);
      if (value == nullptr || value->flag >= suspect) continue;
      double number = 0;
      std::from_chars(value->number.data(), value->number.data() + value->number.size(), number);
      append_number(cell(cells_, each.column), number * each.factor + each.offset, each.decimals);
    }
    bool is_first = true;
    for (const std::string& each : cells_) {
      if (!std::exchange(is_first, false)) payload += ',';
      payload += each;
    }
    payload += '\n';
  }
  void close(std::string&) const override {}

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  static std::string& cell(std::vector<std::string>& cells, std::string_view column) {
    const auto* const found = std::ranges::find(columns_of_aws, column);
    return cells.at(static_cast<std::size_t>(found - columns_of_aws.begin()));
  }

  const std::string gateway_;
  const std::string prefix_;
  std::vector<std::string> constant_;  // the cells that are the same in each row
  std::string names_;
  mutable std::vector<std::string> cells_;  // of the row at hand: their memory is used again
  mutable BodyView view_;
};

using enum SettingKind;
constexpr double highest_m = 9000;
constexpr double highest_mast_m = 655;
// clang-format off
constexpr auto wis2_settings = std::to_array<Setting>({
  {.name = "wigos_id", .kind = text, .documentation = "The station's WIGOS identifier, as it is registered in OSCAR/Surface, such as 0-344-0-MKROOF.", .required = true},
  {.name = "latitude", .kind = number, .documentation = "Where the station is, in degrees north (WGS 84).", .required = true, .lower = -90, .upper = 90},
  {.name = "longitude", .kind = number, .documentation = "Likewise in degrees east.", .required = true, .lower = -180, .upper = 180},
  {.name = "station_height_m", .kind = number, .documentation = "The height of the ground there above mean sea level, in m.", .required = true, .lower = -400, .upper = highest_m},
  {.name = "barometer_height_m", .kind = number, .documentation = "The height of the barometer above mean sea level, in m.", .lower = -400, .upper = highest_m},
  {.name = "thermometer_height_m", .kind = number, .documentation = "The height of the thermometer above the ground, in m.", .lower = 0, .upper = highest_mast_m},
  {.name = "anemometer_height_m", .kind = number, .documentation = "The height of the anemometer above the ground, in m.", .lower = 0, .upper = highest_mast_m},
  {.name = "rain_gauge_height_m", .kind = number, .documentation = "The height of the rain gauge's rim above the ground, in m.", .lower = 0, .upper = highest_mast_m},
  {.name = "wind_period_min", .kind = number, .documentation = "Over how many minutes before a record the device averages its wind, as a negative number.", .lower = -10, .upper = 0},
});
// clang-format on

std::vector<SinkProblem> check_wis2(SinkSettings& sink, const std::set<std::string_view>&) {
  if (!sink.settings.has("wigos_id") || sink.settings.text("wigos_id").empty()) return {};
  const std::string& identifier = sink.settings.text("wigos_id");
  if (blocks_of(identifier)) return {};
  return {{"wigos_id", in_quotes(identifier) +
                           " is no WIGOS station identifier, expected one such as "
                           "\"0-344-0-MKROOF\""}};
}

}  // namespace

extern const FormatInfo wis2_format = {
    .name = "wis2",
    .settings = wis2_settings,
    .check = check_wis2,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Wis2>(sink, std::move(gateway));
    },
};

}  // namespace twinsky
