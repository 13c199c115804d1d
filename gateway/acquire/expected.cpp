// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/expected.hpp"

#include "gateway/model/station.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr milliseconds remembered_for = std::chrono::days(7);
constexpr std::string_view none = "-";

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ',';
  list += name;
}

// Takes the next part of `text`, up to `mark`.
std::string_view take_part(std::string_view& text, char mark) {
  const std::string_view part = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

}  // namespace

std::string Expected::text(UtcTime now) const {
  std::string of_columns;
  for (const auto& [quantity, last] : columns) {
    if (now - last < remembered_for) append(of_columns, name_of(quantity));
  }
  std::string of_stations;
  for (const auto& [station, last] : stations) {
    if (now - last < remembered_for) append(of_stations, station);
  }
  if (of_columns.empty()) of_columns = none;
  if (of_stations.empty()) of_stations = none;
  return of_columns + ' ' + of_stations;
}

Expected Expected::of_text(std::string_view text, UtcTime now) {
  Expected expected;
  std::string_view of_columns = take_part(text, ' ');
  while (!of_columns.empty()) {
    const auto quantity = quantity_named(take_part(of_columns, ','));
    if (quantity) expected.columns.emplace(*quantity, now);
  }
  while (!text.empty()) {
    const std::string_view station = take_part(text, ',');
    if (is_id(station)) expected.stations.emplace(station, now);
  }
  return expected;
}

}  // namespace twinsky
