// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/neighbours.hpp"

#include "gateway/checks/check_neighbours.hpp"
#include "gateway/compare/reference_hours.hpp"
#include "gateway/store/official.hpp"

#include <algorithm>
#include <map>

namespace twinsky {
namespace {

using std::chrono::hours;

// A city with its islands and new towns; the next one has weather of its own.
constexpr double farthest_m = 30'000;
constexpr hours looked_at{3};

struct StationOfFeed {
  std::string feed;
  std::string station;
};
std::optional<StationOfFeed> station_in(const std::string& stream) {
  constexpr std::string_view prefix = "ref/";
  const std::size_t slash = stream.find('/', prefix.size());
  if (!stream.starts_with(prefix) || slash == std::string::npos) return std::nullopt;
  return StationOfFeed{stream.substr(prefix.size(), slash - prefix.size()),
                       stream.substr(slash + 1)};
}

std::optional<double> own_value(std::span<const PairRow> rows, HourStart hour) {
  const auto row = std::ranges::find(rows, hour, &PairRow::hour);
  const bool is_usable = row != rows.end() && is_sensor_valid(*row) && !row->is_maintenance;
  return is_usable ? row->sensor : std::nullopt;
}

}  // namespace

std::vector<std::string> neighbours_of(const Comparison& comparison,
                                       std::span<const std::string> streams) {
  std::vector<std::string> neighbours;
  if (!comparison.sensor_position) return neighbours;
  for (const std::string& stream : streams) {
    const auto named = station_in(stream);
    if (!named) continue;
    const auto feed = comparison.feeds.find(named->feed);
    if (feed == comparison.feeds.end()) continue;
    const ReferenceStation* const known = feed->second->station(named->station);
    if (known == nullptr || !known->position) continue;
    if (distance_m(*comparison.sensor_position, *known->position) > farthest_m) continue;
    neighbours.push_back(stream);
  }
  return neighbours;
}

std::optional<NeighbourCheck> read_neighbours(StoreReader& store, const Comparison& comparison,
                                              const StoredPairs& pairs,
                                              std::span<const std::string> neighbours,
                                              HourStart end) {
  const auto spread = regional_spread(pairs.quantity);
  if (!spread || comparison.is_indoor) return std::nullopt;
  std::map<HourStart, std::vector<double>> stations;
  for (const std::string& stream : neighbours) {
    const auto rows = store.official(stream, pairs.quantity, end - looked_at, end);
    for (const ReferenceHour& hour : reference_hours(rows)) {
      if (hour.counts()) stations[hour.hour].push_back(*hour.value);
    }
  }
  std::vector<std::optional<double>> distances;
  for (HourStart hour = end - looked_at; hour < end; hour += hours(1)) {
    const auto own = own_value(pairs.rows, hour);
    distances.push_back(own ? distance_from_neighbours(*own, stations[hour], *spread)
                            : std::nullopt);
  }
  const Flag flag = check_neighbours(distances);
  if (flag == Flag::not_evaluated) return std::nullopt;
  return NeighbourCheck{.flag = flag,
                        .stations = static_cast<int>(stations[end - hours(1)].size()),
                        .deviation = *distances.back()};
}

}  // namespace twinsky
