// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/health.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using Json = nlohmann::ordered_json;

// A mean of many comes near 0 without reaching it.
double rounded(double value) {
  constexpr double steps = 1000;
  return std::round(value * steps) / steps;
}

Json json_of(const SensorCounters& sensor) {
  return {{"samples", sensor.samples},
          {"superseded", sensor.superseded},
          {"faults", sensor.faults},
          {"jitter_ms", rounded(sensor.jitter_ms)},
          {"worst_jitter_ms", rounded(sensor.worst_jitter_ms)},
          {"restarts", sensor.restarts},
          {"late_answers", sensor.late_answers},
          {"slowest_answer_ms", sensor.slowest_answer.count()}};
}

Json json_of(const FeedCounters& feed) {
  return {{"state", feed.state},
          {"requests", feed.requests},
          {"not_modified", feed.not_modified},
          {"samples", feed.samples},
          {"stations", feed.stations},
          {"left_out", feed.left_out},
          {"texts_cut", feed.texts_cut},
          {"failures", feed.failures}};
}

Json json_of(const SinkStatus& sink, const SinkBacklog& backlog, UtcTime now) {
  Json document = {{"connected", sink.connected},
                   {"state", sink.state},
                   {"waiting_rows", backlog.rows},
                   {"oldest_waiting_ms", nullptr},
                   {"records_acknowledged", sink.records_acknowledged},
                   {"messages_acknowledged", sink.messages_acknowledged},
                   {"reconnects", sink.reconnects},
                   {"refused", sink.refused}};
  if (backlog.oldest) {
    document["oldest_waiting_ms"] = std::max<std::int64_t>((now - *backlog.oldest).count(), 0);
  }
  return document;
}

Json json_of(const StoreStatus& store) {
  Json document = {{"rows", store.rows},
                   {"size_bytes", store.size_bytes},
                   {"bytes_written", store.bytes_written},
                   {"queue_dropped", store.queue_dropped},
                   {"disk_fault", nullptr},
                   {"offline_days", nullptr},
                   {"ledger", store.ledger_sums},
                   {"queued", store.queued}};
  if (!store.disk_fault.empty()) document["disk_fault"] = store.disk_fault;
  if (store.offline_days) document["offline_days"] = rounded(*store.offline_days);
  return document;
}

// Only the threads in which something was thrown: mostly none.
Json exceptions_of(const std::map<std::string, GuardStatus>& stages) {
  Json document = Json::object();
  for (const auto& [name, guard] : stages) {
    if (guard.exceptions == 0) continue;
    Json& one = document[name] = {{"count", guard.exceptions}, {"problem", nullptr}};
    if (!guard.problem.empty()) one["problem"] = guard.problem;
  }
  return document;
}

}  // namespace

std::string health_document(const Snapshot& snapshot) {
  const StoreStatus& store = snapshot.store;
  Json document = {{"ts", snapshot.time.time_since_epoch().count()},
                   {"time", iso8601(snapshot.time)},
                   {"started", iso8601(snapshot.started)},
                   {"clock", snapshot.is_clock_set ? "set" : "unset"},
                   {"epoch", store.epoch},
                   {"row", store.last_row}};
  document["store"] = json_of(store);
  Json& outboxes = document["sinks"] = Json::object();
  for (const auto& [id, sink] : snapshot.sinks) {
    const auto backlog = store.sinks.find(id);
    outboxes[id] = json_of(sink, backlog == store.sinks.end() ? SinkBacklog{} : backlog->second,
                           snapshot.time);
  }
  Json& counters = document["sensors"] = Json::object();
  for (const auto& [id, sensor] : snapshot.sensors) counters[id] = json_of(sensor);
  Json& followed = document["feeds"] = Json::object();
  for (const auto& [id, feed] : snapshot.feeds) followed[id] = json_of(feed);
  document["exceptions"] = exceptions_of(snapshot.stages);
  // Bytes that are not UTF-8 become U+FFFD instead of an exception.
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace twinsky
