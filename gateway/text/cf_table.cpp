// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/cf_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace twinsky {
namespace {

constexpr double no_number = 9.9692099683868690e+36;  // NC_FILL_DOUBLE
constexpr std::int8_t no_flag = -127;                 // NC_FILL_BYTE
constexpr std::size_t epoch_width = 8;

// Places in the list of dimensions.
constexpr std::size_t of_records = 0;
constexpr std::size_t of_places = 1;
constexpr std::size_t of_names = 2;
constexpr std::size_t of_titles = 3;
constexpr std::size_t of_bounds = 4;
constexpr std::size_t of_epochs = 5;

// UCUM and UDUNITS-2; units of bare numbers are 1. The level of a sound is twenty times the
// logarithm of its pressure over 20 µPa, of which UDUNITS has the logarithm only.
constexpr auto units = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"ug/m3", "ug m-3"},
    {"/cm3", "cm-3"},
    {"[ppb]", "1e-9"},
    {"[ppm]", "1e-6"},
    {"Ohm", "ohm"},
    {"Cel", "degree_Celsius"},
    {"%", "percent"},
    {"hPa", "hPa"},
    {"m/s", "m s-1"},
    {"deg", "degree"},
    {"mm", "mm"},
    {"mm/h", "mm h-1"},
    {"lx", "lx"},
    {"W/m2", "W m-2"},
    {"dB[SPL]", "0.05 lg(re 20 uPa)"},
    {"V", "V"},
});

std::string joined_names(std::string_view name, std::initializer_list<std::string_view> endings) {
  std::string names;
  for (const std::string_view ending : endings) {
    if (!names.empty()) names += ' ';
    names.append(name).append(ending);
  }
  return names;
}

std::string title_of(std::string_view name, const QuantityInfo& quantity) {
  return std::string(quantity.title) + (name.ends_with("_corrected") ? ", corrected" : "");
}

NetcdfVariable variable(
    std::string_view name, NetcdfType type, std::vector<std::size_t> dimensions,
    std::initializer_list<std::pair<std::string_view, std::string_view>> texts) {
  NetcdfVariable made{std::string(name), type, std::move(dimensions), {}};
  for (const auto& [key, text] : texts) {
    if (!text.empty()) made.attributes.push_back({std::string(key), std::string(text)});
  }
  return made;
}

NetcdfVariable with_fill(NetcdfVariable made) {
  if (made.type == NetcdfType::byte) {
    made.attributes.push_back({"_FillValue", std::vector<std::int8_t>{no_flag}});
  } else {
    made.attributes.push_back({"_FillValue", std::vector<double>{no_number}});
  }
  return made;
}

double milliseconds_of(UtcTime time) {
  return static_cast<double>(time.time_since_epoch().count());
}

template <class Each>
void append_of_each(std::string& bytes, const std::vector<CfPlace>& places, Each&& each) {
  const std::size_t start = bytes.size();
  for (const CfPlace& place : places) each(place);
  pad_netcdf(bytes, start);
}

}  // namespace

std::string_view udunits_of(const QuantityInfo& quantity) noexcept {
  const auto found = std::ranges::find(units, quantity.ucum,
                                       &std::pair<std::string_view, std::string_view>::first);
  return found == units.end() ? "1" : found->second;
}

NetcdfVariable cf_values(std::string_view name, const QuantityInfo& quantity,
                         std::string_view cell_method,
                         std::initializer_list<std::string_view> ancillary) {
  const std::string method = cell_method.empty() ? "" : "time: " + std::string(cell_method);
  return with_fill(variable(name, NetcdfType::number, {of_records},
                            {{"standard_name", quantity.cf_name},
                             {"long_name", title_of(name, quantity)},
                             {"units", udunits_of(quantity)},
                             {"cell_methods", method},
                             {"coordinates", "time latitude longitude station_name"},
                             {"ancillary_variables", joined_names(name, ancillary)}}));
}

NetcdfVariable cf_flags(std::string_view name, const QuantityInfo& quantity) {
  auto made = with_fill(variable(std::string(name) + "_flag", NetcdfType::byte, {of_records},
                                 {{"standard_name", "quality_flag"},
                                  {"long_name", title_of(name, quantity) + ": flag of QARTOD"},
                                  {"flag_meanings", "pass not_evaluated suspect fail missing"},
                                  {"coordinates", "time latitude longitude station_name"}}));
  made.attributes.push_back({"flag_values", std::vector<std::int8_t>{1, 2, 3, 4, 9}});
  return made;
}

NetcdfVariable cf_counts(std::string_view name, std::string_view title,
                         std::string_view standard_name) {
  return with_fill(variable(name, NetcdfType::number, {of_records},
                            {{"standard_name", standard_name},
                             {"long_name", title},
                             {"units", "1"},
                             {"coordinates", "time latitude longitude station_name"}}));
}

CfTable::CfTable(Shape shape) : shape_(std::move(shape)) {
  for (const CfPlace& place : shape_.places) {
    name_width_ = std::max(name_width_, place.name.size());
    title_width_ = std::max(title_width_, place.title.size());
  }
}

NetcdfFile CfTable::file() const {
  NetcdfFile file;
  const auto count = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
  file.dimensions = {{"obs", 0},
                     {"station", count(std::max<std::size_t>(shape_.places.size(), 1))},
                     {"station_name_length", count(name_width_)},
                     {"station_title_length", count(title_width_)},
                     {"bounds", 2},
                     {"epoch_length", count(epoch_width)}};
  file.attributes = {{"Conventions", "CF-1.8"}, {"featureType", "timeSeries"}};
  file.attributes.insert(file.attributes.end(), shape_.attributes.begin(), shape_.attributes.end());
  const std::string_view level = "height_above_mean_sea_level";
  file.variables = {
      variable("station_name", NetcdfType::text, {of_places, of_names},
               {{"long_name", "stream of the station"}, {"cf_role", "timeseries_id"}}),
      variable("station_title", NetcdfType::text, {of_places, of_titles},
               {{"long_name", "what the station is"}}),
      with_fill(variable("latitude", NetcdfType::number, {of_places},
                         {{"standard_name", "latitude"},
                          {"long_name", "latitude in WGS 84, as far as it is published"},
                          {"units", "degrees_north"}})),
      with_fill(variable("longitude", NetcdfType::number, {of_places},
                         {{"standard_name", "longitude"},
                          {"long_name", "longitude in WGS 84, as far as it is published"},
                          {"units", "degrees_east"}})),
      with_fill(variable("altitude", NetcdfType::number, {of_places},
                         {{"standard_name", level}, {"units", "m"}, {"positive", "up"}})),
      variable("station_index", NetcdfType::integer, {of_records},
               {{"long_name", "which station this observation is of"},
                {"instance_dimension", "station"}}),
      variable("time", NetcdfType::number, {of_records},
               {{"standard_name", "time"},
                {"units", "milliseconds since 1970-01-01 00:00:00"},
                {"calendar", "standard"},
                {"bounds", shape_.has_bounds ? "time_bnds" : ""}})};
  if (shape_.has_bounds) {
    file.variables.push_back(
        variable("time_bnds", NetcdfType::number, {of_records, of_bounds}, {}));
  }
  if (shape_.has_epochs) {
    file.variables.push_back(
        variable("epoch", NetcdfType::text, {of_records, of_epochs},
                 {{"long_name", "epoch in which the record has its number (seq)"}}));
  }
  file.variables.insert(file.variables.end(), shape_.columns.begin(), shape_.columns.end());
  return file;
}

std::string CfTable::head(std::uint32_t rows) const {
  std::string bytes = netcdf_header(file(), rows);
  std::vector<CfPlace> places = shape_.places;
  if (places.empty()) places.emplace_back();  // a dimension of 0 would be the records'
  const auto degrees_or = [&bytes](const std::optional<double>& number) {
    append_netcdf(bytes, number.value_or(no_number));
  };
  append_of_each(bytes, places,
                 [&](const CfPlace& place) { append_netcdf(bytes, place.name, name_width_); });
  append_of_each(bytes, places,
                 [&](const CfPlace& place) { append_netcdf(bytes, place.title, title_width_); });
  append_of_each(bytes, places, [&](const CfPlace& place) {
    degrees_or(place.position ? std::optional(place.position->latitude_deg) : std::nullopt);
  });
  append_of_each(bytes, places, [&](const CfPlace& place) {
    degrees_or(place.position ? std::optional(place.position->longitude_deg) : std::nullopt);
  });
  append_of_each(bytes, places, [&](const CfPlace& place) {
    degrees_or(place.position ? place.position->height_above_sea_m : std::nullopt);
  });
  return bytes;
}

void CfTable::append(std::string& bytes, const Row& row) const {
  append_netcdf(bytes, static_cast<std::int32_t>(row.place));
  append_netcdf(bytes, milliseconds_of(row.time));
  if (shape_.has_bounds) {
    append_netcdf(bytes, milliseconds_of(row.start));
    append_netcdf(bytes, milliseconds_of(row.end));
  }
  if (shape_.has_epochs) append_netcdf(bytes, row.epoch, epoch_width);
  for (std::size_t at = 0; at < shape_.columns.size(); ++at) {
    const std::optional<double>& cell = (*row.cells)[at];
    if (shape_.columns[at].type != NetcdfType::byte) {
      append_netcdf(bytes, cell.value_or(no_number));
      continue;
    }
    const std::size_t start = bytes.size();
    append_netcdf(bytes, cell ? static_cast<std::int8_t>(*cell) : no_flag);
    pad_netcdf(bytes, start);
  }
}

}  // namespace twinsky
