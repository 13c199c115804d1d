// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/comparison.hpp"

#include "gateway/acquire/poller.hpp"
#include "gateway/compare/reference_hours.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/placement.hpp"
#include "gateway/store/hours.hpp"

#include <algorithm>
#include <map>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr hours first_week{168};
constexpr double hong_kong_reference_k = 293.15;
constexpr double mainland_reference_k = 298.15;

// ---- what the configuration says -------------------------------------------------------------

// A sensor or channel with the stream that carries it.
struct Carrier {
  const SensorSettings* sensor = nullptr;
  StreamDescription stream;
  [[nodiscard]] bool has(Quantity quantity) const {
    return std::ranges::find(stream.columns, quantity, &Column::quantity) != stream.columns.end();
  }
};

std::vector<Carrier> carriers_of(const Config& config) {
  std::vector<Carrier> carriers;
  for (const SensorSettings& sensor : config.sensors) {
    for (StreamDescription& stream : streams_of(sensor)) {
      carriers.push_back({&sensor, std::move(stream)});
    }
  }
  return carriers;
}

// The sensor's own, else that of the first neighbour in the same kind of place.
std::string stream_with(const std::vector<Carrier>& carriers, const Carrier& own,
                        Quantity quantity) {
  if (own.has(quantity)) return own.stream.name;
  for (const Carrier& other : carriers) {
    if (other.has(quantity) && other.sensor->placement == own.sensor->placement) {
      return other.stream.name;
    }
  }
  return {};
}

std::string_view label_of(const FeedInfo* info) {
  if (info == nullptr) return "stated";
  switch (info->label) {
    case Label::ending:
      return "hour_ending";
    case Label::beginning:
      return "hour_beginning";
    case Label::stated:
      break;
  }
  return "stated";
}

std::optional<double> difference(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return std::nullopt;
  return *a - *b;
}

Siting siting_of(const std::optional<Position>& sensor, const std::optional<Position>& station,
                 PositionRule rule, std::string_view placement, std::string_view kind) {
  Siting siting;
  constexpr std::string_view roadside = "roadside";
  siting.is_same_kind = (placement == roadside) == (kind == roadside);
  if (!sensor || !station) return siting;
  siting.distance_m = distance_m(*sensor, *station);
  if (const auto published = published_position(sensor, rule)) {
    siting.published_distance_m = published_distance(distance_m(*published, *station), rule);
  }
  siting.height_difference_m = difference(sensor->height_above_sea_m, station->height_above_sea_m);
  return siting;
}

using Feeds = std::map<std::string, std::shared_ptr<const Feed>>;

Feeds feeds_of(const Config& config) {
  Feeds feeds;
  for (const FeedSettings& each : config.feeds) {
    if (const FeedInfo* const info = feed_named(each.feed)) {
      feeds.emplace(each.feed, info->make(each.settings));
    }
  }
  return feeds;
}

Comparison comparison_of(const Config& config, const std::vector<Carrier>& carriers,
                         const Feeds& feeds, const CompareSettings& wanted) {
  Comparison made;
  made.zone = config.gateway.zone;
  made.sensor = wanted.sensor;
  made.quantity = *quantity_named(wanted.quantity);
  made.reference.feed = wanted.feed;
  made.reference.station = wanted.station;
  const FeedInfo* const info = feed_named(wanted.feed);
  made.reference.label = label_of(info);
  made.feeds = feeds;
  if (const auto feed = feeds.find(wanted.feed); feed != feeds.end()) made.feed = feed->second;
  if (made.feed) {
    if (const ReferenceStation* const known = made.feed->station(wanted.station)) {
      made.reference.kind = known->kind;
      made.position = known->position;
    }
  }
  made.usual_gas_reference_k =
      config.gateway.jurisdiction == "hk" ? hong_kong_reference_k : mainland_reference_k;
  if (info != nullptr && info->gas_reference_k) made.usual_gas_reference_k = *info->gas_reference_k;

  const auto is_own = [&](const Carrier& each) { return each.stream.name == made.sensor_stream(); };
  const auto own = std::ranges::find_if(carriers, is_own);
  std::optional<Position> position = config.gateway.position;
  std::string placement;
  if (own != carriers.end()) {
    const SensorSettings& sensor = *own->sensor;
    if (sensor.position) position = sensor.position;
    placement = sensor.placement;
    made.serial_number = sensor.serial_number;
    made.since = parse_local_time(sensor.since, made.zone);
    made.humidity_stream = stream_with(carriers, *own, Quantity::humidity);
    made.temperature_stream = stream_with(carriers, *own, Quantity::temperature);
  }
  made.sensor_position = position;
  made.is_indoor = air_of(placement) == Air::indoors;
  made.reference.siting = siting_of(position, made.position, config.gateway.position_rule,
                                    placement, made.reference.kind);
  for (const CorrectionSettings& each : config.corrections) {
    if (each.sensor == made.sensor && each.correction.quantity == made.quantity) {
      made.correction = each.correction;
    }
  }
  return made;
}

// ---- what the store says ---------------------------------------------------------------------

std::map<HourStart, Hour> local_hours(StoreReader& store, const std::string& stream,
                                      Quantity quantity, Window window) {
  std::map<HourStart, Hour> found;
  if (stream.empty()) return found;
  for (const HourRow& row : store.hours(stream, quantity, window.begin, window.end)) {
    found.emplace(std::chrono::floor<hours>(row.start), row.hour);
  }
  return found;
}

std::vector<ReferenceHour> station_hours(StoreReader& store, const std::string& stream,
                                         Quantity quantity, Window window) {
  return reference_hours(store.official(stream, quantity, window.begin, window.end));
}

// The reference's stream, and before it those under which its past stands.
std::vector<std::string> reference_streams(const Comparison& comparison) {
  const std::string& id = comparison.reference.station;
  const ReferenceStation* const known = comparison.feed ? comparison.feed->station(id) : nullptr;
  std::vector<std::string> streams;
  if (known != nullptr) {
    for (const std::string& former : known->formerly) {
      streams.push_back("ref/" + comparison.reference.feed + "/" + former);
    }
  }
  streams.push_back(comparison.reference_stream());
  return streams;
}

// An hour that stands under several names is that of the present one.
std::vector<ReferenceHour> reference_hours_of(StoreReader& store, const Comparison& comparison,
                                              Quantity form, Window window) {
  const std::vector<std::string> streams = reference_streams(comparison);
  if (streams.size() == 1) return station_hours(store, streams.front(), form, window);
  std::map<HourStart, ReferenceHour> merged;
  for (const std::string& stream : streams) {
    for (const ReferenceHour& hour : station_hours(store, stream, form, window)) {
      merged.insert_or_assign(hour.hour, hour);
    }
  }
  std::vector<ReferenceHour> sorted;
  sorted.reserve(merged.size());
  for (const auto& [start, hour] : merged) sorted.push_back(hour);
  return sorted;
}

// What the reference may call the quantity: gases come as mass, or as share.
std::vector<Quantity> forms_of(Quantity quantity) {
  const GasForms* const gas = gas_forms(quantity);
  if (gas == nullptr) return {quantity};
  return {gas->mass, gas->share};
}

std::optional<double> valid_value(const std::map<HourStart, Hour>& hours_of, HourStart hour) {
  const auto found = hours_of.find(hour);
  if (found == hours_of.end() || !found->second.is_valid()) return std::nullopt;
  return found->second.value;
}

// The corrected hour is the correction of the hour's means: so a correction that is accepted today
// shows at once what it would have done, and the hours stay what was measured.
class CorrectedHours {
 public:
  CorrectedHours(StoreReader& store, const Comparison& comparison, Window window)
      : correction_(comparison.correction) {
    if (!correction_) return;
    raw_ = local_hours(store, comparison.sensor_stream(), correction_->raw_quantity, window);
    temperature_ = local_hours(store, comparison.temperature_stream, Quantity::temperature, window);
    humidity_ = local_hours(store, comparison.humidity_stream, Quantity::humidity, window);
  }
  [[nodiscard]] std::optional<double> at(HourStart hour) const {
    if (!correction_) return std::nullopt;
    CorrectionValues values;
    const auto put = [&](CorrectionInput input, const std::map<HourStart, Hour>& from) {
      values[static_cast<std::size_t>(input)] = valid_value(from, hour);
    };
    put(CorrectionInput::raw, raw_);
    put(CorrectionInput::temperature, temperature_);
    put(CorrectionInput::humidity, humidity_);
    return apply(*correction_, values, hour).value;
  }

 private:
  const std::optional<Correction>& correction_;
  std::map<HourStart, Hour> raw_;
  std::map<HourStart, Hour> temperature_;
  std::map<HourStart, Hour> humidity_;
};

// Where nothing is kept of a side, all hours are before it.
Beginnings beginnings_of(StoreReader& store, const Comparison& comparison,
                         std::span<const Note> notes) {
  const UtcTime from = placed_since(comparison, notes).value_or(HourStart{});
  Beginnings beginnings{.sensor = HourStart::max(), .reference = HourStart::max()};
  if (const auto local = store.first_hour(comparison.sensor_stream(), comparison.quantity, from)) {
    beginnings.sensor = std::chrono::floor<hours>(*local);
  }
  for (const Quantity form : forms_of(comparison.quantity)) {
    for (const std::string& stream : reference_streams(comparison)) {
      const auto first = store.first_official(stream, form, from);
      if (!first) continue;
      beginnings.reference = std::min(beginnings.reference, std::chrono::ceil<hours>(*first));
    }
    if (beginnings.reference != HourStart::max()) break;
  }
  return beginnings;
}

}  // namespace

std::string Comparison::subject() const {
  return sensor + "/" + std::string(name_of(quantity)) + "/" + reference.feed + "/" +
         reference.station;
}

std::vector<Comparison> comparisons_of(const Config& config) {
  const std::vector<Carrier> carriers = carriers_of(config);
  const Feeds feeds = feeds_of(config);
  std::vector<Comparison> comparisons;
  for (const CompareSettings& wanted : config.compare) {
    comparisons.push_back(comparison_of(config, carriers, feeds, wanted));
  }
  return comparisons;
}

StoredPairs read_pairs(StoreReader& store, const Comparison& comparison,
                       std::span<const Note> notes, Window window) {
  StoredPairs pairs{.quantity = forms_of(comparison.quantity).front(),
                    .beginnings = beginnings_of(store, comparison, notes)};
  std::vector<ReferenceHour> reference;
  for (const Quantity form : forms_of(comparison.quantity)) {
    reference = reference_hours_of(store, comparison, form, window);
    if (reference.empty()) continue;
    pairs.quantity = form;
    break;
  }
  if (gas_forms(comparison.quantity) != nullptr) {
    pairs.gas_reference_k = comparison.usual_gas_reference_k;
    for (const ReferenceHour& hour : reference) {
      if (hour.gas_reference_k) pairs.gas_reference_k = hour.gas_reference_k;
    }
  }
  const auto in_form = [&](double value) {
    return in_form_of(pairs.quantity, pairs.gas_reference_k, comparison.quantity, value);
  };
  const auto sensor = local_hours(store, comparison.sensor_stream(), comparison.quantity, window);
  const auto humidity = local_hours(store, comparison.humidity_stream, Quantity::humidity, window);
  const CorrectedHours corrected(store, comparison, window);

  std::map<HourStart, PairRow> rows;
  for (const auto& [hour, local] : sensor) {
    PairRow& row = rows[hour];
    const auto taken =
        local.counts.pass + local.counts.not_evaluated + local.counts.suspect + local.counts.fail;
    if (local.value) row.sensor = in_form(*local.value);
    if (const auto value = corrected.at(hour)) row.corrected = in_form(*value);
    row.usable = static_cast<int>(local.used);
    row.failed = static_cast<int>(taken - local.used);
    row.expected = static_cast<int>(local.expected);
  }
  for (const ReferenceHour& hour : reference) {
    PairRow& row = rows[hour.hour];
    row.reference = hour.value;
    row.reference_flag = hour.flag;
    row.is_provisional = hour.value.has_value();  // as everything that comes in real time
  }
  for (auto& [hour, row] : rows) {
    row.hour = hour;
    row.is_maintenance = is_maintained(notes, comparison.sensor, hour);
    row.humidity = valid_value(humidity, hour);
    pairs.rows.push_back(row);
  }
  return pairs;
}

std::optional<HourStart> placed_since(const Comparison& comparison, std::span<const Note> notes) {
  std::optional<HourStart> since;
  if (comparison.since) since = std::chrono::ceil<hours>(*comparison.since);
  const auto moved = moved_of(notes, comparison.sensor);
  if (moved && (!since || *moved > *since)) since = moved;
  return since;
}

std::optional<Window> noted_collocation(const Comparison& comparison, std::span<const Note> notes) {
  const auto noted = collocation_of(notes, comparison.sensor);
  const bool is_of_another = noted && comparison.replaced && noted->begin < *comparison.replaced;
  return is_of_another ? std::nullopt : noted;
}

std::optional<Window> commissioning_window(StoreReader& store, const Comparison& comparison,
                                           std::span<const Note> notes) {
  if (const auto noted = noted_collocation(comparison, notes)) return noted;
  const Beginnings beginnings = beginnings_of(store, comparison, notes);
  const HourStart first = std::max(beginnings.sensor, beginnings.reference);
  if (first == HourStart::max()) return std::nullopt;
  return Window{first, first + first_week};
}

std::optional<Floor> read_floor(StoreReader& store, const Comparison& comparison, Quantity quantity,
                                Window window) {
  if (!comparison.feed || !comparison.position) return std::nullopt;
  const std::string prefix = "ref/" + comparison.reference.feed + "/";
  const auto hours_of = [&](const std::string& station, const ReferenceStation& known) {
    StationHours made{.station = station, .kind = known.kind, .position = *known.position};
    for (const ReferenceHour& hour : station_hours(store, prefix + station, quantity, window)) {
      if (hour.counts()) made.hours.push_back({hour.hour, *hour.value});
    }
    return made;
  };
  struct Neighbour {
    double distance = 0;
    std::string station;
    const ReferenceStation* known = nullptr;
  };
  std::vector<Neighbour> neighbours;
  for (const std::string& stream : store.streams()) {
    if (!stream.starts_with(prefix)) continue;
    const std::string station = stream.substr(prefix.size());
    const ReferenceStation* const known = comparison.feed->station(station);
    if (known == nullptr || !known->position || station == comparison.reference.station) continue;
    if (known->kind != comparison.reference.kind) continue;
    neighbours.push_back({distance_m(*comparison.position, *known->position), station, known});
  }
  if (neighbours.empty()) return std::nullopt;
  std::ranges::sort(neighbours, {},
                    [](const Neighbour& each) { return std::pair(each.distance, each.station); });
  const std::string& own = comparison.reference.station;
  const StationHours reference = hours_of(own, *comparison.feed->station(own));
  for (const Neighbour& neighbour : neighbours) {
    const StationHours other = hours_of(neighbour.station, *neighbour.known);
    if (auto floor = representativeness_floor(reference, {&other, 1})) return floor;
  }
  return std::nullopt;
}

}  // namespace twinsky
