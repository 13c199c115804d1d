// SPDX-License-Identifier: Apache-2.0
#include "gateway/service/overview.hpp"

#include "gateway/acquire/poller.hpp"
#include "gateway/compare/relation.hpp"
#include "gateway/indices/band.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// A device that talks by itself may leave out a frame; shorter silences say nothing.
constexpr milliseconds shortest_silence = 5s;
constexpr int periods_until_lost = 3;
constexpr int periods_until_late = 3;

constexpr std::string_view official = "ref/";
constexpr std::string_view indices = "index/";

milliseconds patience_with(milliseconds period) {
  return std::max(periods_until_lost * period, shortest_silence);
}

Overview::Value value_of(const StreamSnapshot& stream, const StreamSnapshot::Value& each,
                         std::string_view channel = {}) {
  const Reading& reading = each.latest.reading;
  const auto column = std::ranges::find(stream.columns, reading.quantity, &Column::quantity);
  const bool is_known = column != stream.columns.end();
  return {.quantity = reading.quantity,
          .channel = std::string(channel),
          .value = reading.value,
          .decimals = decimals_of(
              is_known ? *column : Column{reading.quantity, info_of(reading.quantity).decimals}),
          .flag = reading.flag,
          .fault = reading.fault,
          .reason = std::string(reading.reason),
          .text = reading.text,
          .time = each.latest.time};
}

bool is_all_warming_up(const std::vector<Overview::Value>& values) {
  return !values.empty() && std::ranges::all_of(values, [](const Overview::Value& each) {
    return !each.value && each.fault == Fault::warming_up;
  });
}

Overview::SensorState state_of(const Overview::Sensor& sensor, const StreamSnapshot& stream) {
  using enum Overview::SensorState;
  if (!stream.state.empty() && stream.state != name_of(SensorState::online)) return lost;
  if (stream.silence == name_of(Fault::warming_up)) return warming_up;
  if (!sensor.age) return none_yet;
  if (*sensor.age > patience_with(sensor.period)) return lost;
  return is_all_warming_up(sensor.values) ? warming_up : fresh;
}

Overview::SinkState state_of(const SinkStatus& sink, const SinkSettings& settings) {
  using enum Overview::SinkState;
  if (settings.allow.empty()) return closed;
  if (sink.connected) return connected;
  if (sink.is_denied) return refused;
  return sink.state.empty() ? connecting : pausing;
}

Overview::FeedState state_of(const FeedCounters& feed, const FeedInfo& info, UtcTime now) {
  using enum Overview::FeedState;
  if (feed.state.empty() || feed.state == "waiting") return none_yet;
  if (feed.state == name_of(FeedFault::stale)) return late;
  if (feed.state != "fresh" && feed.state != "crowded") return failing;
  const bool is_late = feed.newest && now - *feed.newest > periods_until_late * info.cadence;
  return is_late ? late : good;
}

double rounded(double metres, PositionRule rule) {
  const double made = published_distance(metres, rule);
  return made == 0 ? 0 : made;  // never "-0"
}

// Where a place lies as seen from ours, on the plane that touches the earth there.
void locate(Overview::Station& station, const Position& own, const Position& there,
            PositionRule rule) {
  constexpr double earth_radius_m = 6'371'008.8;
  constexpr double radians = std::numbers::pi / 180;
  const double north = (there.latitude_deg - own.latitude_deg) * radians * earth_radius_m;
  const double east = (there.longitude_deg - own.longitude_deg) * radians * earth_radius_m *
                      std::cos(own.latitude_deg * radians);
  station.distance_m = rounded(distance_m(own, there), rule);
  station.east_m = rounded(east, rule);
  station.north_m = rounded(north, rule);
}

// Of the members of an index's record: `"primary":["pm2_5"]`.
std::string main_pollutants(const std::string& members) {
  if (members.empty()) return {};
  const Json record = Json::parse_or_null("{" + members + "}");
  const Json* const primary = record.find("primary");
  std::string text;
  if (primary == nullptr || !primary->is_array()) return text;
  for (const Json& each : *primary) {
    if (each.is_string()) text.append(text.empty() ? "" : " ").append(each.get<std::string>());
  }
  return text;
}

void set_band(Overview::Index& index, std::string_view family) {
  if (!index.value) return;
  const IndexBand band = band_of(family, *index.value);
  index.band = band.code;
  index.colour = band.colour;
}

// ---- as JSON ------------------------------------------------------------------------------------

std::string_view name_of(Overview::Trouble::Severity severity) {
  return severity == Overview::Trouble::Severity::error ? "error" : "warning";
}
std::string_view name_of(Overview::SensorState state) {
  constexpr std::string_view names[] = {"fresh", "lost", "warming_up", "none_yet"};
  return names[static_cast<std::size_t>(state)];
}
std::string_view name_of(Overview::SinkState state) {
  constexpr std::string_view names[] = {"connected", "connecting", "refused", "closed", "pausing"};
  return names[static_cast<std::size_t>(state)];
}
std::string_view name_of(Overview::FeedState state) {
  constexpr std::string_view names[] = {"good", "late", "failing", "none_yet"};
  return names[static_cast<std::size_t>(state)];
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}
Json time_or_null(const std::optional<UtcTime>& time) {
  return time ? Json(iso8601(*time)) : Json();
}
Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json json_of(const Position& position) {
  Json json = {{"datum", "wgs84"},
               {"latitude", position.latitude_deg},
               {"longitude", position.longitude_deg}};
  if (position.height_above_sea_m) json["height_above_sea_m"] = *position.height_above_sea_m;
  if (position.height_above_ground_m) {
    json["height_above_ground_m"] = *position.height_above_ground_m;
  }
  return json;
}

Json json_of(const Overview::Trouble& trouble) {
  return {{"code", trouble.code},
          {"about", trouble.about},
          {"severity", name_of(trouble.severity)},
          {"text", trouble.text},
          {"remedy", text_or_null(trouble.remedy)},
          {"since", time_or_null(trouble.since)},
          {"arguments", trouble.arguments}};
}

// What a sensor or an agency says, as the number that is printed and no longer one.
Json json_of(const Overview::Value& value) {
  const double steps = std::pow(10.0, value.decimals);
  Json json = {{"quantity", twinsky::name_of(value.quantity)}, {"channel", value.channel}};
  json["value"] = value.value ? Json(std::round(*value.value * steps) / steps + 0.0) : Json();
  json["unit"] = info_of(value.quantity).display_unit;
  json["decimals"] = value.decimals;
  json["flag"] = static_cast<int>(value.flag);
  json["flag_word"] = word_of(value.flag);
  json["fault"] = value.fault ? Json(twinsky::name_of(*value.fault)) : Json();
  json["reason"] = text_or_null(value.reason);
  json["text"] = text_or_null(value.text);
  json["time"] = iso8601(value.time);
  return json;
}

Json json_of(const std::vector<Overview::Value>& values) {
  Json json = Json::array();
  for (const Overview::Value& each : values) json.push_back(json_of(each));
  return json;
}

Json json_of(const Overview::Sensor& sensor) {
  return {{"id", sensor.id},
          {"driver", sensor.driver},
          {"bus", sensor.bus},
          {"placement", text_or_null(sensor.placement)},
          {"state", name_of(sensor.state)},
          {"cause", text_or_null(sensor.cause)},
          {"detail", text_or_null(sensor.detail)},
          {"age_ms", sensor.age ? Json(sensor.age->count()) : Json()},
          {"period_ms", sensor.period.count()},
          {"readings", json_of(sensor.values)}};
}

Json json_of(const Overview::Sink& sink) {
  return {{"id", sink.id},
          {"state", name_of(sink.state)},
          {"detail", text_or_null(sink.detail)},
          {"waiting", sink.waiting},
          {"oldest", time_or_null(sink.oldest)}};
}

Json json_of(const Overview::Feed& feed) {
  return {{"feed", feed.feed},
          {"state", name_of(feed.state)},
          {"detail", text_or_null(feed.detail)},
          {"newest", time_or_null(feed.newest)},
          {"stations", feed.stations},
          {"licence", feed.licence},
          {"attribution", feed.attribution}};
}

Json json_of(const Overview::Station& station) {
  return {{"feed", station.feed},
          {"station", station.station},
          {"name_en", text_or_null(station.name_en)},
          {"name_tc", text_or_null(station.name_tc)},
          {"name_sc", text_or_null(station.name_sc)},
          {"distance_m", number_or_null(station.distance_m)},
          {"east_m", number_or_null(station.east_m)},
          {"north_m", number_or_null(station.north_m)},
          {"kind", text_or_null(station.kind)},
          {"start", time_or_null(station.start)},
          {"end", time_or_null(station.end)},
          {"readings", json_of(station.values)}};
}

Json json_of(const Overview::Index& index) {
  return {{"edition", text_or_null(index.edition)},
          {"subject", index.subject},
          {"official", index.is_official},
          {"name", twinsky::name_of(index.quantity)},
          {"value", number_or_null(index.value)},
          {"text", text_or_null(index.text)},
          {"band", text_or_null(index.band)},
          {"colour", text_or_null(index.colour)},
          {"time", iso8601(index.time)},
          {"main", text_or_null(index.main)}};
}

Json json_of(const Overview::Comparison& comparison) {
  return {{"topic", comparison.topic},
          {"sensor", comparison.sensor},
          {"quantity", comparison.quantity},
          {"feed", comparison.feed},
          {"station", comparison.station},
          {"verdict", text_or_null(comparison.verdict)},
          {"summary", text_or_null(comparison.summary)}};
}

Json json_of(const WarningModeSnapshot& mode) {
  return {{"id", mode.id},
          {"feed", text_or_null(mode.feed)},
          {"code", text_or_null(mode.code)},
          {"name", text_or_null(mode.name)},
          {"since", iso8601(mode.since)}};
}

template <class Things>
Json list_of(const Things& things) {
  Json json = Json::array();
  for (const auto& each : things) json.push_back(json_of(each));
  return json;
}

Json store_of(const Overview& overview) {
  const StoreStatus& store = overview.store;
  return {{"path", overview.store_path},
          {"rows", store.rows},
          {"size_bytes", store.size_bytes},
          {"epoch", store.epoch},
          {"disk_fault", text_or_null(store.disk_fault)},
          {"offline_days", number_or_null(store.offline_days)},
          {"commit_age_ms", overview.commit_age ? Json(overview.commit_age->count()) : Json()},
          {"queued", store.queued}};
}

}  // namespace

bool is_all_well(const Overview& overview) {
  const auto is_there = [](const Overview::Sink& sink) {
    return sink.state == Overview::SinkState::connected ||
           sink.state == Overview::SinkState::closed;
  };
  const auto is_fresh = [](const Overview::Sensor& sensor) {
    return sensor.state == Overview::SensorState::fresh;
  };
  const auto is_good = [](const Overview::Feed& feed) {
    return feed.state == Overview::FeedState::good;
  };
  return overview.problems.empty() && std::ranges::all_of(overview.sensors, is_fresh) &&
         std::ranges::all_of(overview.sinks, is_there) &&
         std::ranges::all_of(overview.feeds, is_good);
}

std::string_view word_of(Flag flag) noexcept {
  switch (flag) {
    case Flag::pass:
      return "pass";
    case Flag::not_evaluated:
      return "not evaluated";
    case Flag::suspect:
      return "suspect";
    case Flag::fail:
      return "fail";
    case Flag::missing:
      break;
  }
  return "missing";
}

std::string overview_json(const Overview& overview) {
  Json json = {{"version", 1}, {"program", TWINSKY_VERSION}};
  json["gateway"] = {{"id", overview.gateway},
                     {"name", overview.name},
                     {"jurisdiction", overview.jurisdiction},
                     {"zone", overview.zone},
                     {"utc_offset_s", overview.utc_offset_s},
                     {"position", overview.position ? json_of(*overview.position) : Json()}};
  json["time"] = iso8601(overview.time);
  json["started"] = iso8601(overview.started);
  json["clock_set"] = overview.is_clock_set;
  json["problems"] = list_of(overview.problems);
  json["modes"] = list_of(overview.modes);
  json["sensors"] = list_of(overview.sensors);
  json["sinks"] = list_of(overview.sinks);
  json["feeds"] = list_of(overview.feeds);
  json["stations"] = list_of(overview.stations);
  json["indices"] = list_of(overview.indices);
  json["comparisons"] = list_of(overview.comparisons);
  json["store"] = store_of(overview);
  json["ledger"] =
      overview.store.ledger_sums.empty() ? Json::object() : Json(overview.store.ledger_sums);
  return json.dump();
}

OverviewMaker::OverviewMaker(const Config& config, const IndexCatalogue& catalogue)
    : config_(config),
      catalogue_(catalogue),
      position_(published_position(config.gateway.position, config.gateway.position_rule)) {
  for (const FeedSettings& feed : config.feeds) {
    const FeedInfo* const info = feed_named(feed.feed);
    if (info != nullptr) feeds_[feed.feed] = info->make(feed.settings);
  }
}

Overview OverviewMaker::make(const Snapshot& snapshot) const {
  const GatewaySettings& gateway = config_.gateway;
  Overview overview{.time = snapshot.time,
                    .started = snapshot.started,
                    .is_clock_set = snapshot.is_clock_set,
                    .gateway = gateway.id,
                    .name = gateway.name,
                    .jurisdiction = gateway.jurisdiction,
                    .zone = gateway.zone.name(),
                    .utc_offset_s = gateway.zone.offset_at(snapshot.time).count(),
                    .position = position_,
                    .modes = snapshot.modes,
                    .store_path = config_.store.path,
                    .store = snapshot.store,
                    .commit_age = snapshot.commit_age};
  add_sensors(overview, snapshot);
  add_sinks(overview, snapshot);
  add_feeds(overview, snapshot);
  for (const auto& [name, stream] : snapshot.streams) {
    if (name.starts_with(official)) add_station(overview, name, stream);
    if (name.starts_with(indices)) add_index(overview, name, stream);
  }
  add_comparisons(overview, snapshot);
  overview.problems = troubles_of(overview, snapshot, config_);
  return overview;
}

void OverviewMaker::add_sensors(Overview& overview, const Snapshot& snapshot) const {
  for (const SensorSettings& settings : config_.sensors) {
    const DriverInfo& info = *driver_named(settings.driver);
    Overview::Sensor& sensor = overview.sensors.emplace_back();
    sensor = {.id = settings.id,
              .driver = settings.driver,
              .bus = settings.bus,
              .placement = settings.placement,
              .period = settings.every.value_or(info.shortest_period)};
    const std::string name = "sensor/" + settings.id;
    const auto main = snapshot.streams.find(name);
    if (main == snapshot.streams.end()) continue;  // its bus has not begun
    sensor.period = main->second.period;
    sensor.age = main->second.age;
    for (const auto& each : main->second.values) {
      sensor.values.push_back(value_of(main->second, each));
    }
    for (const std::string_view channel : info.channels) {
      const auto stream = snapshot.streams.find(name + "-" + std::string(channel));
      if (stream == snapshot.streams.end()) continue;
      for (const auto& each : stream->second.values) {
        sensor.values.push_back(value_of(stream->second, each, channel));
      }
    }
    sensor.state = state_of(sensor, main->second);
    if (sensor.state == Overview::SensorState::fresh) continue;
    sensor.cause = main->second.silence;
    sensor.detail = main->second.trouble;
  }
}

void OverviewMaker::add_sinks(Overview& overview, const Snapshot& snapshot) const {
  for (const SinkSettings& settings : config_.sinks) {
    const auto found = snapshot.sinks.find(settings.id);
    const SinkStatus status = found == snapshot.sinks.end() ? SinkStatus() : found->second;
    Overview::Sink& sink = overview.sinks.emplace_back();
    sink = {.id = settings.id, .state = state_of(status, settings), .detail = status.state};
    const auto backlog = snapshot.store.sinks.find(settings.id);
    if (backlog == snapshot.store.sinks.end()) continue;
    sink.waiting = backlog->second.rows;
    sink.oldest = backlog->second.oldest;
  }
}

void OverviewMaker::add_feeds(Overview& overview, const Snapshot& snapshot) const {
  for (const FeedSettings& settings : config_.feeds) {
    const FeedInfo* const info = feed_named(settings.feed);
    if (info == nullptr) continue;
    Overview::Feed& feed = overview.feeds.emplace_back();
    feed = {.feed = settings.feed,
            .licence = std::string(info->licence),
            .attribution = std::string(info->attribution)};
    const auto counters = snapshot.feeds.find(settings.feed);
    if (counters == snapshot.feeds.end()) continue;
    feed.state = state_of(counters->second, *info, snapshot.time);
    feed.detail = counters->second.detail;
    feed.newest = counters->second.newest;
    feed.stations = counters->second.stations;
  }
}

void OverviewMaker::add_station(Overview& overview, std::string_view name,
                                const StreamSnapshot& stream) const {
  const std::string_view path = name.substr(official.size());
  const auto slash = path.find('/');
  const std::string feed(path.substr(0, slash));
  const auto source = feeds_.find(feed);
  if (slash == path.npos || source == feeds_.end()) return;
  Overview::Station station{.feed = feed, .station = std::string(path.substr(slash + 1))};
  if (const ReferenceStation* const known = source->second->station(station.station)) {
    station.name_en = known->name_en;
    station.name_tc = known->name_tc;
    station.name_sc = known->name_sc;
    station.kind = known->kind;
    if (position_ && known->position) {
      locate(station, *position_, *known->position, config_.gateway.position_rule);
    }
  }
  for (const StreamSnapshot::Value& each : stream.values) {
    station.values.push_back(value_of(stream, each));
    if (station.end.value_or(UtcTime{}) < each.latest.time) {
      station.end = each.latest.time;
      station.start = each.start;
    }
    const Quantity quantity = each.latest.reading.quantity;
    if (quantity != Quantity::aqhi && quantity != Quantity::aqi) continue;
    const std::string_view family = feed_named(feed)->index_family;
    const IndexEdition* const edition =
        family.empty() ? nullptr : catalogue_.in_force(family, each.latest.time);
    Overview::Index index{.edition = edition == nullptr ? std::string() : edition->id(),
                          .subject = feed + "--" + station.station,
                          .is_official = true,
                          .quantity = quantity,
                          .value = each.latest.reading.value,
                          .text = each.latest.reading.text,
                          .time = each.latest.time};
    set_band(index, quantity == Quantity::aqhi ? "hk-aqhi" : "cn-aqi");
    overview.indices.push_back(std::move(index));
  }
  overview.stations.push_back(std::move(station));
}

void OverviewMaker::add_index(Overview& overview, std::string_view name,
                              const StreamSnapshot& stream) const {
  const std::string_view path = name.substr(indices.size());
  const auto slash = path.find('/');
  const IndexEdition* const edition = catalogue_.named(path.substr(0, slash));
  if (edition == nullptr || slash == path.npos) return;
  for (const StreamSnapshot::Value& each : stream.values) {
    const Reading& reading = each.latest.reading;
    Overview::Index index{.edition = edition->id(),
                          .subject = std::string(path.substr(slash + 1)),
                          .is_official = false,
                          .quantity = reading.quantity,
                          .value = reading.value,
                          .text = reading.text,
                          .time = each.latest.time,
                          .main = main_pollutants(stream.members)};
    set_band(index, edition->family());
    overview.indices.push_back(std::move(index));
  }
}

void OverviewMaker::add_comparisons(Overview& overview, const Snapshot& snapshot) const {
  for (const CompareSettings& pair : config_.compare) {
    Overview::Comparison& comparison = overview.comparisons.emplace_back();
    comparison = {.topic = "compare/" + pair.sensor + "/" + pair.quantity + "/" + pair.feed + "/" +
                           pair.station,
                  .sensor = pair.sensor,
                  .quantity = pair.quantity,
                  .feed = pair.feed,
                  .station = pair.station};
    const auto made = snapshot.comparisons.find(comparison.topic);
    if (made == snapshot.comparisons.end()) continue;
    comparison.verdict = made->second.verdict;
    comparison.summary = made->second.summary;
  }
}

void PublishedOverview::publish(Overview overview) {
  auto next = std::make_shared<const Overview>(std::move(overview));
  const std::lock_guard lock(mutex_);
  newest_.swap(next);
}

std::shared_ptr<const Overview> PublishedOverview::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::shared_ptr<const std::string> PublishedOverview::newest_json() const {
  const std::lock_guard lock(json_mutex_);
  const auto overview = newest();
  if (overview != made_of_) {
    json_ = std::make_shared<const std::string>(overview_json(*overview));
    made_of_ = overview;
  }
  return json_;
}

}  // namespace twinsky
