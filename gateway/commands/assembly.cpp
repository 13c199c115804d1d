// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/assembly.hpp"

#include "gateway/acquire/official_outlet.hpp"
#include "gateway/commands/expected_topics.hpp"
#include "gateway/store/clock_witness.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds health_every = 10s;
constexpr milliseconds first_health_after = 3s;  // when the sinks have had time to connect
// Longer than the longest commit that a slow card was ever seen to take: then the writer hangs.
constexpr milliseconds writer_patience = 60s;
// Of the time for stopping: polls and fetches, then the last commit; the rest is for the brokers.
constexpr milliseconds polls_stop_within = 700ms;
constexpr milliseconds offline_within = 500ms;

std::string first_line(const char* file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// In a rehearsal both times begin with it.
std::string boot_of(const Clock& clock, const Clock& network_clock, const std::string& boot_id) {
  return &clock == &network_clock ? boot_id : "rehearsal-from-" + iso8601(clock.utc());
}

// With what the store remembers of the time before the restart.
bool is_set(const Clock& clock, AttestedClock* attested, const Store& store) {
  const auto was = read_clock_was(store.remembered(ClockWitness::name));
  if (attested != nullptr && was) attested->remember(*was);
  return clock.is_set();
}

StoreSettings with_machine_id(StoreSettings settings) {
  if (settings.machine_id.empty()) settings.machine_id = first_line("/etc/machine-id");
  return settings;
}

std::vector<SensorSettings> sensors_on(const Config& config, const std::string& bus) {
  std::vector<SensorSettings> sensors;
  std::ranges::copy_if(config.sensors, std::back_inserter(sensors),
                       [&](const SensorSettings& sensor) { return sensor.bus == bus; });
  return sensors;
}

std::set<std::string> sensor_streams(const Config& config) {
  std::set<std::string> names;
  for (const SensorSettings& sensor : config.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) names.insert(stream.name);
  }
  return names;
}

ComparisonOutlet outlet_to(Bulletin& bulletin, Intake& intake) {
  return {
      .post =
          [&](std::string topic, std::string payload) {
            bulletin.post({.topic = std::move(topic), .payload = std::move(payload)});
          },
      .withdraw = [&](std::string_view topic) { bulletin.withdraw(topic); },
      .announce = [&](std::string_view event, std::string_view subject,
                      std::string_view message) { intake.announce(event, subject, message); },
  };
}

}  // namespace

Assembly::Assembly(Config config, Surroundings surroundings)
    : config_(std::move(config)),
      clock_(surroundings.clock),
      network_clock_(surroundings.network_clock),
      log_(surroundings.log),
      started_(clock_.utc()),
      boot_id_(first_line("/proc/sys/kernel/random/boot_id")),
      store_(with_machine_id(config_.store), clock_, log_),
      audit_(audit_file_of(config_.store.path), config_.keep_audit, network_clock_, log_),
      intake_(store_, board_, bulletin_, clock_, boot_of(clock_, network_clock_, boot_id_)),
      indices_(catalogue_, intake_, bulletin_),
      own_indices_(config_, catalogue_, store_, intake_, clock_),
      has_store_(store_.is_open()),
      health_due_(clock_.now() + first_health_after),
      clock_was_set_(is_set(clock_, surroundings.attested_clock, store_)) {
  store_.on_commit([this] { wake_sinks(); });
  store_.remember("gateway", config_.gateway.id);  // so that the file alone can be exported
  settle_sinks();
  if (!clock_was_set_) {
    log_.warning("clock", "nothing attests to the time (" + iso8601(clock_.utc()) +
                              "), or it was later already; observations wait for it up to " +
                              duration_text(config_.store.clock_wait) +
                              ". Is the network's time service running?");
  }
  post_info();
  start_sinks(config_.sinks);
  declare_topics();
  know_hourly_streams();
  hourly_ = std::make_unique<Hourly>(
      store_, [this](std::string_view name) { return hourly_stream(name); }, clock_, log_,
      [this](const std::set<UtcTime>& starts) { own_indices_.take(starts); });
  comparer_ =
      std::make_unique<Comparer>(store_, config_, outlet_to(bulletin_, intake_), clock_, log_);
  for (const BusSettings& bus : config_.buses) start_bus(bus);
  follower_ =
      std::make_unique<Follower>(config_.gateway.id, config_.feeds, std::move(surroundings.fetcher),
                                 outlet_to(intake_, indices_, bulletin_, store_), clock_, log_);
  intake_.announce("started", config_.gateway.id, "version " TWINSKY_VERSION + surroundings.remark);
}

// The store commits once more when it closes; by then there are no sinks to wake.
Assembly::~Assembly() {
  store_.on_commit({});
}

void Assembly::start_bus(const BusSettings& bus) {
  pollers_[bus.id] =
      std::make_unique<Poller>(bus, sensors_on(config_, bus.id), intake_, board_, clock_, log_);
}

// What has been known stays known: the last hour of a sensor that was removed is made too.
void Assembly::know_hourly_streams() {
  const std::lock_guard lock(hourly_mutex_);
  for (const SensorSettings& sensor : config_.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) {
      HourlyStream& hours = hourly_streams_[stream.name];
      hours = {.period = stream.period, .use_suspect = sensor.quality.use_suspect, .decimals = {}};
      hours.standard = day_standard_of(config_.gateway.jurisdiction);
      for (const Column& column : stream.columns) {
        hours.decimals[column.quantity] = decimals_of(column);
      }
    }
  }
}

std::optional<HourlyStream> Assembly::hourly_stream(std::string_view name) const {
  const std::lock_guard lock(hourly_mutex_);
  const auto found = hourly_streams_.find(name);
  if (found == hourly_streams_.end()) return std::nullopt;
  return found->second;
}

// What was changed while the gateway, or its store, was off.
void Assembly::settle_sinks() {
  for (const SinkSettings& sink : config_.sinks) take_over(sink);
  for (const auto& [id, backlog] : store_.status().sinks) {
    const bool is_configured =
        std::ranges::find(config_.sinks, id, &SinkSettings::id) != config_.sinks.end();
    if (!is_configured) take_out(id, "sink_removed");
  }
}

// A sink that had another id before goes on where that one was.
void Assembly::take_over(const SinkSettings& sink) {
  if (sink.was.empty() || !store_.rename_sink(sink.was, sink.id)) return;
  const std::string message = "was " + sink.was + " before, and goes on where that was";
  log_.notice("sink " + sink.id, message);
  intake_.announce("sink_renamed", sink.id, message);
}

// What the sink had not been sent is not lost in silence. False: there was no such sink.
bool Assembly::take_out(const std::string& sink, std::string_view cause) {
  const auto waiting = store_.remove_sink(sink, cause);
  if (!waiting) return false;
  std::string message = cause == "sink_closed" ? "nothing may go there any more"
                                               : "is not in the configuration any more";
  if (*waiting != 0) {
    message += "; " + std::to_string(*waiting) + " records had not been sent: unless it begins " +
               "again with the oldest they enter the ledger as " + std::string(cause);
    log_.warning("sink " + sink, message);
  }
  intake_.announce(cause, sink, message);
  return true;
}

void Assembly::start_sinks(const std::vector<SinkSettings>& sinks) {
  for (const SinkSettings& settings : sinks) {
    const bool was_open = settings.allow.empty() && take_out(settings.id, "sink_closed");
    auto sink = make_mqtt_sink(settings, {.gateway = config_.gateway.id,
                                          .store = store_,
                                          .bulletin = bulletin_,
                                          .clock = network_clock_,
                                          .log = log_,
                                          .audit = &audit_});
    if (settings.allow.empty() && !was_open) {
      intake_.announce("sink_closed", settings.id, sink->status().state);
    }
    const std::lock_guard lock(sinks_mutex_);
    sinks_[settings.id] = std::move(sink);
  }
  std::string closed;
  for (const SinkSettings& settings : config_.sinks) {
    if (settings.allow.empty()) closed.append(closed.empty() ? "" : " ").append(settings.id);
  }
  store_.remember("closed_sinks", closed);  // `twinsky status` says so
}

// What else a broker retains of ours belongs to what was removed, while we were off perhaps.
void Assembly::declare_topics() {
  bulletin_.declare_complete(beginnings_of_topics(config_, catalogue_));
}

void Assembly::wake_sinks() {
  const std::lock_guard lock(sinks_mutex_);
  for (const auto& [id, sink] : sinks_) sink->wake();
}

std::vector<Problem> Assembly::apply(Config next) {
  const Difference change = difference(config_, next);
  if (!change.impossible.empty()) return change.impossible;

  const std::set<std::string> before = sensor_streams(config_);
  const std::set<std::string> after = sensor_streams(next);
  config_ = std::move(next);
  know_hourly_streams();
  apply_to_buses(change);
  for (const std::string& stream : before) {
    if (!after.contains(stream)) intake_.close(stream);
  }
  if (change.feeds) follower_->change(config_.feeds);
  own_indices_.change(config_);
  comparer_->change(config_);
  apply_to_sinks(change);
  audit_.set_keep(config_.keep_audit);
  post_info();
  declare_topics();
  const std::string message =
      "configuration " + config_.hash + " is in force: " + summary_of(change);
  log_.notice("config", message);
  intake_.announce("config_applied", config_.gateway.id, message);
  return {};
}

void Assembly::apply_to_buses(const Difference& change) {
  for (const std::string& bus : change.buses.removed) pollers_.erase(bus);
  for (const BusSettings& bus : change.buses.changed) {
    pollers_.erase(bus.id);  // the device is let go before it is opened anew
    start_bus(bus);
  }
  for (const BusSettings& bus : change.buses.added) start_bus(bus);
  for (const auto& [bus, sensors] : change.sensors) {
    std::vector<SensorSettings> starting = sensors.added;
    std::ranges::copy(sensors.changed, std::back_inserter(starting));
    pollers_.at(bus)->change(std::move(starting), sensors.removed);
  }
}

void Assembly::end_sink(const std::string& id) {
  std::unique_ptr<Sink> ended;
  {
    const std::lock_guard lock(sinks_mutex_);
    ended = std::move(sinks_[id]);
    sinks_.erase(id);
  }
  if (!ended->stop(network_clock_.now() + offline_within)) {
    left_behind_.push_back(std::move(ended));  // its thread still uses what is here
  }
}

void Assembly::apply_to_sinks(const Difference& change) {
  for (const std::string& id : change.sinks.removed) end_sink(id);
  for (const SinkSettings& sink : change.sinks.added) take_over(sink);
  for (const std::string& id : change.sinks.removed) take_out(id, "sink_removed");
  for (const SinkSettings& sink : change.sinks.changed) end_sink(sink.id);
  start_sinks(change.sinks.changed);
  start_sinks(change.sinks.added);
}

void Assembly::refuse(const std::vector<Problem>& problems) {
  std::string message = "the new configuration is refused, the running one stays";
  for (const Problem& problem : problems) {
    log_.error("config", text_of(problem));
    message.append("; ").append(text_of(problem));
  }
  log_.error("config", "the new configuration is refused, the running one stays");
  intake_.announce("config_refused", config_.gateway.id, message);
}

// It was not there when the gateway started, and is now: what began without it begins again.
void Assembly::take_up_store() {
  has_store_ = true;
  std::vector<std::string> ids;
  for (const auto& [id, sink] : sinks_) ids.push_back(id);
  for (const std::string& id : ids) end_sink(id);
  settle_sinks();
  start_sinks(config_.sinks);
  intake_.revise_meta();
  log_.notice("store", "the store is there; samples are kept from now on");
}

void Assembly::tick() {
  if (!has_store_ && store_.is_open()) take_up_store();
  intake_.refresh_states();
  if (clock_.is_set() != clock_was_set_) {
    clock_was_set_ = !clock_was_set_;
    const auto* const message = clock_was_set_ ? "the time is right now" : "the time is in doubt";
    log_.notice("clock", message);
    intake_.announce(clock_was_set_ ? "clock_set" : "clock_lost", config_.gateway.id, message);
  }
  if (store_.epoch() != posted_epoch_) post_info();
  if (clock_.now() >= health_due_) post_health();
}

void Assembly::post_info() {
  posted_epoch_ = store_.epoch();
  bulletin_.post({.topic = "info", .payload = info_document(config_, boot_id_, posted_epoch_)});
}

void Assembly::post_health() {
  health_due_ = clock_.now() + health_every;
  std::map<std::string, SinkStatus> sinks;
  {
    const std::lock_guard lock(sinks_mutex_);
    for (const auto& [id, sink] : sinks_) sinks[id] = sink->status();
  }
  std::map<std::string, SensorCounters> sensors;
  for (const auto& [bus, poller] : pollers_) sensors.merge(poller->counters());
  const StoreStatus store = store_.status();
  bulletin_.post({.topic = "health",
                  .payload = health_document(store, sinks, sensors, clock_.utc(), started_,
                                             clock_was_set_, follower_->counters()),
                  .retain = Retain::expiring,
                  .qos = 0,
                  .expiry = 3 * health_every});
  std::uint64_t waiting = 0;
  for (const auto& [id, backlog] : store.sinks) waiting = std::max(waiting, backlog.rows);
  summary_ = std::to_string(config_.sensors.size()) + " sensors, " + std::to_string(waiting) +
             " records waiting" + (store.disk_fault.empty() ? "" : ", disk: " + store.disk_fault);
}

bool Assembly::is_alive() const {
  return clock_.now() - store_.alive() < writer_patience;
}

std::vector<std::string> Assembly::stop(MonotonicTime deadline) {
  std::vector<std::string> hung;
  for (const auto& [bus, poller] : pollers_) poller->request_stop();
  follower_->request_stop();
  hourly_->request_stop();
  comparer_->request_stop();
  const MonotonicTime polls_deadline = clock_.now() + polls_stop_within;
  const auto has_stopped = [&] {
    return follower_->has_stopped() && hourly_->has_stopped() && comparer_->has_stopped() &&
           std::ranges::all_of(pollers_,
                               [](const auto& each) { return each.second->has_stopped(); });
  };
  while (!has_stopped() && clock_.now() < polls_deadline) {
    clock_.pause_until(clock_.now() + 5ms, {});
  }
  for (const auto& [bus, poller] : pollers_) {
    if (!poller->has_stopped()) hung.push_back("bus " + bus);
  }
  if (!follower_->has_stopped()) hung.emplace_back("feeds");
  if (!hourly_->has_stopped()) hung.emplace_back("hours");
  if (!comparer_->has_stopped()) hung.emplace_back("comparisons");
  intake_.announce("stopped", config_.gateway.id, "asked to stop");
  if (!store_.flush(deadline - offline_within - 100ms)) hung.emplace_back("store");

  std::map<std::string, std::unique_ptr<Sink>> sinks;
  {
    const std::lock_guard lock(sinks_mutex_);
    sinks.swap(sinks_);
  }
  {
    const MonotonicTime sinks_deadline =
        network_clock_.now() +
        std::min<MonotonicTime::duration>(deadline - clock_.now(), offline_within);
    std::mutex hung_mutex;
    std::vector<std::jthread> stopping;
    stopping.reserve(sinks.size());
    for (const auto& [id, sink] : sinks) {
      stopping.emplace_back([&, sinks_deadline] {
        if (sink->stop(sinks_deadline)) return;
        const std::lock_guard lock(hung_mutex);
        hung.push_back("sink " + id);
      });
    }
  }
  for (const auto& sink : left_behind_) {
    if (!sink->stop(network_clock_.now())) hung.emplace_back("a sink of an earlier configuration");
  }
  store_.flush(deadline);  // the cursors
  audit_.request_stop();
  while (!audit_.has_stopped() && clock_.now() < deadline) {
    clock_.pause_until(clock_.now() + 5ms, {});
  }
  if (!audit_.has_stopped()) hung.emplace_back("audit");
  return hung;
}

}  // namespace twinsky
