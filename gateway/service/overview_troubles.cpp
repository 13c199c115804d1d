// SPDX-License-Identifier: Apache-2.0
// What is wrong, worst first, each with what to do about it.
#include "gateway/service/overview.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/fault_words.hpp"
#include "gateway/text/roughly.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

using Trouble = Overview::Trouble;
using Severity = Trouble::Severity;

// Less time than it takes to notice and to come by.
constexpr double least_offline_days = 2;

std::string remedy_of(std::string_view cause, const Overview::Sensor& sensor) {
  const auto is = [&](Fault fault) { return cause == name_of(fault); };
  const std::string ask = "then run: twinsky read " + sensor.id;
  if (is(Fault::no_response) || is(Fault::nack)) {
    return "Look at its cable, its power and whether \"" + sensor.bus + "\" is its bus, " + ask;
  }
  if (is(Fault::checksum) || is(Fault::truncated) || is(Fault::framing)) {
    return "What comes is no answer of a " + sensor.driver +
           ": look for a loose wire, a wrong baud rate or another device on the line, " + ask;
  }
  if (is(Fault::unsupported)) {
    return "Another device answers: compare its label with \"driver\": \"" + sensor.driver + "\"";
  }
  if (is(Fault::sensor_fault)) {
    return "The device says that a part of it failed: take its power away and give it back; when "
           "that does not help, replace it";
  }
  return "Look at its cable and its power, " + ask;
}

Trouble trouble_of(const Overview& overview, const Overview::Sensor& sensor) {
  Trouble trouble;
  trouble.code = "sensor_lost";
  trouble.about = sensor.id;
  const std::string why = with_fault_in_words(sensor.detail.empty() ? sensor.cause : sensor.detail);
  if (sensor.age) {
    trouble.text = sensor.id + " has been lost for " + roughly(*sensor.age);
    trouble.since = overview.time - *sensor.age;
  } else {
    trouble.text = sensor.id + " has not been heard since the start";
    trouble.since = overview.started;
  }
  if (!why.empty()) trouble.text += ": " + why;
  // Before samples are missed its cause is the first word of what is told; a bus that is gone has
  // none, and is silence.
  std::string cause = sensor.cause;
  if (cause.empty()) cause = sensor.detail.substr(0, sensor.detail.find(':'));
  if (!fault_named(cause)) cause = name_of(Fault::no_response);
  trouble.remedy = remedy_of(cause, sensor);
  trouble.arguments = {{"sensor", sensor.id}, {"cause", cause}, {"detail", sensor.detail}};
  trouble.arguments["age_ms"] = sensor.age ? Json(sensor.age->count()) : Json();
  return trouble;
}

void add_sensors(std::vector<Trouble>& troubles, const Overview& overview) {
  for (const Overview::Sensor& sensor : overview.sensors) {
    if (sensor.state == Overview::SensorState::lost) {
      troubles.push_back(trouble_of(overview, sensor));
      continue;
    }
    for (const Overview::Value& each : sensor.values) {
      if (each.flag != Flag::fail) continue;
      const std::string quantity(name_of(each.quantity));
      troubles.push_back(
          {.code = "reading_fails",
           .about = sensor.id,
           .severity = Severity::warning,
           .text = sensor.id + ": " + quantity + " fails its check" +
                   (each.reason.empty() ? "" : " (" + each.reason + ")") +
                   "; it is kept, marked, and counts for nothing",
           .remedy = "Look at the sensor and at its checks under \"quality\"",
           .since = each.time,
           .arguments = {{"sensor", sensor.id}, {"quantity", quantity}, {"reason", each.reason}}});
    }
  }
}

void add_sinks(std::vector<Trouble>& troubles, const Overview& overview) {
  for (const Overview::Sink& sink : overview.sinks) {
    const bool is_refused = sink.state == Overview::SinkState::refused;
    if (!is_refused && sink.state != Overview::SinkState::pausing) continue;
    Trouble& trouble = troubles.emplace_back();
    trouble = {.code = is_refused ? "sink_refused" : "sink_away",
               .about = sink.id,
               .text = "sink " + sink.id + " is not connected: " + sink.detail + "; " +
                       counted(sink.waiting, "record waits", "records wait") + " in the store",
               .remedy = is_refused ? "Look at user name, password, certificate and rights there"
                                    : "Look at the network and at the broker; it is tried again "
                                      "all the time, and nothing is lost meanwhile",
               .since = sink.oldest,
               .arguments = {{"sink", sink.id}, {"detail", sink.detail}}};
    trouble.arguments["waiting"] = sink.waiting;
  }
}

void add_feeds(std::vector<Trouble>& troubles, const Overview& overview, const Snapshot& snapshot) {
  for (const Overview::Feed& feed : overview.feeds) {
    const auto counters = snapshot.feeds.find(feed.feed);
    const std::string cause = counters == snapshot.feeds.end() ? "" : counters->second.state;
    const Json arguments = {{"feed", feed.feed}, {"cause", cause}, {"detail", feed.detail}};
    if (feed.state == Overview::FeedState::failing) {
      const bool is_ours = cause == name_of(FeedFault::no_secret);
      troubles.push_back({.code = "feed_failing",
                          .about = feed.feed,
                          .text = "feed " + feed.feed + " gives nothing: " + feed.detail,
                          .remedy = is_ours ? "Put its key where the configuration says, readable "
                                              "by the gateway alone"
                                            : "Look at the network; when that is well it is the "
                                              "agency's, and passes by itself",
                          .since = feed.newest,
                          .arguments = arguments});
    } else if (feed.state == Overview::FeedState::late) {
      troubles.push_back({.code = "feed_late",
                          .about = feed.feed,
                          .severity = Severity::warning,
                          .text = "feed " + feed.feed + " answers, and has nothing new" +
                                  (feed.newest ? " since " + iso8601(*feed.newest) : ""),
                          .remedy = "It is the agency's, and passes by itself",
                          .since = feed.newest,
                          .arguments = arguments});
    }
    if (counters == snapshot.feeds.end()) continue;
    for (const std::string& station : counters->second.missing) {
      troubles.push_back(
          {.code = "station_missing",
           .about = feed.feed + "/" + station,
           .severity = Severity::warning,
           .text = "station " + station + " is not in what " + feed.feed + " publishes",
           .remedy = "Compare its id with: twinsky stations " + feed.feed,
           .arguments = {{"feed", feed.feed}, {"station", station}}});
    }
  }
}

void add_store(std::vector<Trouble>& troubles, const Overview& overview) {
  const StoreStatus& store = overview.store;
  if (!store.disk_fault.empty()) {
    troubles.push_back({.code = "disk_fault",
                        .about = overview.store_path,
                        .text = overview.store_path + " cannot be written: " + store.disk_fault +
                                "; " + counted(store.queued, "sample waits", "samples wait") +
                                " in memory, and then the oldest are lost",
                        .remedy = "Look at its disk: is it full, mounted read-only, or failing?",
                        .arguments = {{"path", overview.store_path},
                                      {"detail", store.disk_fault},
                                      {"queued", store.queued}}});
  }
  if (store.offline_days && *store.offline_days < least_offline_days) {
    const auto hours = milliseconds(static_cast<std::int64_t>(*store.offline_days * 86'400'000));
    troubles.push_back({.code = "store_soon_full",
                        .about = overview.store_path,
                        .severity = Severity::warning,
                        .text = "what sinks have not seen is kept for about " + roughly(hours) +
                                " more; then the oldest records are lost to them",
                        .remedy = "Let the sinks connect, or raise \"max_size\" of \"store\"",
                        .arguments = {{"days", *store.offline_days}}});
  }
  if (!overview.is_clock_set) {
    troubles.push_back({.code = "clock_unset",
                        .about = overview.gateway,
                        .severity = Severity::warning,
                        .text = "nothing attests to the time; observations wait for it",
                        .remedy = "Is the network's time service running? See: timedatectl",
                        .since = overview.started});
  }
}

// What nobody expected; the thread goes on all the same.
void add_stages(std::vector<Trouble>& troubles, const Snapshot& snapshot) {
  for (const auto& [name, guard] : snapshot.stages) {
    if (guard.problem.empty()) continue;
    troubles.push_back({.code = "stage_fails",
                        .about = name,
                        .text = name + " does not work: " + guard.problem,
                        .remedy = "It is tried again all the time; please report it with the log",
                        .arguments = {{"stage", name}, {"detail", guard.problem}}});
  }
}

void add_verdicts(std::vector<Trouble>& troubles, const Overview& overview) {
  for (const Overview::Comparison& each : overview.comparisons) {
    if (each.verdict != "faulty" && each.verdict != "contradicts" && each.verdict != "drifting") {
      continue;
    }
    const std::string station = each.feed + "/" + each.station;
    troubles.push_back({.code = "comparison_" + each.verdict,
                        .about = each.sensor,
                        .severity = Severity::warning,
                        .text = each.sensor + ": " + each.quantity + " beside " + station +
                                " is judged " + each.verdict,
                        .remedy = "See why: twinsky report " + each.sensor,
                        .arguments = {{"sensor", each.sensor},
                                      {"quantity", each.quantity},
                                      {"station", station},
                                      {"verdict", each.verdict}}});
  }
}

}  // namespace

std::optional<Trouble> nothing_to_read(const Config& config) {
  if (!config.sensors.empty() || !config.feeds.empty()) return std::nullopt;
  const std::string file = config.files.empty() ? "the configuration" : config.files.front();
  return Trouble{
      .code = "nothing_to_read",
      .about = "configuration",
      .severity = Severity::warning,
      .text = "no sensor and no official source is configured yet: there is nothing to read",
      .remedy = "Run: sudo twinsky config init, or write it by hand into " + file +
                "; the gateway takes it over by itself",
      .arguments = {{"file", file}}};
}

std::vector<Trouble> troubles_of(const Overview& overview, const Snapshot& snapshot,
                                 const Config& config) {
  std::vector<Trouble> troubles;
  add_store(troubles, overview);
  add_sensors(troubles, overview);
  add_sinks(troubles, overview);
  add_feeds(troubles, overview, snapshot);
  add_stages(troubles, snapshot);
  add_verdicts(troubles, overview);
  if (auto nothing = nothing_to_read(config)) troubles.push_back(std::move(*nothing));
  for (const Problem& problem : config.warnings) {
    troubles.push_back({.code = "configuration",
                        .about = problem.pointer,
                        .severity = Severity::warning,
                        .text = text_of(problem),
                        .remedy = "Mend it, then run: twinsky check",
                        .arguments = {{"problem", text_of(problem)}}});
  }
  std::ranges::stable_sort(troubles, {}, &Trouble::severity);
  return troubles;
}

}  // namespace twinsky
