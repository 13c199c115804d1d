// SPDX-License-Identifier: Apache-2.0
#include "gateway/setup/neighbourhood.hpp"

#include "gateway/compare/relation.hpp"
#include "gateway/model/datum.hpp"
#include "gateway/model/placement.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr double a_region_m = 50'000;
constexpr std::size_t kept_at_least = 3;

struct NearStation {
  const ReferenceStation* station;
  double distance_m;
};

// The nearest first.
std::vector<NearStation> stations_near(const Feed& feed, const Position& place) {
  std::vector<NearStation> stations;
  for (const ReferenceStation* station : feed.stations()) {
    if (!station->position) continue;
    const double away = distance_m(place, *station->position);
    if (away <= a_region_m) stations.push_back({station, away});
  }
  std::ranges::sort(stations, {}, &NearStation::distance_m);
  return stations;
}

std::string kilometres(double metres) {
  std::string text;
  append_number(text, metres / 1000, 1);
  return text + " km";
}

// What a sensor of the proposal says of the air outdoors.
std::vector<Quantity> outdoor_quantities(const Json& entry) {
  std::vector<Quantity> quantities;
  const DriverInfo* const driver = driver_named(entry.value("driver", ""));
  if (driver == nullptr || air_of(entry.value("placement", "")) != Air::outdoors) return {};
  for (const DriverQuantity& measured : quantities_of(*driver, settings_in(entry, *driver))) {
    const Quantity quantity = published(measured, false);
    if (quantity != Quantity::wind_dir) quantities.push_back(quantity);  // it has no slope
  }
  return quantities;
}

// The nearest that measures it, where it is near enough to say something of it.
const NearStation* reference_for(Quantity quantity, const Json& sensor,
                                 const std::vector<NearStation>& stations) {
  const bool is_roadside = sensor.value("placement", "") == "roadside";
  for (const NearStation& each : stations) {
    const auto& measured = each.station->quantities;
    if (std::ranges::find(measured, quantity) == measured.end()) continue;
    const Siting siting{.distance_m = each.distance_m,
                        .height_difference_m = {},
                        .is_same_kind = is_roadside == (each.station->kind == "roadside")};
    if (relation_of(siting, quantity) != Relation::background) return &each;
  }
  return nullptr;
}

}  // namespace

std::string jurisdiction_at(const Position& place) {
  if (is_in_hong_kong({place.latitude_deg, place.longitude_deg})) return "hk";
  // The municipality, and what of Jiangsu and Zhejiang lies between its corners: there, too, the
  // careful rules are right.
  const bool is_shanghai = place.latitude_deg >= 30.66 && place.latitude_deg <= 31.89 &&
                           place.longitude_deg >= 120.85 && place.longitude_deg <= 122.25;
  return is_shanghai ? "cn-sh" : "other";
}

std::vector<const FeedInfo*> feeds_near(const Position& place) {
  std::vector<const FeedInfo*> feeds;
  for (const FeedInfo* info : feed_registry()) {
    const auto feed = info->make(Settings::defaults(info->settings));
    if (!stations_near(*feed, place).empty()) feeds.push_back(info);
  }
  return feeds;
}

Neighbourhood neighbourhood_of(const Position& place, const ProposedDevices& proposal,
                               const std::set<std::string>& accepted) {
  Neighbourhood found;
  for (const FeedInfo* info : feeds_near(place)) {
    const std::string name(info->name);
    if (!info->terms.empty() && !accepted.contains(name)) continue;
    const auto feed = info->make(Settings::defaults(info->settings));
    const auto stations = stations_near(*feed, place);
    std::vector<const NearStation*> kept;
    for (const NearStation& each : stations) {
      if (kept.size() < kept_at_least) kept.push_back(&each);
    }
    for (const Json& sensor : proposal.sensor_list()) {
      for (const Quantity quantity : outdoor_quantities(sensor)) {
        const NearStation* const reference = reference_for(quantity, sensor, stations);
        if (reference == nullptr) continue;
        if (std::ranges::find(kept, reference) == kept.end()) kept.push_back(reference);
        found.comparisons.push_back(
            {.entry = {{"sensor", sensor.at("id")},
                       {"quantity", name_of(quantity)},
                       {"with", name + "/" + reference->station->id}},
             .about = reference->station->name_en + ", " + kilometres(reference->distance_m)});
      }
    }
    Neighbour entry{.entry = {{"feed", name}, {"stations", Json::array()}},
                    .about = std::string(info->publisher) + ":"};
    for (const NearStation* each : kept) {
      entry.entry["stations"].push_back(each->station->id);
      const std::string& english = each->station->name_en;
      entry.about += (each == kept.front() ? " " : ", ") +
                     (english.empty() ? each->station->id : english) + " " +
                     kilometres(each->distance_m);
    }
    if (!info->terms.empty()) entry.entry["terms_accepted"] = true;
    found.feeds.push_back(std::move(entry));
  }
  return found;
}

}  // namespace twinsky
