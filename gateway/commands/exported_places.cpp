// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/exported_places.hpp"

#include "drivers/registry.hpp"
#include "gateway/config/config.hpp"

#include <algorithm>
#include <set>

namespace twinsky {
namespace {

constexpr std::string_view own_licence =
    "Own sensors and what is reckoned of them: as their operator says.";

// "ref/hk-epd/mong-kok" -> {"ref", "hk-epd", "mong-kok"}.
std::vector<std::string> parts_of(const std::string& stream) {
  std::vector<std::string> parts(1);
  for (const char sign : stream) {
    if (sign == '/') {
      parts.emplace_back();
    } else {
      parts.back() += sign;
    }
  }
  return parts;
}

void add_sentence(std::string& text, const std::string& sentence) {
  if (sentence.empty()) return;
  if (!text.empty()) text += ' ';
  text += sentence;
}

std::optional<Config> config_of(const StoreChoice& choice) {
  if (!choice.store.empty()) return std::nullopt;
  auto config = load_config(choice.config);
  if (!config) return std::nullopt;
  return std::move(config.value());
}

// A channel is published as <sensor>-<channel>.
const SensorSettings* sensor_of(const Config& config, const std::string& name) {
  for (const SensorSettings& sensor : config.sensors) {
    if (sensor.id == name || name.starts_with(sensor.id + "-")) return &sensor;
  }
  return nullptr;
}

void describe_sensor(const SensorSettings& sensor, CfPlace& place) {
  const DriverInfo* const driver = driver_named(sensor.driver);
  place.title = sensor.driver;
  if (driver != nullptr) place.title += " (" + std::string(driver->summary) + ")";
  if (!sensor.placement.empty()) place.title += ", " + sensor.placement;
  place.position = sensor.published_position;
}

void describe_station(const FeedInfo& info, const std::string& station, CfPlace& place) {
  place.title = std::string(info.publisher);
  const auto feed = info.make(Settings::defaults(info.settings));
  const ReferenceStation* const known = feed->station(station);
  if (known == nullptr) return;
  if (!known->name_en.empty()) place.title = known->name_en + ", " + place.title;
  place.position = known->position;
}

std::string licence_of(const FeedInfo& info) {
  std::string text = std::string(info.name) + ": " + std::string(info.licence);
  if (!info.licence_url.empty()) text += " (" + std::string(info.licence_url) + ")";
  return text + (info.may_be_redistributed ? "." : "; its terms let nobody pass the data on.");
}

}  // namespace

ExportedOrigin origin_of(std::span<const std::string> streams, const StoreChoice& choice) {
  const std::optional<Config> config = config_of(choice);
  ExportedOrigin origin;
  std::set<std::string> feeds;
  bool has_own = false;
  origin.source = "Twinsky " TWINSKY_VERSION;
  for (const std::string& stream : streams) {
    CfPlace place{.name = stream, .title = {}, .position = {}};
    const std::vector<std::string> parts = parts_of(stream);
    const bool is_official = parts.front() == "ref" && parts.size() > 2;
    const FeedInfo* const info = is_official ? feed_named(parts[1]) : nullptr;
    if (info != nullptr) {
      describe_station(*info, parts[2], place);
      if (feeds.insert(parts[1]).second) {
        add_sentence(origin.licence, licence_of(*info));
        add_sentence(origin.attribution, std::string(info->attribution));
      }
    } else {
      has_own = has_own || !is_official;
      const SensorSettings* const sensor =
          config && parts.size() > 1 ? sensor_of(*config, parts[1]) : nullptr;
      if (sensor != nullptr && parts.front() == "sensor") describe_sensor(*sensor, place);
    }
    origin.source += "; " + stream + (place.title.empty() ? "" : ": " + place.title);
    origin.places.push_back(std::move(place));
  }
  if (has_own) add_sentence(origin.licence, std::string(own_licence));
  return origin;
}

}  // namespace twinsky
