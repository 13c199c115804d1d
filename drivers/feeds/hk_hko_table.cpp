// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/hk_hko_table.hpp"

#include "drivers/feeds/cell.hpp"
#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/zone.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using enum Quantity;
using std::chrono::minutes;

// A header cell: "Air Temperature(degree Celsius)", "氣溫（攝氏）".
struct Title {
  std::string name;
  std::string unit;
};

// Headers are matched loosely: archived ones differ in blanks ("MaximumAir Temperature"), hyphens
// and case, and brackets are full-width in the Chinese editions.
std::string loosened(std::string_view text) {
  std::string loose;
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_kept = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '%' ||
                         static_cast<unsigned char>(c) >= 0x80;
    if (is_kept) loose += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return loose;
}

Title title_of(std::string_view cell) {
  std::string plain(cell);
  constexpr std::string_view wide = "（";
  if (const auto at = plain.find(wide); at != std::string::npos)
    plain.replace(at, wide.size(), "(");
  constexpr std::string_view closing = "）";
  if (const auto at = plain.find(closing); at != std::string::npos) plain.erase(at, closing.size());
  const auto bracket = plain.find('(');
  if (bracket == std::string::npos) return {loosened(plain), {}};
  return {loosened(plain.substr(0, bracket)), loosened(plain.substr(bracket))};
}

struct KnownColumn {
  std::string_view name;
  Quantity quantity;
  minutes length;
};
constexpr auto known_columns = std::to_array<KnownColumn>({
    {"airtemperature", temperature, minutes(1)},
    {"氣溫", temperature, minutes(1)},
    {"气温", temperature, minutes(1)},
    {"relativehumidity", humidity, minutes(1)},
    {"相對濕度", humidity, minutes(1)},
    {"相对湿度", humidity, minutes(1)},
    {"meansealevelpressure", pressure_sea_level, minutes(1)},
    {"平均海平面氣壓", pressure_sea_level, minutes(1)},
    {"平均海平面气压", pressure_sea_level, minutes(1)},
    {"10minutemeanwinddirection", wind_dir, minutes(10)},
    {"十分鐘平均風向", wind_dir, minutes(10)},
    {"十分钟平均风向", wind_dir, minutes(10)},
    {"10minutemeanspeed", wind_speed, minutes(10)},
    {"10minutemeanwindspeed", wind_speed, minutes(10)},
    {"十分鐘平均風速", wind_speed, minutes(10)},
    {"十分钟平均风速", wind_speed, minutes(10)},
    {"10minutemaximumgust", wind_gust, minutes(10)},
    {"十分鐘最高陣風風速", wind_gust, minutes(10)},
    {"十分钟最高阵风风速", wind_gust, minutes(10)},
    {"globalsolarradiation", solar_radiation, minutes(1)},
    {"太陽總輻射量", solar_radiation, minutes(1)},
    {"太阳总辐射量", solar_radiation, minutes(1)},
    {"past15minutemeanuvindex", uv_index, minutes(15)},
    {"15minutemeanuvindex", uv_index, minutes(15)},
    {"過去十五分鐘平均紫外線指數", uv_index, minutes(15)},
    {"过去十五分钟平均紫外线指数", uv_index, minutes(15)},
});

// Parts of the solar radiation for which the catalogue has no quantity.
constexpr auto passed_over = std::to_array<std::string_view>(
    {"directsolarradiation", "diffuseradiation", "diffusesolarradiation", "太陽直接輻射量",
     "太阳直接辐射量", "太陽漫射輻射量", "太阳漫射辐射量"});

constexpr double per_km_h = 1 / 3.6;  // m/s

struct KnownUnit {
  std::string_view unit;  // loosened
  std::string_view ucum;  // of the quantities that it fits
  double factor;
};
constexpr auto known_units = std::to_array<KnownUnit>({
    {"degreecelsius", "Cel", 1},
    {"攝氏", "Cel", 1},
    {"摄氏", "Cel", 1},
    {"攝氏度", "Cel", 1},
    {"摄氏度", "Cel", 1},
    {"percent", "%", 1},
    {"%", "%", 1},
    {"百分比", "%", 1},
    {"hpa", "hPa", 1},
    {"百帕斯卡", "hPa", 1},
    {"百帕", "hPa", 1},
    {"compasspoints", "deg", 1},
    {"方位點", "deg", 1},
    {"方位点", "deg", 1},
    {"kmhour", "m/s", per_km_h},
    {"kmh", "m/s", per_km_h},
    {"公里小時", "m/s", per_km_h},
    {"公里小时", "m/s", per_km_h},
    {"wattsquaremeter", "W/m2", 1},
    {"wattsquaremetre", "W/m2", 1},
    {"瓦特平方米", "W/m2", 1},
    {"", "{uv_index}", 1},
});

constexpr auto time_names = std::to_array<std::string_view>({"datetime", "日期時間", "日期时间"});
constexpr auto part_names = std::to_array<std::string_view>(
    {"year", "month", "day", "hour", "minute", "second", "timezone"});
constexpr auto station_names =
    std::to_array<std::string_view>({"automaticweatherstation", "自動氣象站", "自动气象站"});

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::optional<HkoColumn> column_of(const Title& title, std::size_t at) {
  const auto* known = std::ranges::find(known_columns, title.name, &KnownColumn::name);
  if (known == known_columns.end()) return std::nullopt;
  const std::string_view ucum = info_of(known->quantity).ucum;
  const auto* unit = std::ranges::find_if(known_units, [&](const KnownUnit& each) {
    return each.unit == title.unit && each.ucum == ucum;
  });
  if (unit == known_units.end()) return std::nullopt;
  return HkoColumn{at, known->quantity, unit->factor, known->length};
}

// The first of two such columns holds: nothing else in the row would say which is meant.
void take_place(HkoTable& table, std::optional<std::size_t>& place, std::size_t at,
                const std::string& cell) {
  if (place) {
    table.problems.push_back("column " + in_quotes(cell) + " is there twice");
  } else {
    place = at;
  }
}

void take_title(HkoTable& table, std::size_t at, const std::string& cell) {
  const Title title = title_of(cell);
  const auto* part = std::ranges::find(part_names, title.unit);
  if (is_one_of(time_names, title.name) && title.unit.empty()) {
    take_place(table, table.time, at, cell);
  } else if (is_one_of(time_names, title.name) && part != part_names.end()) {
    take_place(table, table.time_parts[static_cast<std::size_t>(part - part_names.begin())], at,
               cell);
  } else if (is_one_of(station_names, title.name)) {
    take_place(table, table.station, at, cell);
  } else if (const auto column = column_of(title, at)) {
    const bool is_double = std::ranges::find(table.columns, column->quantity,
                                             &HkoColumn::quantity) != table.columns.end();
    if (is_double) table.problems.push_back("column " + in_quotes(cell) + " is there twice");
    table.columns.push_back(*column);  // each of its cells is held against the other's
  } else if (!is_one_of(passed_over, title.name)) {
    table.problems.push_back("column " + in_quotes(cell) + " is not known");
    table.unknown.push_back(cell);
  }
}

std::optional<int> whole_at(const CsvRow& row, std::optional<std::size_t> place) {
  const auto number = number_in(row.cells[*place]);
  if (!number || std::trunc(*number) != *number || std::abs(*number) > 9999) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

std::optional<UtcTime> HkoTable::time_of_row(const CsvRow& row) const {
  if (time) return compact_time(row.cells[*time], china_offset);
  std::array<int, 6> parts{};
  for (std::size_t at = 0; at < parts.size(); ++at) {
    // The column of seconds is there but empty.
    if (at == 5 && (!time_parts[at] || trimmed(row.cells[*time_parts[at]]).empty())) break;
    const auto part = whole_at(row, time_parts[at]);
    if (!part) return std::nullopt;
    parts[at] = *part;
  }
  const auto offset = time_parts[6] ? zone_offset(row.cells[*time_parts[6]]) : china_offset;
  if (!offset) return std::nullopt;
  return time_of(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], *offset);
}

Result<HkoTable, FeedFailure> read_hko_header(const std::vector<std::string>& header) {
  HkoTable table;
  for (std::size_t at = 0; at < header.size(); ++at) take_title(table, at, header[at]);
  const bool has_parts = std::all_of(table.time_parts.begin(), table.time_parts.begin() + 5,
                                     [](const auto& part) { return part.has_value(); });
  const auto fail = [](std::string what) {
    return Unexpected{FeedFailure{FeedFault::grammar_changed, std::move(what)}};
  };
  if (!table.time && !has_parts)
    return fail("no column of times, as in " + in_quotes(header.front()));
  if (table.columns.empty()) {
    return fail(table.problems.empty() ? "no column of values" : table.problems.front());
  }
  // Only the UV file has no stations: it is King's Park alone.
  const bool is_uv = table.columns.front().quantity == uv_index;
  if (!table.station && !is_uv) return fail("no column of stations");
  return table;
}

}  // namespace twinsky
