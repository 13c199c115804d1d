// SPDX-License-Identifier: Apache-2.0
// What must fit together among feeds, comparisons, sinks and the local page.
#include "gateway/config/draft.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/host_port.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/model/topic_filter.hpp"
#include "gateway/system/address.hpp"
#include "gateway/system/credentials.hpp"

#include <algorithm>
#include <set>

namespace twinsky {
namespace {

using Names = std::vector<std::string>;

std::vector<std::string_view> views(const Names& names) {
  return {names.begin(), names.end()};
}

std::string listed_or(const Names& names, std::string_view otherwise) {
  return names.empty() ? std::string(otherwise) : listed(views(names));
}

// ---- files that settings name: `run` begins without them, and then says so ----

void tell_of_file(const Node& setting, std::string problem, bool may_be_the_services,
                  Draft& draft) {
  problem += "; the gateway starts, and waits for it before it connects there";
  if (may_be_the_services) {
    draft.reader.note(setting, std::move(problem));
  } else {
    draft.reader.warn(setting, std::move(problem));
  }
}

void check_secret(const Node& owner, std::string_view key, const std::string& name, Draft& draft) {
  const Node* const setting = member(owner, key);
  if (setting == nullptr || name.empty()) return;
  const SecretFile secret{.name = name};
  const std::string directory = draft.directory.string();
  const auto read = read_secret(secret, directory);
  if (read) return;
  tell_of_file(*setting, read.error(), may_be_the_services(secret, directory), draft);
}

void check_open_file(const Node& owner, std::string_view key, const std::string& path,
                     Draft& draft) {
  const Node* const setting = member(owner, key);
  if (setting == nullptr || path.empty()) return;
  const std::string problem = problem_of_plain_file(path);
  if (problem.empty()) return;
  const auto file = read_plain_file(path, 1);
  const bool may_be = !file && (file.error().is_missing || file.error().is_forbidden);
  tell_of_file(*setting, "the file cannot be read: " + problem, may_be, draft);
}

// A source with terms is not asked before the operator has agreed to them.
void check_terms(const Node& node, const FeedInfo& feed, const Settings& settings, Draft& draft) {
  if (feed.terms.empty() || settings.boolean("terms_accepted")) return;
  draft.reader.report(node, "the terms of the feed " + in_quotes(feed.name) +
                                " have not been accepted: " + std::string(feed.terms) +
                                R"( Expected "terms_accepted": true from whoever agrees)");
}

// The registry's list is all that such a feed has. Earlier versions did not look, and the gateway
// says itself that it finds no such station, so it starts.
void check_station(const Node& node, std::string_view id, const FeedInfo& feed,
                   const Settings& settings, Draft& draft) {
  const auto source = feed.make(settings);
  if (!is_id(id) || source->station(id) != nullptr) return;
  std::vector<std::string_view> known;
  for (const ReferenceStation* const station : source->stations()) known.push_back(station->id);
  if (known.empty()) return;
  const std::string name(feed.name);
  draft.reader.warn(node,
                    name + " has no station " + in_quotes(id) +
                        ", expected one that is listed by: twinsky stations " + name,
                    nearest(id, known));
}

void check_stations(const Node& feed_node, const FeedInfo& feed, const Settings& settings,
                    Draft& draft) {
  const Node* const stations = member(feed_node, "stations");
  if (stations == nullptr || stations->kind != NodeKind::list) return;
  for (const Node* const station : stations->children) {
    check_station(*station, station->text, feed, settings, draft);
  }
}

void check_feeds(Draft& draft) {
  std::set<std::string> seen;
  for (std::size_t at = 0; at < draft.feeds.size(); ++at) {
    const auto& [node, values, is_sound, driver, feed] = draft.feeds[at];
    if (is_sound && feed != nullptr) {
      const Settings& settings = draft.config.feeds[at].settings;
      check_terms(*node, *feed, settings, draft);
      for (const Setting& setting : feed->settings) {
        if (!setting.secret || !settings.has(setting.name)) continue;
        check_secret(*node, setting.name, settings.text(setting.name), draft);
      }
    }
    if (is_sound && feed != nullptr && feed->check != nullptr) {
      std::string problem = feed->check(draft.config.feeds[at].settings);
      if (!problem.empty()) {
        draft.reader.report(*node, std::move(problem));
      } else {
        check_stations(*node, *feed, draft.config.feeds[at].settings, draft);
      }
    }
    const std::string& name = draft.config.feeds[at].feed;
    if (name.empty() || seen.insert(name).second) continue;
    draft.reader.report(
        *member(*draft.feeds[at].node, "feed"),
        "the feed " + in_quotes(name) + " stands here twice, expected once with all its stations");
  }
}

// ---- comparisons ----

// What a sensor's stream carries, as it is published.
Names quantities_of(const Draft::Entry& sensor, const SensorSettings& settings) {
  const DriverInfo& driver = *sensor.driver;
  Names names;
  for (const DriverQuantity& measured : quantities_of(driver, settings.settings)) {
    names.emplace_back(name_of(published(measured, settings.ambient)));
  }
  return names;
}

// The sensor that publishes the stream: its own, or one of its channels'. All names go to `known`.
const Draft::Entry* find_stream(const std::string& name, const Draft& draft, Names& known,
                                const SensorSettings*& settings) {
  const Draft::Entry* found = nullptr;
  for (std::size_t at = 0; at < draft.sensors.size(); ++at) {
    const SensorSettings& sensor = draft.config.sensors[at];
    Names streams = {sensor.id};
    if (draft.sensors[at].driver != nullptr) {
      for (const auto& channel : draft.sensors[at].driver->channels) {
        streams.push_back(sensor.id + "-" + std::string(channel));
      }
    }
    if (std::ranges::find(streams, name) != streams.end()) {
      found = &draft.sensors[at];
      settings = &sensor;
    }
    known.insert(known.end(), streams.begin(), streams.end());
  }
  return found;
}

void report_unknown_quantity(const Node& node, Draft& draft) {
  std::vector<std::string_view> catalogue;
  for (const QuantityInfo& info : quantity_catalogue()) catalogue.push_back(info.name);
  draft.reader.report(node,
                      "there is no quantity " + in_quotes(node.text) +
                          ", expected one of the catalogue such as \"pm2_5\"",
                      nearest(node.text, catalogue));
}

// `sensor` exists and what `key` names is a quantity that it measures.
void check_measured(const Node& node, const std::string& name, std::string_view key,
                    const std::string& wanted, Draft& draft) {
  Names known;
  const SensorSettings* settings = nullptr;
  const Draft::Entry* sensor = find_stream(name, draft, known, settings);
  if (sensor == nullptr && !name.empty()) {
    draft.reader.report(*member(node, "sensor"),
                        "there is no sensor " + in_quotes(name) + ", expected " +
                            listed_or(known, "one in \"sensors\""),
                        nearest(name, views(known)));
  }
  const Node* quantity = member(node, key);
  if (quantity == nullptr || quantity->kind != NodeKind::text) return;
  if (!quantity_named(wanted)) {
    report_unknown_quantity(*quantity, draft);
    return;
  }
  if (wanted == name_of(Quantity::wind_dir)) {
    draft.reader.report(*quantity,
                        "\"wind_dir\" is neither compared nor corrected: a direction has no slope "
                        "and no bias, expected for example \"wind_speed\"");
    return;
  }
  if (sensor == nullptr || sensor->driver == nullptr || !sensor->is_sound) return;
  const Names measured = quantities_of(*sensor, *settings);
  if (std::ranges::find(measured, wanted) != measured.end()) return;
  draft.reader.report(*quantity,
                      in_quotes(name) + " does not measure " + in_quotes(wanted) + ", expected " +
                          listed_or(measured, "another sensor"),
                      nearest(wanted, views(measured)));
}

void check_reference(const Node& node, const CompareSettings& wanted, Draft& draft) {
  const Node* with = member(node, "with");
  if (with == nullptr || with->kind != NodeKind::text) return;
  if (wanted.feed.empty() || !is_id(wanted.station)) {
    draft.reader.report(*with, in_quotes(with->text) +
                                   " names no station, expected feed and station such as "
                                   "\"hk-epd/mong-kok\"");
    return;
  }
  Names known;
  for (const FeedSettings& feed : draft.config.feeds) known.push_back(feed.feed);
  const auto feed = std::ranges::find(draft.config.feeds, wanted.feed, &FeedSettings::feed);
  if (feed == draft.config.feeds.end()) {
    draft.reader.report(*with,
                        "the feed " + in_quotes(wanted.feed) + " is not followed, expected " +
                            listed_or(known, "it in \"feeds\""),
                        nearest(wanted.feed, views(known)));
    return;
  }
  const Names& stations = feed->stations;
  const auto place = static_cast<std::size_t>(feed - draft.config.feeds.begin());
  const Draft::Entry& entry = draft.feeds[place];
  if (stations.empty() && entry.feed != nullptr && entry.is_sound) {
    check_station(*with, wanted.station, *entry.feed, feed->settings, draft);
  }
  if (stations.empty() || std::ranges::find(stations, wanted.station) != stations.end()) return;
  draft.reader.report(*with,
                      "the station " + in_quotes(wanted.station) + " of " + feed->feed +
                          " is not kept, expected " + listed(views(stations)),
                      nearest(wanted.station, views(stations)));
}

// "no2" of "no2_ppb": agencies print a gas in other units, and the pair is formed all the same.
std::string_view base_of(std::string_view quantity) {
  return quantity.substr(0, quantity.find("_pp"));
}

// Does the source print it at all? Which of its stations do is seen when they answer.
void check_offered(const Node& node, const CompareSettings& wanted, Draft& draft) {
  const Node* quantity = member(node, "quantity");
  const FeedInfo* const feed = feed_named(wanted.feed);
  if (quantity == nullptr || feed == nullptr || feed->quantities.empty()) return;
  const std::string_view base = base_of(wanted.quantity);
  Names offered;
  for (const Quantity each : feed->quantities) {
    const std::string_view name = name_of(each);
    if (base_of(name) == base || name.starts_with(std::string(base) + "_")) return;
    offered.emplace_back(name);
  }
  draft.reader.warn(*quantity,
                    "the feed " + in_quotes(wanted.feed) + " has no " + in_quotes(wanted.quantity) +
                        ", so there is never a pair, expected " + listed(views(offered)));
}

void check_comparisons(Draft& draft) {
  for (std::size_t at = 0; at < draft.compare.size(); ++at) {
    const Node& node = *draft.compare[at].node;
    const CompareSettings& wanted = draft.config.compare[at];
    const std::size_t problems = draft.reader.count();
    check_measured(node, wanted.sensor, "quantity", wanted.quantity, draft);
    check_reference(node, wanted, draft);
    if (draft.reader.count() == problems) check_offered(node, wanted, draft);
    const auto first = std::ranges::find(draft.config.compare, wanted);
    const bool is_new = first == draft.config.compare.begin() + static_cast<std::ptrdiff_t>(at);
    if (is_new || !draft.compare[at].is_sound) continue;
    draft.reader.report(node, "the same comparison stands here twice, expected it once");
  }
}

// ---- corrections ----

void check_corrections(Draft& draft) {
  std::set<std::pair<std::string, Quantity>> seen;
  for (std::size_t at = 0; at < draft.corrections.size(); ++at) {
    const auto& [node, values, is_sound, driver, feed] = draft.corrections[at];
    const auto& [sensor, correction] = draft.config.corrections[at];
    check_measured(*node, sensor, "quantity", text_or_none(values, "quantity"), draft);
    if (member(*node, "raw") != nullptr) {
      check_measured(*node, sensor, "raw", values.text("raw"), draft);
    }
    if (is_sound && !seen.insert({sensor, correction.quantity}).second) {
      draft.reader.report(*node, "another correction stands for " + in_quotes(sensor) + " and \"" +
                                     std::string(name_of(correction.quantity)) +
                                     "\" already, expected one");
    }
  }
  for (SensorSettings& settings : draft.config.sensors) {
    for (const CorrectionSettings& each : draft.config.corrections) {
      const bool is_own = each.sensor == settings.id || each.sensor.starts_with(settings.id + "-");
      if (is_own) settings.corrections.push_back(each);
    }
  }
}

// ---- sinks ----

// What its transport and its format find wrong.
void check_choices(const Node& node, SinkSettings& sink, Draft& draft) {
  if (sink.transport == nullptr || sink.format == nullptr) return;  // said already
  std::set<std::string_view> given;
  for (const Node* each : node.children) given.insert(each->key);
  for (const SinkCheck check : {sink.transport->check, sink.format->check}) {
    if (check == nullptr) continue;
    for (SinkProblem& problem : check(sink, given)) {
      const Node* at = member(node, problem.setting);
      if (problem.is_of_key && at != nullptr) {
        draft.reader.report_key(*at, std::move(problem.message));
      } else {
        draft.reader.report(at == nullptr ? node : *at, std::move(problem.message));
      }
    }
  }
}

// Those that its transport and its format are told of.
void check_files(const Node& node, const SinkSettings& sink, Draft& draft) {
  if (sink.transport == nullptr || sink.format == nullptr) return;  // said already
  for (const auto declared : {sink.transport->settings, sink.format->settings}) {
    for (const Setting& setting : declared) {
      if (setting.kind != SettingKind::path || !sink.settings.has(setting.name)) continue;
      const std::string& path = sink.settings.text(setting.name);
      if (setting.secret) {
        check_secret(node, setting.name, path, draft);
      } else {
        check_open_file(node, setting.name, resolved(draft, path), draft);
      }
    }
  }
}

// The entries of a list of texts; what is no text has been said already.
std::vector<const Node*> texts_in(const Node& node, std::string_view key) {
  const Node* list = member(node, key);
  if (list == nullptr || list->kind != NodeKind::list) return {};
  std::vector<const Node*> found;
  std::ranges::copy_if(list->children, std::back_inserter(found),
                       [](const Node* entry) { return entry->kind == NodeKind::text; });
  return found;
}

struct Levels {
  std::string first;
  std::string second;
};
Levels levels_of(std::string_view filter) {
  const auto slash = std::min(filter.find('/'), filter.size());
  const std::string_view rest = filter.substr(std::min(slash + 1, filter.size()));
  return {std::string(filter.substr(0, slash)), std::string(rest.substr(0, rest.find('/')))};
}

bool is_wildcard(std::string_view level) {
  return level == "+" || level == "#";
}

// A filter that can match nothing is a slip of the pen that somebody would find out too late.
void check_reach(const Node& filter, Draft& draft) {
  constexpr auto topics = std::to_array<std::string_view>(
      {"compare", "event", "health", "index", "info", "ledger", "mark", "ref", "sensor"});
  const auto [first, second] = levels_of(filter.text);
  if (is_wildcard(first) || first == "status") return;
  const auto suggestion = [&](const std::string& right, std::size_t at) {
    std::string text = filter.text;
    return right.empty() ? right : text.replace(at, at == 0 ? first.size() : second.size(), right);
  };
  if (first == "reply") {  // earlier versions knew the name, and never published anything there
    draft.reader.warn(filter, "nothing is published below \"reply\", expected " + listed(topics));
    return;
  }
  if (std::ranges::find(topics, first) == topics.end()) {
    draft.reader.report(
        filter, "nothing is published below " + in_quotes(first) + ", expected " + listed(topics),
        suggestion(nearest(first, topics), 0));
    return;
  }
  if ((first != "sensor" && first != "ref") || second.empty() || is_wildcard(second)) return;
  Names known;
  const SensorSettings* settings = nullptr;
  if (first == "sensor") {
    find_stream(second, draft, known, settings);
  } else {
    for (const FeedSettings& feed : draft.config.feeds) known.push_back(feed.feed);
  }
  if (std::ranges::find(known, second) != known.end()) return;
  draft.reader.report(
      filter,
      std::string("there is no ") + (first == "sensor" ? "sensor " : "feed ") + in_quotes(second) +
          ", expected " +
          listed_or(known, first == "sensor" ? "one in \"sensors\"" : "one in \"feeds\""),
      suggestion(nearest(second, views(known)), first.size() + 1));
}

void check_filter(const Node& filter, Draft& draft) {
  const std::string base = "twinsky/v1/" + draft.config.gateway.id + "/";
  if (filter.text.starts_with("twinsky/")) {
    draft.reader.report(filter,
                        in_quotes(filter.text) + " is a whole topic, expected what follows " + base,
                        filter.text.starts_with(base) ? filter.text.substr(base.size()) : "");
    return;
  }
  const std::string problem = problem_of_filter(filter.text);
  if (problem.empty()) {
    check_reach(filter, draft);
    return;
  }
  draft.reader.report(filter, "the topic filter " + in_quotes(filter.text) + " " + problem +
                                  ", expected one such as \"sensor/+/obs\", \"ref/#\" or \"#\"");
}

void check_egress(const Node& node, Draft& draft) {
  for (const Node* filter : texts_in(node, "allow")) check_filter(*filter, draft);
  for (const Node* quantity : texts_in(node, "quantities")) {
    if (!quantity_named(quantity->text)) report_unknown_quantity(*quantity, draft);
  }
  std::vector<std::string_view> feeds;
  for (const FeedInfo* feed : draft.vocabulary.feeds) feeds.push_back(feed->name);
  for (const Node* feed : texts_in(node, "redistribute")) {
    if (std::ranges::find(feeds, feed->text) != feeds.end()) continue;
    draft.reader.report(*feed,
                        "there is no feed " + in_quotes(feed->text) + ", expected " + listed(feeds),
                        nearest(feed->text, feeds));
  }
}

// `was` names a sink that is gone, and only one can be it now.
void check_former_id(const Node& node, const SinkSettings& sink, Draft& draft) {
  if (sink.was.empty()) return;
  const auto& sinks = draft.config.sinks;
  if (std::ranges::find(sinks, sink.was, &SinkSettings::id) != sinks.end()) {
    draft.reader.report(*member(node, "was"),
                        "the sink " + in_quotes(sink.was) +
                            " is still there, expected the id of one that is not any more");
    return;
  }
  const auto first = std::ranges::find(sinks, sink.was, &SinkSettings::was);
  if (&*first == &sink) return;
  draft.reader.report(*member(node, "was"), "another sink was " + in_quotes(sink.was) +
                                                " too, expected it of one of them");
}

void check_sinks(Draft& draft) {
  std::set<std::string> seen;
  for (std::size_t at = 0; at < draft.sinks.size(); ++at) {
    const Node& node = *draft.sinks[at].node;
    SinkSettings& sink = draft.config.sinks[at];
    if (!sink.id.empty() && !seen.insert(sink.id).second) {
      draft.reader.report(
          *member(node, "id"),
          "the id " + in_quotes(sink.id) + " is taken by another sink, expected another one");
    }
    check_choices(node, sink, draft);
    check_former_id(node, sink, draft);
    check_files(node, sink, draft);
    check_egress(node, draft);
  }
}

void check_page(Draft& draft) {
  if (draft.serve == nullptr) return;
  const std::string& listen = draft.config.serve.listen;
  const auto endpoint = parse_host_port(listen);
  const bool is_ours = endpoint && (endpoint->is_address || endpoint->host == "localhost");
  if (!is_ours || !endpoint->port) {
    draft.reader.report(*member(*draft.serve, "listen"),
                        in_quotes(listen) +
                            " is no address to listen at, expected an IP address with a port such "
                            "as \"127.0.0.1:8787\"");
    return;
  }
  for (const Node* name : texts_in(*draft.serve, "names")) {
    const auto host = parse_host_port(name->text);
    if (host && !host->port && !host->is_address) continue;
    draft.reader.report(
        *name, in_quotes(name->text) + " is no host name, expected one such as \"roof-pi.local\"");
  }
  const ServeSettings& serve = draft.config.serve;
  if (!serve.token_file.empty()) {
    check_secret(*draft.serve, "token_file", serve.token_file, draft);
  }
  if (is_loopback_host(endpoint->host)) return;
  const Node& at = *member(*draft.serve, "listen");
  if (serve.token_file.empty()) {
    // Earlier versions took it and served nothing; nothing listens there now either.
    draft.reader.warn(at, in_quotes(listen) +
                              " is beyond this machine and nothing listens there without a token, "
                              "expected \"token_file\" beside it, or a loopback address");
    return;
  }
  draft.reader.note(at, "whoever is on the way to " + in_quotes(listen) +
                            " can read what is served and the token, since it is not encrypted: "
                            "a tunnel (ssh -L) or a proxy with TLS before a loopback address keeps "
                            "them");
}

}  // namespace

void check_publication(Draft& draft) {
  check_feeds(draft);
  check_comparisons(draft);
  check_corrections(draft);
  check_sinks(draft);
  check_page(draft);
}

}  // namespace twinsky
