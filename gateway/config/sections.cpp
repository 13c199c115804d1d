// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/draft.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/datum.hpp"
#include "gateway/model/registry.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

bool is_in_shanghai(Coordinates place) {
  return place.latitude_deg > 30.6 && place.latitude_deg < 32 && place.longitude_deg > 120.8 &&
         place.longitude_deg < 122.6;  // with its islands
}

// A slip of the pen here would make every distance, and with it every verdict, wrong.
void check_place(const Node& node, Draft& draft) {
  const GatewaySettings& gateway = draft.config.gateway;
  const bool is_hong_kong = gateway.jurisdiction == "hk";
  if (!gateway.position || (!is_hong_kong && gateway.jurisdiction != "cn-sh")) return;
  const auto is_there = is_hong_kong ? is_in_hong_kong : is_in_shanghai;
  const Coordinates place{gateway.position->latitude_deg, gateway.position->longitude_deg};
  if (is_there(place)) return;
  draft.reader.report(*member(node, "position"),
                      "the position is not in " +
                          std::string(is_hong_kong ? "Hong Kong" : "Shanghai") +
                          ", expected one that is, or the \"jurisdiction\" where it is");
}

// Both cities' zone needs no database, and UTC, whose days are taken elsewhere, needs none either.
void read_zone(const Node& node, const Settings& values, Draft& draft) {
  GatewaySettings& gateway = draft.config.gateway;
  const bool is_other = gateway.jurisdiction == "other";
  if (gateway.jurisdiction == "cn-sh") gateway.zone = Zone::of_city("Asia/Shanghai");
  const std::string wanted = !values.has("zone") || values.text("zone").empty()
                                 ? (is_other ? "UTC" : "")
                                 : values.text("zone");
  if (wanted.empty()) return;
  if (const auto zone = Zone::named(wanted)) {
    gateway.zone = *zone;
    return;
  }
  const std::vector<std::string> names = zone_names();
  const std::vector<std::string_view> known(names.begin(), names.end());
  draft.reader.report(*member(node, "zone"),
                      names.empty() ? "the system has no time zones, expected the package tzdata"
                                    : in_quotes(wanted) +
                                          " is no time zone of the system, expected a name "
                                          "such as \"Europe/London\"",
                      nearest(wanted, known));
}

void read_gateway(const Node& node, Draft& draft) {
  const Settings values = draft.reader.read(node, gateway_settings());
  GatewaySettings& gateway = draft.config.gateway;
  gateway.id = text_or_none(values, "id");
  gateway.name = values.text("name");
  gateway.jurisdiction = text_or_none(values, "jurisdiction");
  gateway.clock = values.text("clock");
  read_zone(node, values, draft);
  gateway.position = read_position(node, draft);
  check_place(node, draft);
  const bool is_shanghai = gateway.jurisdiction == "cn-sh";
  gateway.position_rule.is_published =
      values.has("publish_position") ? values.boolean("publish_position") : !is_shanghai;
  gateway.position_rule.decimals = static_cast<int>(values.integer("position_decimals"));
  if (gateway.id != "auto") return;
  constexpr std::size_t digits = 12;
  gateway.id = draft.system_id.substr(0, digits);
  if (gateway.id.size() == digits) return;
  draft.reader.report(*member(node, "id"), "\"auto\" takes the machine's id, but " +
                                               draft.vocabulary.machine_id_file +
                                               " holds none, expected an id of your own");
}

// The descriptor that an entry names; nullptr when there is none of that name.
template <class Info>
const Info* find_named(const Node& node, std::string_view key,
                       std::span<const Info* const> registry, Draft& draft) {
  const Node* name = member(node, key);
  if (name == nullptr || name->kind != NodeKind::text) return nullptr;
  if (const Info* info = named(registry, name->text)) return info;
  std::vector<std::string_view> known;
  for (const Info* info : registry) known.push_back(info->name);
  draft.reader.report(*name,
                      "there is no " + std::string(key) + " " + in_quotes(name->text) +
                          ", expected " + listed(known),
                      nearest(name->text, known));
  return nullptr;
}

void read_stations(const Node& feed, Draft& draft) {
  const Node* stations = member(feed, "stations");
  if (stations == nullptr || stations->kind != NodeKind::list) return;
  for (const Node* station : stations->children) {
    if (station->kind != NodeKind::text) continue;  // said already
    if (!is_id(station->text)) {
      draft.reader.report(*station,
                          in_quotes(station->text) + " is not the id of a station, expected " +
                              expectation({.kind = SettingKind::id}),
                          id_like(station->text));
    }
    const auto same = std::ranges::find(stations->children, station->text, &Node::text);
    if (*same != station) {
      draft.reader.report(*station, in_quotes(station->text) + " stands here twice, expected once");
    }
  }
}

void read_feed(const Node& node, Draft& draft) {
  if (!draft.reader.expect(node, NodeKind::object, R"(an object such as {"feed": "hk-epd"})")) {
    return;
  }
  const auto problems = draft.reader.count();
  const FeedInfo* info = find_named(node, "feed", draft.vocabulary.feeds, draft);
  std::vector<Setting> declared(feed_settings().begin(), feed_settings().end());
  if (info != nullptr) {
    declared.insert(declared.end(), info->settings.begin(), info->settings.end());
  }
  Settings values = draft.reader.read(
      node, declared,
      info != nullptr ? Reader::UnknownKeys::refused : Reader::UnknownKeys::ignored);
  read_stations(node, draft);
  FeedSettings feed{.feed = text_or_none(values, "feed"),
                    .stations = values.texts("stations"),
                    .settings = {},
                    .configuration_directory = draft.directory.string(),
                    .secret_places = draft.reader.secret_places(node, declared)};
  if (info != nullptr) feed.settings = values.only(info->settings);
  draft.config.feeds.push_back(std::move(feed));
  draft.feeds.push_back({.node = &node,
                         .values = std::move(values),
                         .is_sound = draft.reader.count() == problems,
                         .feed = info});
}

void read_comparison(const Node& node, Draft& draft) {
  constexpr std::string_view example =
      R"(an object such as {"sensor": "roof-pm", "quantity": "pm2_5", "with": "hk-epd/mong-kok"})";
  if (!draft.reader.expect(node, NodeKind::object, example)) return;
  const auto problems = draft.reader.count();
  Settings values = draft.reader.read(node, compare_settings());
  const std::string& with = values.text("with");
  const auto slash = std::min(with.find('/'), with.size());
  draft.config.compare.push_back({.sensor = text_or_none(values, "sensor"),
                                  .quantity = values.text("quantity"),
                                  .feed = with.substr(0, slash),
                                  .station = with.substr(std::min(slash + 1, with.size()))});
  draft.compare.push_back(
      {.node = &node, .values = std::move(values), .is_sound = draft.reader.count() == problems});
}

void read_store(const Node* node, Draft& draft) {
  const Settings values = node == nullptr ? draft.reader.defaults("/store", store_settings())
                                          : draft.reader.read(*node, store_settings());
  draft.config.store = {.path = resolved(draft, values.text("path")),
                        .commit_every = values.duration("commit_every"),
                        .max_size_bytes = values.integer("max_size"),
                        .keep = values.duration("keep"),
                        .minimum_free_bytes = values.integer("minimum_free"),
                        .queue_bytes = static_cast<std::size_t>(values.integer("queue")),
                        .clock_wait = values.duration("clock_wait"),
                        .machine_id = {}};
  draft.config.keep_audit = values.duration("keep_audit");
}

void check_warning_mode(const Node& node, const WarningMode& mode, Draft& draft) {
  const auto& feeds = draft.config.feeds;
  const Node* const feed = member(node, "feed");
  if (feed != nullptr && !mode.feed.empty() &&
      std::ranges::find(feeds, mode.feed, &FeedSettings::feed) == feeds.end()) {
    draft.reader.report(*feed, "the feed " + in_quotes(mode.feed) +
                                   " is not followed, expected one of those in \"feeds\"");
  }
  const Node* const codes = member(node, "codes");
  if (codes != nullptr && codes->kind == NodeKind::list && codes->children.empty()) {
    draft.reader.report(*codes, "no warning is named, expected codes such as [\"TC8*\"]");
  }
  constexpr auto profile = std::to_array<std::string_view>({"every", "commit_every", "keep"});
  if (std::ranges::none_of(profile, [&node](auto key) { return member(node, key) != nullptr; })) {
    draft.reader.report(
        node, "the mode changes nothing, expected \"every\", \"commit_every\" or \"keep\"");
  }
  const auto& others = draft.config.warning_modes;
  if (!mode.id.empty() && std::ranges::find(others, mode.id, &WarningMode::id) != others.end()) {
    draft.reader.report(*member(node, "id"), "the id " + in_quotes(mode.id) +
                                                 " stands here twice, expected another one");
  }
}

void read_warning_mode(const Node& node, Draft& draft) {
  constexpr std::string_view example =
      R"(an object such as {"id": "typhoon", "feed": "hk-hko", "codes": ["TC8*"], "every": "2s"})";
  if (!draft.reader.expect(node, NodeKind::object, example)) return;
  const Settings values = draft.reader.read(node, warning_mode_settings());
  const auto time = [&values](std::string_view name) {
    return values.has(name) ? std::optional(values.duration(name)) : std::nullopt;
  };
  WarningMode mode{.id = text_or_none(values, "id"),
                   .feed = values.text("feed"),
                   .codes = values.texts("codes"),
                   .every = time("every"),
                   .commit_every = time("commit_every"),
                   .keep = time("keep")};
  check_warning_mode(node, mode, draft);
  draft.config.warning_modes.push_back(std::move(mode));
}

// What is sent where nobody has said so: in Shanghai nothing leaves unasked.
std::vector<std::string> read_allowed(const Node& sink, const Settings& values,
                                      const Draft& draft) {
  if (member(sink, "allow") != nullptr) return values.texts("allow");
  if (draft.config.gateway.jurisdiction == "cn-sh") return {};
  return {"#"};
}

// Feeds whose data stay here, whatever the filters say.
std::vector<std::string> read_withheld(const Settings& values, const Draft& draft) {
  const std::vector<std::string>& granted = values.texts("redistribute");
  std::vector<std::string> withheld;
  for (const FeedInfo* feed : draft.vocabulary.feeds) {
    const bool is_granted = std::ranges::find(granted, feed->name) != granted.end();
    if (!feed->may_be_redistributed && !is_granted) withheld.emplace_back(feed->name);
  }
  return withheld;
}

// A sink's transport, by the key of its address; where there is but one, its address is missed.
const TransportInfo* find_transport(const Node& sink, Draft& draft) {
  std::vector<std::string_view> known;
  std::vector<const TransportInfo*> given;
  for (const TransportInfo* info : draft.vocabulary.transports) {
    known.push_back(info->name);
    if (member(sink, info->name) != nullptr) given.push_back(info);
  }
  if (given.size() == 1) return given.front();
  if (known.size() == 1) return draft.vocabulary.transports.front();
  const std::string expected = ", expected exactly " + listed(known);
  if (given.empty()) draft.reader.report(sink, "the sink names no transport" + expected);
  for (std::size_t at = 1; at < given.size(); ++at) {
    draft.reader.report_key(*member(sink, given[at]->name),
                            "the sink names a second transport" + expected);
  }
  return nullptr;
}

const FormatInfo* find_format(const Node& sink, const TransportInfo* transport, Draft& draft) {
  const auto& formats = draft.vocabulary.formats;
  if (member(sink, "format") != nullptr) return find_named(sink, "format", formats, draft);
  return transport == nullptr ? nullptr : named(formats, transport->format);
}

void read_sink(const Node& node, Draft& draft) {
  constexpr std::string_view example = R"(an object such as {"id": "city", "mqtt": "mqtts://…"})";
  if (!draft.reader.expect(node, NodeKind::object, example)) return;
  const auto problems = draft.reader.count();
  SinkSettings sink{.transport = find_transport(node, draft)};
  sink.format = find_format(node, sink.transport, draft);
  std::vector<Setting> added;
  if (sink.transport != nullptr) added = settings_of(*sink.transport);
  if (sink.format != nullptr) {
    added.insert(added.end(), sink.format->settings.begin(), sink.format->settings.end());
  }
  std::vector<Setting> declared(sink_settings().begin(), sink_settings().end());
  declared.insert(declared.end(), added.begin(), added.end());
  const bool knows_all = sink.transport != nullptr && sink.format != nullptr;
  Settings values = draft.reader.read(
      node, declared, knows_all ? Reader::UnknownKeys::refused : Reader::UnknownKeys::ignored);
  sink.id = text_or_none(values, "id");
  sink.was = text_or_none(values, "was");
  if (sink.transport != nullptr) {
    sink.address = text_or_none(values, sink.transport->name);
    if (sink.transport->address_form == SettingKind::path) {
      sink.address = resolved(draft, sink.address);
    }
    added.erase(added.begin());
  }
  sink.settings = values.only(added);
  resolve_paths(draft, added, sink.settings);
  sink.batch_records = values.integer("batch_records");
  if (values.has("messages_per_minute")) {
    sink.messages_per_minute = values.integer("messages_per_minute");
  }
  sink.start_at = values.text("start_at");
  sink.configuration_directory = draft.directory.string();
  sink.allow = read_allowed(node, values, draft);
  sink.quantities = values.texts("quantities");
  sink.withheld_feeds = read_withheld(values, draft);
  sink.is_reticent = draft.config.gateway.jurisdiction == "cn-sh";
  sink.secret_places = draft.reader.secret_places(node, declared);
  draft.config.sinks.push_back(std::move(sink));
  draft.sinks.push_back(
      {.node = &node, .values = std::move(values), .is_sound = draft.reader.count() == problems});
}

void read_serve(const Node& node, Draft& draft) {
  draft.serve = &node;
  const Settings values = draft.reader.read(node, serve_settings());
  ServeSettings& serve = draft.config.serve;
  serve.listen = values.text("listen");
  serve.token_file = text_or_none(values, "token_file");
  serve.names = values.texts("names");
  serve.configuration_directory = draft.directory.string();
  serve.secret_places = draft.reader.secret_places(node, serve_settings());
}

// The sections that are there in their right shape; nullptr for the others.
std::vector<const Node*> find_sections(const Node& root, Draft& draft) {
  std::vector<std::string_view> known = {"$schema"};
  for (const Section& section : sections()) known.push_back(section.name);
  for (const Node* node : root.children) {
    if (std::ranges::find(known, node->key) == known.end()) {
      draft.reader.refuse_key(*node, known, Reader::UnknownKeys::refused);
    }
  }
  std::vector<const Node*> found;
  for (const Section& section : sections()) {
    const bool is_list = section.shape == Section::Shape::list;
    const Node* node = member(root, section.name);
    const bool fits =
        node != nullptr && draft.reader.expect(*node, is_list ? NodeKind::list : NodeKind::object,
                                               is_list ? "a list: […]" : "an object: {…}");
    found.push_back(fits ? node : nullptr);
  }
  return found;
}

}  // namespace

std::string text_or_none(const Settings& values, std::string_view name) {
  return values.has(name) ? values.text(name) : std::string();
}

std::string resolved(const Draft& draft, const std::string& path) {
  return path.empty() ? path : (draft.directory / path).lexically_normal().string();
}

void resolve_paths(const Draft& draft, std::span<const Setting> declared, Settings& values) {
  for (const Setting& setting : declared) {
    if (setting.kind != SettingKind::path || setting.secret || !values.has(setting.name)) continue;
    values.set(std::string(setting.name), resolved(draft, values.text(setting.name)));
  }
}

std::optional<Position> read_position(const Node& owner, Draft& draft) {
  const Node* node = member(owner, "position");
  if (node == nullptr || node->kind != NodeKind::object) return std::nullopt;
  const auto problems = draft.reader.count();
  const Settings values = draft.reader.read(*node, position_settings());
  if (draft.reader.count() != problems) return std::nullopt;
  const std::string& datum = values.text("datum");
  Position position;
  position.datum = datum == "gcj02" ? Datum::gcj02 : datum == "bd09" ? Datum::bd09 : Datum::wgs84;
  position.latitude_deg = values.number("latitude");
  position.longitude_deg = values.number("longitude");
  const auto height = [&values](std::string_view name) {
    return values.has(name) ? std::optional(values.number(name)) : std::nullopt;
  };
  position.height_above_sea_m = height("height_above_sea_m");
  position.height_above_ground_m = height("height_above_ground_m");
  return to_wgs84(position);
}

void read_sections(const Node& root, Draft& draft) {
  const auto found = find_sections(root, draft);
  const auto section = [&found](std::string_view name) {
    const auto at = std::ranges::find(sections(), name, &Section::name);
    return found[static_cast<std::size_t>(at - sections().begin())];
  };
  const auto each = [&](std::string_view name, auto read) {
    if (section(name) == nullptr) return;
    for (const Node* entry : section(name)->children) read(*entry, draft);
  };
  if (member(root, "gateway") == nullptr) {
    draft.reader.report(root,
                        "\"gateway\" is missing, expected an object with at least \"id\" and "
                        "\"jurisdiction\"");
  }
  if (section("gateway") != nullptr) read_gateway(*section("gateway"), draft);
  each("buses", read_bus);
  each("sensors", read_sensor);
  each("feeds", read_feed);
  each("compare", read_comparison);
  each("corrections", read_correction);
  read_store(section("store"), draft);
  each("warning_modes", read_warning_mode);
  each("sinks", read_sink);
  if (section("serve") != nullptr) read_serve(*section("serve"), draft);
  for (SensorSettings& sensor : draft.config.sensors) {
    sensor.published_position =
        published_position(sensor.position, draft.config.gateway.position_rule);
  }
}

}  // namespace twinsky
