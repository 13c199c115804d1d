// SPDX-License-Identifier: Apache-2.0
// `twinsky stations [FEED]`: the official stations that feeds have, for the configuration: ids,
// names in three scripts, kinds, and how far they are.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/position_option.hpp"
#include "gateway/commands/table.hpp"
#include "gateway/commands/terminal.hpp"
#include "gateway/compare/relation.hpp"
#include "gateway/config/config.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/joined.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

namespace twinsky {
namespace {

constexpr double behind_all_m = 1e12;

struct StationsOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string feed;
  std::string near;
  bool json = false;
};

struct Listed {
  std::string_view feed;
  const ReferenceStation* station = nullptr;
  std::optional<double> distance_m;
};

// The configuration's feeds as it sets them up, the others as they are by default; from its place,
// unless another is given.
struct Sources {
  std::vector<std::pair<const FeedInfo*, std::unique_ptr<Feed>>> feeds;
  std::optional<Position> place;
};

Sources sources_for(const StationsOptions& options) {
  Sources sources;
  std::vector<FeedSettings> configured;
  if (std::error_code ignored; std::filesystem::exists(options.config, ignored)) {
    if (auto config = load_config(options.config)) {
      configured = config->feeds;
      sources.place = config->gateway.position;
    }
  }
  if (!options.near.empty()) sources.place = position_in("--near", options.near);
  for (const FeedInfo* const info : feed_registry()) {
    if (!options.feed.empty() && info->name != options.feed) continue;
    const auto own = std::ranges::find(configured, info->name, &FeedSettings::feed);
    const Settings settings =
        own == configured.end() ? Settings::defaults(info->settings) : own->settings;
    sources.feeds.emplace_back(info, info->make(settings));
  }
  return sources;
}

void check_feed(const std::string& name) {
  if (name.empty() || feed_named(name) != nullptr) return;
  std::vector<std::string_view> known;
  for (const FeedInfo* const info : feed_registry()) known.push_back(info->name);
  const std::string suggestion = nearest(name, known);
  throw WrongUsage("FEED",
                   "there is no feed " + in_quotes(name) + ", expected " + listed(known) +
                       (suggestion.empty() ? "" : "; did you mean " + in_quotes(suggestion) + "?"));
}

Json json_of(const Listed& each) {
  const ReferenceStation& station = *each.station;
  Json json = {{"feed", each.feed},          {"station", station.id},
               {"kind", station.kind},       {"name_en", station.name_en},
               {"name_tc", station.name_tc}, {"name_sc", station.name_sc}};
  json["distance_m"] = each.distance_m ? Json(std::round(*each.distance_m)) : Json();
  json["latitude"] = station.position ? Json(station.position->latitude_deg) : Json();
  json["longitude"] = station.position ? Json(station.position->longitude_deg) : Json();
  json["quantities"] = Json::array();
  for (const Quantity quantity : station.quantities)
    json["quantities"].push_back(name_of(quantity));
  return json;
}

std::string kilometres(const std::optional<double>& metres) {
  std::string text;
  if (!metres) return "?";
  append_number(text, *metres / 1000, 1);
  return text + " km";
}

// "Mong Kok, 旺角": a name that is the same in two scripts stands once.
std::string names_of(const ReferenceStation& station) {
  std::vector<std::string> names;
  for (const std::string_view name : {station.name_en, station.name_tc, station.name_sc}) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  return joined(names);
}

void print(const std::vector<Listed>& stations, bool with_distance) {
  std::vector<TableRow> rows;
  for (const Listed& each : stations) {
    const ReferenceStation& station = *each.station;
    TableRow& row = rows.emplace_back();
    row.cells = {std::string(each.feed), station.id, station.kind};
    if (with_distance) row.cells.push_back(kilometres(each.distance_m));
    row.cells.push_back(names_of(station));
  }
  print_table(rows, terminal_size().columns);
}

int list(const StationsOptions& options) {
  check_feed(options.feed);
  const Sources sources = sources_for(options);
  std::vector<Listed> stations;
  std::vector<std::string_view> without;
  for (const auto& [info, feed] : sources.feeds) {
    const auto all = feed->stations();
    if (all.empty()) without.push_back(info->name);
    for (const ReferenceStation* const station : all) {
      Listed& each = stations.emplace_back(Listed{info->name, station, std::nullopt});
      if (sources.place && station->position) {
        each.distance_m = distance_m(*sources.place, *station->position);
      }
    }
  }
  if (sources.place) {
    std::ranges::stable_sort(
        stations, {}, [](const Listed& each) { return each.distance_m.value_or(behind_all_m); });
  }
  if (options.json) {
    Json json = Json::array();
    for (const Listed& each : stations) json.push_back(json_of(each));
    std::cout << json.dump() << '\n';
    return exit_good;
  }
  print(stations, sources.place.has_value());
  for (const std::string_view feed : without) {
    std::cerr << feed << ": which stations it has is for its settings to say\n";
  }
  return exit_good;
}

void add_stations(Command& app, int& code) {
  auto* command = app.add_subcommand("stations", "List the official stations that feeds have");
  auto options = std::make_shared<StationsOptions>();
  command->add_option("FEED", options->feed, "Only this feed's");
  command->add_option("--near", options->near,
                      "LATITUDE,LONGITUDE in WGS 84: the nearest first; without it, from the "
                      "place of the configuration");
  command->add_option("--config", options->config, "Configuration file, if there is one")
      ->shows_default();
  command->add_flag("--json", options->json, "One JSON list, with positions and quantities");
  command->callback([options, &code] { code = list(*options); });
}

}  // namespace

extern const Subcommand stations_command = {.place = 5, .add = add_stations};

}  // namespace twinsky
