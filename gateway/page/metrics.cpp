// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <set>
#include <utility>

namespace twinsky {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
using std::chrono::duration;

struct UnitWords {
  std::string_view ucum;
  std::string_view suffix;
};
// Of every unit of the catalogue, as metrics are named; a number of nothing has none.
constexpr auto unit_words = std::to_array<UnitWords>({
    {"ug/m3", "_micrograms_per_cubic_metre"},
    {"/cm3", "_per_cubic_centimetre"},
    {"[ppb]", "_parts_per_billion"},
    {"[ppm]", "_parts_per_million"},
    {"Ohm", "_ohms"},
    {"Cel", "_celsius"},
    {"%", "_percent"},
    {"hPa", "_hectopascals"},
    {"m/s", "_metres_per_second"},
    {"deg", "_degrees"},
    {"mm", "_millimetres"},
    {"mm/h", "_millimetres_per_hour"},
    {"lx", "_lux"},
    {"W/m2", "_watts_per_square_metre"},
    {"dB[SPL]", "_decibels"},
    {"V", "_volts"},
});

// Whatever a stranger has named, a label ends where it should.
void append_label(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
}

// All lines of a metric stand together, behind what it is.
class Exposition {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }
  void add(double value, Labels labels = {}) {
    text_ += name_;
    char separator = '{';
    for (const auto& [label, of] : labels) {
      text_ += std::exchange(separator, ',');
      text_.append(label).append("=\"");
      append_label(text_, of);
      text_ += '"';
    }
    if (labels.size() != 0) text_ += '}';
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text_.append(" ").append(digits.data(), end).append("\n");
  }
  template <class Number>
    requires(!std::same_as<Number, double>)
  void add(Number value, Labels labels = {}) {
    add(static_cast<double>(value), labels);
  }
  // A metric of one figure.
  template <class Number>
  void one(std::string_view name, std::string_view type, std::string_view help, Number value) {
    begin(name, type, help);
    add(value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

double seconds_of(milliseconds time) {
  return duration<double>(time).count();
}

void add_store(Exposition& out, const StoreStatus& store, UtcTime now) {
  out.one("twinsky_store_rows", "gauge", "Records kept.", store.rows);
  out.one("twinsky_store_size_bytes", "gauge", "Size of the store's file.", store.size_bytes);
  out.one("twinsky_store_written_bytes_total", "counter", "Bytes written since the start.",
          store.bytes_written);
  out.one("twinsky_store_queued_samples", "gauge", "Samples in memory that no commit holds yet.",
          store.queued);
  out.one("twinsky_store_queue_dropped_total", "counter",
          "Samples that the full queue has dropped since the start.", store.queue_dropped);
  out.one("twinsky_store_disk_fault", "gauge", "1 while the disk takes nothing.",
          store.disk_fault.empty() ? 0 : 1);
  if (store.offline_days) {
    out.one("twinsky_store_offline_seconds", "gauge",
            "How long the sinks may stay away until a cap takes what they have not seen.",
            *store.offline_days * 86400);
  }
  out.begin("twinsky_ledger_samples_total", "counter", "Samples known to be missing, by cause.");
  for (const auto& [cause, count] : store.ledger_sums) out.add(count, {{"cause", cause}});
  out.begin("twinsky_sink_waiting_records", "gauge", "Records that a sink has not had yet.");
  for (const auto& [id, backlog] : store.sinks) out.add(backlog.rows, {{"sink", id}});
  out.begin("twinsky_sink_oldest_waiting_seconds", "gauge",
            "Age of the oldest record that a sink has not had yet; 0: none waits.");
  for (const auto& [id, backlog] : store.sinks) {
    const milliseconds age =
        backlog.oldest ? std::max(now - *backlog.oldest, milliseconds(0)) : milliseconds(0);
    out.add(seconds_of(age), {{"sink", id}});
  }
}

void add_sinks(Exposition& out, const std::map<std::string, SinkStatus>& sinks) {
  const auto of_each = [&](std::string_view name, std::string_view type, std::string_view help,
                           auto value) {
    out.begin(name, type, help);
    for (const auto& [id, sink] : sinks) out.add(value(sink), {{"sink", id}});
  };
  of_each("twinsky_sink_connected", "gauge", "1 while connected.",
          [](const SinkStatus& sink) { return sink.connected ? 1 : 0; });
  of_each("twinsky_sink_records_acknowledged_total", "counter", "Records that have arrived.",
          [](const SinkStatus& sink) { return sink.records_acknowledged; });
  of_each("twinsky_sink_messages_acknowledged_total", "counter", "Messages that have arrived.",
          [](const SinkStatus& sink) { return sink.messages_acknowledged; });
  of_each("twinsky_sink_reconnects_total", "counter", "Connections after the first.",
          [](const SinkStatus& sink) { return sink.reconnects; });
  of_each("twinsky_sink_refused_total", "counter", "Messages that were refused.",
          [](const SinkStatus& sink) { return sink.refused; });
}

void add_sensors(Exposition& out, const std::map<std::string, SensorCounters>& sensors) {
  out.begin("twinsky_sensor_samples_total", "counter", "Samples since the start.");
  for (const auto& [id, sensor] : sensors) out.add(sensor.samples, {{"sensor", id}});
  out.begin("twinsky_sensor_faults_total", "counter", "Failed samples since the start, by fault.");
  for (const auto& [id, sensor] : sensors) {
    for (const auto& [fault, count] : sensor.faults) {
      out.add(count, {{"sensor", id}, {"fault", fault}});
    }
  }
  out.begin("twinsky_sensor_restarts_total", "counter", "Times that a sensor was started again.");
  for (const auto& [id, sensor] : sensors) out.add(sensor.restarts, {{"sensor", id}});
  out.begin("twinsky_sensor_jitter_seconds", "gauge", "Mean deviation of a poll from its time.");
  for (const auto& [id, sensor] : sensors) {
    out.add(sensor.jitter_ms / 1000, {{"sensor", id}});
  }
  out.begin("twinsky_sensor_worst_jitter_seconds", "gauge", "The largest since the start.");
  for (const auto& [id, sensor] : sensors) {
    out.add(sensor.worst_jitter_ms / 1000, {{"sensor", id}});
  }
}

std::string flag_of(Flag flag) {
  return std::to_string(static_cast<int>(flag));
}

// Streams of sensors and their channels, by their ids.
std::map<std::string, const StreamSnapshot*> own_streams(const Snapshot& snapshot) {
  constexpr std::string_view own = "sensor/";
  std::map<std::string, const StreamSnapshot*> streams;
  for (const auto& [name, stream] : snapshot.streams) {
    if (name.starts_with(own)) streams.emplace(name.substr(own.size()), &stream);
  }
  return streams;
}

void add_readings(Exposition& out, const Snapshot& snapshot) {
  const auto streams = own_streams(snapshot);
  out.begin("twinsky_sensor_age_seconds", "gauge", "Age of a sensor's newest reading.");
  for (const auto& [id, stream] : streams) {
    if (stream->age) out.add(seconds_of(*stream->age), {{"sensor", id}});
  }
  std::set<Quantity> present;
  for (const auto& [id, stream] : streams) {
    for (const auto& value : stream->values) present.insert(value.latest.reading.quantity);
  }
  for (const Quantity quantity : present) {
    const std::string help = "Newest " + std::string(name_of(quantity)) +
                             " of a sensor, raw; flag as QARTOD has it, not there when absent.";
    out.begin(metric_of(quantity), "gauge", help);
    for (const auto& [id, stream] : streams) {
      for (const auto& value : stream->values) {
        const Reading& reading = value.latest.reading;
        if (reading.quantity != quantity || !reading.value) continue;
        out.add(*reading.value, {{"sensor", id}, {"flag", flag_of(reading.flag)}});
      }
    }
  }
}

void add_feeds(Exposition& out, const std::map<std::string, FeedCounters>& feeds) {
  const auto of_each = [&](std::string_view name, std::string_view type, std::string_view help,
                           auto value) {
    out.begin(name, type, help);
    for (const auto& [id, feed] : feeds) out.add(value(feed), {{"feed", id}});
  };
  of_each("twinsky_feed_requests_total", "counter", "Requests to an official source.",
          [](const FeedCounters& feed) { return feed.requests; });
  of_each("twinsky_feed_samples_total", "counter", "Official samples taken.",
          [](const FeedCounters& feed) { return feed.samples; });
  of_each("twinsky_feed_stations", "gauge", "Stations that are followed now.",
          [](const FeedCounters& feed) { return feed.stations; });
  of_each("twinsky_feed_fresh", "gauge", "1 while what it says is of now.",
          [](const FeedCounters& feed) { return feed.state == "fresh" ? 1 : 0; });
  out.begin("twinsky_feed_failures_total", "counter", "Failures of an official source, by kind.");
  for (const auto& [id, feed] : feeds) {
    for (const auto& [fault, count] : feed.failures) {
      out.add(count, {{"feed", id}, {"fault", fault}});
    }
  }
}

}  // namespace

std::string metric_of(Quantity quantity) {
  const QuantityInfo& info = info_of(quantity);
  const auto* const words = std::ranges::find(unit_words, info.ucum, &UnitWords::ucum);
  std::string name = "twinsky_" + std::string(info.name);
  if (words != unit_words.end()) name += words->suffix;
  return name;
}

std::string metrics_text(const Snapshot& snapshot) {
  Exposition out;
  out.begin("twinsky_build_info", "gauge", "1, with the version of the program.");
  out.add(1, {{"version", TWINSKY_VERSION}});
  out.one("twinsky_start_time_seconds", "gauge", "When the gateway started, since 1970.",
          seconds_of(snapshot.started.time_since_epoch()));
  out.one("twinsky_snapshot_time_seconds", "gauge", "Of when these figures are, since 1970.",
          seconds_of(snapshot.time.time_since_epoch()));
  out.one("twinsky_clock_set", "gauge", "1 when something attests to the time.",
          snapshot.is_clock_set ? 1 : 0);
  add_store(out, snapshot.store, snapshot.time);
  add_sinks(out, snapshot.sinks);
  add_sensors(out, snapshot.sensors);
  add_readings(out, snapshot);
  add_feeds(out, snapshot.feeds);
  out.begin("twinsky_thread_exceptions_total", "counter", "What nobody expected, by thread.");
  for (const auto& [name, guard] : snapshot.stages) out.add(guard.exceptions, {{"thread", name}});
  return out.take();
}

std::vector<std::string> why_not_ready(const Snapshot& snapshot, const Config& config) {
  std::vector<std::string> reasons;
  if (!snapshot.store.disk_fault.empty()) {
    reasons.push_back("the store keeps nothing: " + snapshot.store.disk_fault);
  }
  for (const SensorSettings& settings : config.sensors) {
    const auto stream = snapshot.streams.find("sensor/" + settings.id);
    if (stream != snapshot.streams.end() && stream->second.age) continue;
    reasons.push_back("sensor " + settings.id + " has not answered yet");
  }
  for (const SinkSettings& settings : config.sinks) {
    const auto sink = snapshot.sinks.find(settings.id);
    if (settings.allow.empty() || sink == snapshot.sinks.end() || sink->second.connected) continue;
    reasons.push_back("sink " + settings.id + ": " + sink->second.state);
  }
  return reasons;
}

}  // namespace twinsky
