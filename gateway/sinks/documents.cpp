// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/documents.hpp"

#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace twinsky {
namespace {

// A stream whose period nobody knows is taken to be alive for this long at a time.
constexpr milliseconds unknown_period{60'000};

// Bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string text_of(const Json& document) {
  return document.dump();
}

void put_unless_empty(Json& document, const char* key, std::string_view text) {
  if (!text.empty()) document[key] = text;
}

Json json_of(const Position& position) {
  Json document = {{"datum", "wgs84"},
                   {"latitude", position.latitude_deg},
                   {"longitude", position.longitude_deg}};
  if (position.height_above_sea_m) document["height_above_sea_m"] = *position.height_above_sea_m;
  if (position.height_above_ground_m) {
    document["height_above_ground_m"] = *position.height_above_ground_m;
  }
  return document;
}

std::string_view name_of(Averaging averaging) {
  switch (averaging) {
    case Averaging::none:
      break;
    case Averaging::mean:
      return "mean";
    case Averaging::maximum:
      return "maximum";
    case Averaging::vector:
      return "vector";
    case Averaging::sum:
      return "sum";
    case Averaging::last:
      return "last";
    case Averaging::energy:
      return "energy";
  }
  return "none";
}

Json json_of(const Column& column, const StreamDescription& stream) {
  const QuantityInfo& info = info_of(column.quantity);
  Json document = {{"unit", info.ucum},
                   {"display_unit", info.display_unit},
                   {"decimals", decimals_of(column)},
                   {"averaging", name_of(info.averaging)}};
  const auto range = stream.ranges.find(column.quantity);
  if (range != stream.ranges.end()) {
    document["range"] = {range->second.first, range->second.second};
  }
  put_unless_empty(document, "cf_name", info.cf_name);
  return document;
}

Json meta(const StreamDescription& stream) {
  Json document = {{"stream", stream.name}, {"name", stream.title}};
  if (!stream.formerly.empty()) document["formerly"] = stream.formerly;
  // What we measured or reckoned must never be taken for an authority's word.
  if (!stream.name.starts_with("ref/")) document["official"] = false;
  Json& quantities = document["quantities"] = Json::object();
  for (const Column& column : stream.columns) {
    quantities[std::string(twinsky::name_of(column.quantity))] = json_of(column, stream);
  }
  if (stream.period.count() > 0) document["period_ms"] = stream.period.count();
  for (const Correction& correction : stream.corrections) {
    const std::string quantity(twinsky::name_of(correction.quantity));
    document["corrections"][quantity] = twinsky::name_of(correction);
  }
  put_unless_empty(document, "driver", stream.driver);
  put_unless_empty(document, "datasheet", stream.datasheet);
  put_unless_empty(document, "serial_number", stream.serial_number);
  put_unless_empty(document, "placement", stream.placement);
  put_unless_empty(document, "since", stream.since);
  put_unless_empty(document, "publisher", stream.publisher);
  put_unless_empty(document, "licence", stream.licence);
  put_unless_empty(document, "licence_url", stream.licence_url);
  put_unless_empty(document, "attribution", stream.attribution);
  put_unless_empty(document, "label", stream.label);
  put_unless_empty(document, "zone", stream.zone);
  if (stream.may_be_redistributed) document["redistribution"] = *stream.may_be_redistributed;
  if (stream.gas_reference_k) document["gas_reference_k"] = *stream.gas_reference_k;
  if (stream.position) document["position"] = json_of(*stream.position);
  return document;
}

Json json_of(const FeedSettings& feed) {
  Json document = {{"feed", feed.feed}, {"stations", feed.stations}};
  if (const FeedInfo* info = feed_named(feed.feed)) {
    document["publisher"] = info->publisher;
    document["licence"] = info->licence;
    document["licence_url"] = info->licence_url;
    document["attribution"] = info->attribution;
    document["redistribution"] = info->may_be_redistributed;
    put_unless_empty(document, "terms", info->terms);
    document["label"] = twinsky::name_of(info->label);
    put_unless_empty(document, "zone", info->zone);
    if (info->gas_reference_k) document["gas_reference_k"] = *info->gas_reference_k;
    put_unless_empty(document, "index", info->index_family);
  }
  return document;
}

// What `state` shows of one column.
struct Shown {
  const Column& column;
  const Latest* latest = nullptr;  // nullptr: nothing was ever read
  bool has_value = false;
};

std::vector<Shown> shown(const StreamDescription& stream, std::span<const Latest> latest,
                         UtcTime now) {
  const milliseconds patience = 3 * (stream.period.count() > 0 ? stream.period : unknown_period);
  std::vector<Shown> columns;
  for (const Column& column : stream.columns) {
    const auto found = std::ranges::find(latest, column.quantity,
                                         [](const Latest& one) { return one.reading.quantity; });
    if (found == latest.end()) {
      columns.push_back({.column = column});
      continue;
    }
    const bool is_good = found->reading.value && found->reading.flag != Flag::fail;
    columns.push_back({.column = column,
                       .latest = &*found,
                       .has_value = is_good && now - found->time <= patience});
  }
  return columns;
}

// An object of what `put` writes for each column; nothing when it writes nothing.
template <class Put>
void put_object(JsonWriter& json, std::string_view key, std::span<const Shown> columns, Put put) {
  const std::size_t before = json.length();
  json.open(key);
  for (const Shown& one : columns) put(twinsky::name_of(one.column.quantity), one);
  json.close_or_drop(before);
}

void put_values(JsonWriter& json, std::span<const Shown> columns) {
  Flag flag = columns.empty() ? Flag::missing : Flag::pass;
  // What is too old to be shown is missing, however good it was; what failed says so.
  const auto flag_of = [](const Shown& one) {
    if (!one.latest) return Flag::missing;
    const Flag flag_then = one.latest->reading.flag;
    return one.has_value || flag_then == Flag::fail ? flag_then : Flag::missing;
  };
  for (const Shown& one : columns) {
    json.put(twinsky::name_of(one.column.quantity),
             one.has_value ? one.latest->reading.value : std::nullopt, decimals_of(one.column));
    flag = worst(flag, flag_of(one));
  }
  put_object(json, "text", columns, [&](std::string_view quantity, const Shown& one) {
    if (one.latest && !one.latest->reading.text.empty()) {
      json.put(quantity, one.latest->reading.text);
    }
  });
  json.put("flag", static_cast<int>(flag));
  put_object(json, "flags", columns, [&](std::string_view quantity, const Shown& one) {
    if (flag_of(one) != Flag::pass) json.put(quantity, static_cast<int>(flag_of(one)));
  });
  put_object(json, "faults", columns, [&](std::string_view quantity, const Shown& one) {
    if (!one.latest || one.latest->reading.value || !one.latest->reading.fault) return;
    json.put(quantity, twinsky::name_of(*one.latest->reading.fault));
  });
}

}  // namespace

std::string meta_content(const StreamDescription& stream) {
  return text_of(meta(stream));
}

std::string meta_document(const StreamDescription& stream, int revision) {
  Json document = meta(stream);
  document["rev"] = revision;
  return text_of(document);
}

std::string state_document(const StreamDescription& stream, std::span<const Latest> latest,
                           UtcTime now, std::string_view epoch, bool clock_set) {
  const std::vector<Shown> columns = shown(stream, latest, now);
  const Latest* newest = nullptr;
  for (const Shown& one : columns) {
    if (one.latest && (!newest || one.latest->time > newest->time)) newest = one.latest;
  }
  const auto time = newest ? std::optional(newest->time) : std::nullopt;
  std::string text;
  JsonWriter json(text);
  json.open().put("epoch", epoch);
  json.put("ts", time ? std::optional(time->time_since_epoch().count()) : std::nullopt);
  json.put("time", time);
  if (!clock_set) json.put("clock", "unset");
  put_values(json, columns);
  put_object(json, "times", columns, [&](std::string_view quantity, const Shown& one) {
    if (one.latest && one.latest->time != time) json.put(quantity, one.latest->time);
  });
  json.close();
  return text;
}

std::string warnings_document(std::span<const Warning> warnings) {
  Json document = Json::array();
  for (const Warning& warning : warnings) {
    Json one = {{"issuer", warning.issuer}, {"name", warning.name}, {"code", warning.code}};
    put_unless_empty(one, "type", warning.type);
    put_unless_empty(one, "action", warning.action);
    put_unless_empty(one, "issued", warning.issued);
    put_unless_empty(one, "updated", warning.updated);
    put_unless_empty(one, "expires", warning.expires);
    document.push_back(std::move(one));
  }
  return text_of(document);
}

std::string agreement_document(int compared, int equal, int within_one) {
  Json document = {
      {"compared", compared}, {"equal", equal}, {"within_one", within_one}, {"share", nullptr}};
  if (compared > 0) document["share"] = static_cast<double>(equal) / compared;
  return text_of(document);
}

std::string info_document(const Config& config, std::string_view boot_id, std::string_view epoch) {
  Json document = {{"gateway", config.gateway.id},
                   {"name", config.gateway.name},
                   {"jurisdiction", config.gateway.jurisdiction},
                   {"zone", config.gateway.zone.name()},
                   {"version", TWINSKY_VERSION},
                   {"contract", TWINSKY_CONTRACT},
                   {"boot_id", boot_id},
                   {"config", config.hash},
                   {"epoch", epoch}};
  const GatewaySettings& gateway = config.gateway;
  if (const auto position = published_position(gateway.position, gateway.position_rule)) {
    document["position"] = json_of(*position);
  }
  Json& sensors = document["sensors"] = Json::array();
  for (const SensorSettings& sensor : config.sensors) {
    Json one = {{"sensor", sensor.id}, {"driver", sensor.driver}, {"official", false}};
    put_unless_empty(one, "placement", sensor.placement);
    sensors.push_back(std::move(one));
  }
  Json& feeds = document["feeds"] = Json::array();
  for (const FeedSettings& feed : config.feeds) feeds.push_back(json_of(feed));
  return text_of(document);
}

std::string mark_document(std::string_view gateway, const Mark& mark) {
  Json document = {
      {"gateway", gateway}, {"epoch", mark.epoch}, {"run", mark.run}, {"row", mark.row}};
  if (mark.hash != 0) document["hash"] = hexadecimal(mark.hash, 16);
  document["after"] = mark.after;
  return text_of(document);
}

std::optional<Mark> mark_of(std::string_view document) {
  if (document.size() > longest_mark) return std::nullopt;
  const Json json = Json::parse_or_null(document);
  if (!json.is_object()) return std::nullopt;
  const auto epoch = json.find("epoch");
  const auto row = json.find("row");
  if (epoch == nullptr || !epoch->is_string()) return std::nullopt;
  if (row == nullptr || !row->is_number_integer()) return std::nullopt;
  Mark mark{.epoch = epoch->get<std::string>(), .after = {}, .run = {}, .row = row->get<RowId>()};
  mark.run = json.text_of("run");
  const std::string hash = json.text_of("hash");
  std::from_chars(hash.data(), hash.data() + hash.size(), mark.hash, 16);
  if (const auto after = json.find("after"); after != nullptr && after->is_array()) {
    for (const Json& one : *after) {
      if (one.is_string()) mark.after.push_back(one.get<std::string>());
    }
  }
  return mark;
}

std::string event_body(std::string_view event, std::string_view subject, std::string_view message) {
  std::string text;
  JsonWriter(text)
      .open()
      .put("event", event)
      .put("subject", subject)
      .put("message", message)
      .close();
  return text;
}

}  // namespace twinsky
