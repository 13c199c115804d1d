// SPDX-License-Identifier: Apache-2.0
#include "gateway/service/assembly.hpp"

#include "gateway/acquire/official_outlet.hpp"
#include "gateway/page/site.hpp"
#include "gateway/service/expected_topics.hpp"
#include "gateway/sinks/health.hpp"
#include "gateway/store/clock_witness.hpp"
#include "gateway/system/events.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

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
// Some more than sinks take for that: what has not ended then hangs.
constexpr milliseconds sinks_stop_within = offline_within + 50ms;
constexpr milliseconds sink_leaves_within = 700ms;  // on a change, where nobody waits for it
constexpr milliseconds page_leaves_within = 2s;
constexpr milliseconds leaves_within = 3s;  // what takes longer is looked at less often

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

// The port itself, under whatever name: two threads that open it would take each other's bytes.
std::string place_of(const BusSettings& bus) {
  return "port " + bus.address;
}
std::string place_of_sink(const std::string& id) {
  return "sink " + id;
}
constexpr std::string_view place_of_page = "page";

std::set<std::string> sensor_streams(const Config& config) {
  std::set<std::string> names;
  for (const SensorSettings& sensor : config.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) names.insert(stream.name);
  }
  return names;
}

ComparisonOutlet outlet_to(Bulletin& bulletin, Intake& intake, Log& log) {
  return {
      .post =
          [&](std::string topic, std::string payload) {
            bulletin.post({.topic = std::move(topic), .payload = std::move(payload)});
          },
      .withdraw = [&](std::string_view topic) { bulletin.withdraw(topic); },
      .announce =
          [&](std::string_view event, std::string_view subject, std::string_view message) {
            log_event(log, LogLevel::notice, event, subject, message);
            intake.announce(event, subject, message);
          },
  };
}

}  // namespace

Assembly::Assembly(Config config, Surroundings surroundings)
    : config_(std::move(config)),
      clock_(surroundings.clock),
      network_clock_(surroundings.network_clock),
      log_(surroundings.log),
      guard_("main loop", clock_, log_),
      started_(clock_.utc()),
      boot_id_(first_line("/proc/sys/kernel/random/boot_id")),
      remark_(std::move(surroundings.remark)),
      bus_maker_(std::move(surroundings.bus_maker)),
      control_path_(control_path(config_.store.path, surroundings.runtime_directory)),
      fetcher_(std::move(surroundings.fetcher)),
      store_(with_machine_id(config_.store), clock_, log_),
      audit_(audit_file_of(config_.store.path), config_.keep_audit, network_clock_, log_,
             config_.gateway.zone),
      intake_(store_, latest_values_, bulletin_, clock_, boot_of(clock_, network_clock_, boot_id_),
              config_.gateway.id),
      indices_(catalogue_, intake_, bulletin_, log_),
      own_indices_(config_, catalogue_, store_, intake_, clock_),
      overview_maker_(std::in_place, config_, catalogue_),
      has_store_(store_.is_open()),
      health_due_(clock_.now() + first_health_after),
      clock_was_set_(is_set(clock_, surroundings.attested_clock, store_)) {}

void Assembly::start() {
  store_.on_commit([this] {
    committed_at_ = clock_.now();
    wake_sinks();
  });
  store_.remember("gateway", config_.gateway.id);  // so that the file alone can be exported
  catch_up_with_sinks();
  if (!clock_was_set_) {
    log_.warning("clock", "nothing attests to the time (" + iso8601(clock_.utc()) +
                              "), or it was later already; observations wait for it up to " +
                              duration_text(config_.store.clock_wait) +
                              ". Is the network's time service running?");
  }
  post_info();
  for (const SinkSettings& sink : config_.sinks) start_sink(sink);
  remember_closed_sinks();
  declare_topics();
  know_hourly_streams();
  hourly_ = std::make_unique<Hourly>(
      store_, [this](std::string_view name) { return hourly_stream(name); }, clock_, log_,
      [this](const std::set<UtcTime>& starts) { own_indices_.take(starts); },
      Calendar{.zone =
                   [this] {
                     const std::lock_guard lock(hourly_mutex_);
                     return zone_;
                   },
               .announce =
                   [this, gateway = config_.gateway.id](std::string_view message) {
                     log_event(log_, LogLevel::notice, "zone_changed", gateway, message);
                     intake_.announce("zone_changed", gateway, message);
                   }});
  comparer_ = std::make_unique<Comparer>(store_, config_, outlet_to(bulletin_, intake_, log_),
                                         clock_, log_);
  warnings_.emplace(config_, store_, intake_, clock_, log_);
  for (const BusSettings& bus : config_.buses) start_bus(bus);
  FollowerOutlet outlet = outlet_to(intake_, indices_, bulletin_, store_);
  outlet.warn = [this, tell = std::move(outlet.warn)](std::string_view feed,
                                                      const std::vector<Warning>* in_force) {
    tell(feed, in_force);
    warnings_->take(feed, in_force);
  };
  follower_ = std::make_unique<Follower>(config_.gateway.id, config_.feeds, std::move(fetcher_),
                                         std::move(outlet), clock_, log_);
  control_ = std::make_unique<ControlSocket>(control_path_, control_answer(published_overview_),
                                             network_clock_, log_);
  start_page();
  const std::string message = "version " TWINSKY_VERSION + remark_;
  log_event(log_, LogLevel::notice, "started", config_.gateway.id, message);
  intake_.announce("started", config_.gateway.id, message);
  if (const auto nothing = nothing_to_read(config_)) {
    log_.notice("gateway", nothing->text + ". " + nothing->remedy);
  }
}

void Assembly::start_page() {
  if (config_.serve.listen.empty()) return;
  publish();
  page_ = serve_page(page_sources());
}

// Its port is let go before it is opened anew.
void Assembly::restart_page() {
  if (is_held(place_of_page)) return;  // it begins when that has ended
  if (!page_) return start_page();
  put_aside(std::move(page_), std::string(place_of_page), network_clock_.now() + page_leaves_within,
            [this] { start_page(); });
}

PageSources Assembly::page_sources() {
  const auto newest = [this](auto member) {
    return [this, member] {
      const std::lock_guard lock(shown_mutex_);
      return this->*member;
    };
  };
  return {.now = [this] { return *published_overview_.newest_json(); },
          .snapshot = newest(&Assembly::shown_snapshot_),
          .config = newest(&Assembly::shown_config_),
          .store = store_,
          .clock = clock_,
          .log = log_};
}

// The store commits once more when it closes; by then there are no sinks to wake.
Assembly::~Assembly() {
  store_.on_commit({});
}

void Assembly::start_bus(const BusSettings& bus) {
  buses_[bus.id] = {.poller = std::make_unique<Poller>(bus, sensors_on(config_, bus.id), intake_,
                                                       latest_values_, clock_, log_, bus_maker_),
                    .place = place_of(bus)};
}

// What has been known stays known: the last hour of a sensor that was removed is made too.
void Assembly::know_hourly_streams() {
  const std::lock_guard lock(hourly_mutex_);
  zone_ = config_.gateway.zone;
  for (auto& [name, hours] : hourly_streams_) hours.standard.zone = zone_;  // of removed ones too
  for (const SensorSettings& sensor : config_.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) {
      HourlyStream& hours = hourly_streams_[stream.name];
      hours = {.period = stream.period, .use_suspect = sensor.quality.use_suspect, .decimals = {}};
      hours.standard = day_standard_of(config_.gateway.jurisdiction, zone_);
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
void Assembly::catch_up_with_sinks() {
  for (const SinkSettings& sink : config_.sinks) take_over(sink);
  for (const auto& [id, backlog] : store_.status().sinks) {
    const bool is_configured =
        std::ranges::find(config_.sinks, id, &SinkSettings::id) != config_.sinks.end();
    if (!is_configured) take_out(id, "sink_removed");
  }
}

// A sink that had another id before goes on where that one was. False: there was no such one.
bool Assembly::take_over(const SinkSettings& sink) {
  if (sink.was.empty() || !store_.rename_sink(sink.was, sink.id)) return false;
  const std::string message = "was " + sink.was + " before, and goes on where that was";
  log_event(log_, LogLevel::notice, "sink_renamed", sink.id, message);
  intake_.announce("sink_renamed", sink.id, message);
  return true;
}

// What the sink had not been sent is not lost in silence. False: there was no such sink.
bool Assembly::take_out(const std::string& sink, std::string_view cause) {
  const auto waiting = store_.remove_sink(sink, cause);
  if (!waiting) return false;
  std::string message = cause == "sink_closed" ? "nothing may go there any more"
                                               : "is not in the configuration any more";
  if (*waiting != 0) {
    message += "; " + counted(*waiting, "record") + " had not been sent: unless it begins " +
               "again with the oldest, what may go there of them enters the ledger as " +
               std::string(cause);
  }
  log_event(log_, *waiting == 0 ? LogLevel::notice : LogLevel::warning, cause, sink, message);
  intake_.announce(cause, sink, message);
  return true;
}

void Assembly::start_sink(const SinkSettings& settings) {
  const bool was_open = settings.allow.empty() && take_out(settings.id, "sink_closed");
  auto sink = make_sink(settings, {.gateway = config_.gateway.id,
                                   .store = store_,
                                   .bulletin = bulletin_,
                                   .clock = network_clock_,
                                   .log = log_,
                                   .audit = &audit_});
  if (settings.allow.empty() && !was_open) {
    log_event(log_, LogLevel::notice, "sink_closed", settings.id, sink->status().state);
    intake_.announce("sink_closed", settings.id, sink->status().state);
  }
  const std::lock_guard lock(sinks_mutex_);
  sinks_[settings.id] = std::move(sink);
}

// `twinsky status` says so.
void Assembly::remember_closed_sinks() {
  std::string closed;
  for (const SinkSettings& settings : config_.sinks) {
    if (settings.allow.empty()) closed.append(closed.empty() ? "" : " ").append(settings.id);
  }
  store_.remember("closed_sinks", closed);
}

// What else a broker retains of ours belongs to what was removed, while we were off perhaps.
void Assembly::declare_topics() {
  bulletin_.declare_complete(beginnings_of_topics(config_, catalogue_), former_topics(config_));
}

void Assembly::wake_sinks() {
  const std::lock_guard lock(sinks_mutex_);
  for (const auto& [id, sink] : sinks_) sink->wake();
}

std::vector<Problem> Assembly::apply(Config next) {
  const Difference change = difference(config_, next);
  if (!change.impossible.empty()) return change.impossible;

  const std::set<std::string> before = sensor_streams(config_);
  config_ = std::move(next);
  know_hourly_streams();
  apply_to_buses(change, before);
  close_streams_of_no_sensor(before);
  if (change.feeds) follower_->change(config_.feeds);
  warnings_->follow(config_);
  own_indices_.change(config_);
  comparer_->change(config_);
  apply_to_sinks(change);
  overview_maker_.emplace(config_, catalogue_);
  publish();
  if (change.serve) restart_page();
  start_what_may();
  audit_.set_keep(config_.keep_audit);
  audit_.set_zone(config_.gateway.zone);
  post_info();
  declare_topics();
  const std::string message =
      "configuration " + config_.hash + " is in force: " + summary_of(change);
  log_event(log_, LogLevel::notice, "config_applied", config_.gateway.id, message);
  intake_.announce("config_applied", config_.gateway.id, message);
  return {};
}

void Assembly::apply_to_buses(const Difference& change,
                              const std::set<std::string>& streams_before) {
  const auto end = [&](const std::string& id) {
    const auto found = buses_.find(id);
    if (found == buses_.end()) return;  // it had not begun yet
    RunningBus bus = std::move(found->second);
    buses_.erase(found);
    // A port is let go by its device before it is opened anew, however long that takes. What the
    // thread was in the middle of may have opened a stream once more.
    put_aside(std::move(bus.poller), std::move(bus.place), MonotonicTime::max(),
              [this, streams_before] { close_streams_of_no_sensor(streams_before); });
  };
  for (const std::string& bus : change.buses.removed) end(bus);
  for (const BusSettings& bus : change.buses.changed) end(bus.id);
  for (const auto& [bus, sensors] : change.sensors) {
    const auto found = buses_.find(bus);
    if (found == buses_.end()) continue;  // it begins with all that are configured then
    std::vector<SensorSettings> starting = sensors.added;
    std::ranges::copy(sensors.changed, std::back_inserter(starting));
    found->second.poller->change(std::move(starting), sensors.removed);
  }
}

void Assembly::close_streams_of_no_sensor(const std::set<std::string>& streams) {
  const std::set<std::string> configured = sensor_streams(config_);
  for (const std::string& stream : streams) {
    if (!configured.contains(stream)) intake_.close(stream);
  }
}

void Assembly::end_sink(const std::string& id) {
  std::unique_ptr<Sink> ended;
  {
    const std::lock_guard lock(sinks_mutex_);
    const auto found = sinks_.find(id);
    if (found == sinks_.end()) return;  // its predecessor has not ended yet
    ended = std::move(found->second);
    sinks_.erase(found);
  }
  // What has been acknowledged until it ends counts, so its cursor goes only then.
  put_aside(std::move(ended), place_of_sink(id), network_clock_.now() + sink_leaves_within,
            [this, id] {
              const auto& sinks = config_.sinks;
              if (std::ranges::find(sinks, id, &SinkSettings::id) != sinks.end()) return;
              const auto successor = std::ranges::find(sinks, id, &SinkSettings::was);
              if (successor == sinks.end() || !take_over(*successor)) take_out(id, "sink_removed");
            });
}

void Assembly::apply_to_sinks(const Difference& change) {
  for (const std::string& id : change.sinks.removed) end_sink(id);
  for (const SinkSettings& sink : change.sinks.changed) end_sink(sink.id);
  remember_closed_sinks();
}

void Assembly::put_aside(std::unique_ptr<Stage> stage, std::string place, MonotonicTime held_until,
                         std::function<void()> let_go) {
  stage->request_stop();
  leaving_.push_back({.stage = std::move(stage),
                      .place = std::move(place),
                      .since = network_clock_.now(),
                      .held_until = held_until,
                      .let_go = std::move(let_go)});
}

bool Assembly::is_held(std::string_view place) const {
  return std::ranges::any_of(
      leaving_, [&](const Leaving& each) { return each.is_held && each.place == place; });
}

bool Assembly::is_changing() const {
  const MonotonicTime soon = network_clock_.now() - leaves_within;
  return std::ranges::any_of(
      leaving_, [&](const Leaving& each) { return each.is_held && each.since > soon; });
}

void Assembly::let_go_of_what_has_ended() {
  for (Leaving& each : leaving_) {
    const bool has_ended = each.stage->has_stopped();
    if (!each.is_held || (!has_ended && network_clock_.now() < each.held_until)) continue;
    if (!has_ended) {
      log_.warning(each.stage->name(), "does not end (" + each.stage->waits_for() +
                                           "); it is left behind, and its successor begins");
    }
    each.is_held = false;
    each.let_go();
  }
  std::erase_if(leaving_,
                [](const Leaving& each) { return !each.is_held && each.stage->has_stopped(); });
}

// What the configuration has and nobody runs yet.
void Assembly::start_what_may() {
  for (const BusSettings& bus : config_.buses) {
    if (!buses_.contains(bus.id) && !is_held(place_of(bus))) start_bus(bus);
  }
  for (const SinkSettings& sink : config_.sinks) {
    if (sinks_.contains(sink.id) || is_held(place_of_sink(sink.id))) continue;
    if (!sink.was.empty() && is_held(place_of_sink(sink.was))) continue;  // it goes on from there
    take_over(sink);
    start_sink(sink);
  }
}

void Assembly::refuse(const std::vector<Problem>& problems) {
  std::string message = "the new configuration is refused, the running one stays";
  for (const Problem& problem : problems) {
    log_.error("config", text_of(problem));
    message.append("; ").append(text_of(problem));
  }
  log_event(log_, LogLevel::error, "config_refused", config_.gateway.id,
            "the new configuration is refused, the running one stays");
  intake_.announce("config_refused", config_.gateway.id, message);
}

// It was not there when the gateway started, and is now: what began without it begins again.
void Assembly::take_up_store() {
  has_store_ = true;
  std::vector<std::string> ids;
  for (const auto& [id, sink] : sinks_) ids.push_back(id);
  for (const std::string& id : ids) end_sink(id);
  catch_up_with_sinks();
  intake_.revise_meta();
  log_.notice("store", "the store is there; samples are kept from now on");
}

void Assembly::tick() {
  if (!has_store_ && store_.is_open()) take_up_store();
  if (!leaving_.empty()) {
    let_go_of_what_has_ended();
    start_what_may();
  }
  intake_.refresh_states();
  if (warnings_) warnings_->look();
  if (clock_.is_set() != clock_was_set_) {
    clock_was_set_ = !clock_was_set_;
    const auto* const message = clock_was_set_ ? "the time is right now" : "the time is in doubt";
    const auto* const event = clock_was_set_ ? "clock_set" : "clock_lost";
    log_event(log_, LogLevel::notice, event, config_.gateway.id, message);
    intake_.announce(event, config_.gateway.id, message);
  }
  if (store_.epoch() != posted_epoch_) post_info();
  if (clock_.now() >= health_due_) post_health();
  publish();
  tell_when_all_is_well(*published_overview_.newest());
}

// Who follows the log sees that, too; what is wrong says so itself.
void Assembly::tell_when_all_is_well(const Overview& now) {
  const bool was_well = std::exchange(is_all_well_, is_all_well(now));
  if (was_well || !is_all_well_) return;
  log_.notice("gateway", "all is well: " + counted(now.sensors.size(), "sensor") + ", " +
                             counted(now.feeds.size(), "feed") + ", " +
                             counted(now.sinks.size(), "sink"));
}

// Other threads take the newest whenever they like.
void Assembly::publish() {
  auto now = std::make_shared<const Snapshot>(snapshot());
  published_overview_.publish(overview_maker_->make(*now));
  const std::lock_guard lock(shown_mutex_);
  if (!shown_config_ || shown_config_->hash != config_.hash) {
    shown_config_ = std::make_shared<const Config>(config_);
  }
  shown_snapshot_ = std::move(now);
}

Overview Assembly::overview() const {
  return overview_maker_->make(snapshot());
}

void Assembly::post_info() {
  posted_epoch_ = store_.epoch();
  bulletin_.post({.topic = "info", .payload = info_document(config_, boot_id_, posted_epoch_)});
}

Snapshot Assembly::snapshot() const {
  Snapshot snapshot{.time = clock_.utc(), .started = started_, .is_clock_set = clock_was_set_};
  snapshot.store = store_.status();
  if (const MonotonicTime committed = committed_at_; committed != MonotonicTime{}) {
    snapshot.commit_age = std::chrono::floor<milliseconds>(clock_.now() - committed);
  }
  {
    const std::lock_guard lock(sinks_mutex_);
    for (const auto& [id, sink] : sinks_) snapshot.sinks[id] = sink->status();
  }
  for (const auto& [id, bus] : buses_) snapshot.sensors.merge(bus.poller->counters());
  snapshot.streams = intake_.streams();
  if (follower_) snapshot.feeds = follower_->counters();
  if (comparer_) snapshot.comparisons = comparer_->summaries();
  if (warnings_) snapshot.modes = warnings_->holding();
  for (const Stage* const stage : stages()) snapshot.stages[stage->name()] = stage->guard_status();
  snapshot.stages[guard_.name()] = guard_.status();
  snapshot.stages.merge(store_.exceptions());
  return snapshot;
}

void Assembly::post_health() {
  health_due_ = clock_.now() + health_every;
  const Snapshot now = snapshot();
  bulletin_.post({.topic = "health",
                  .payload = health_document(now),
                  .retain = Retain::expiring,
                  .is_acknowledged = false,
                  .expiry = 3 * health_every});
  std::uint64_t waiting = 0;
  for (const auto& [id, backlog] : now.store.sinks) waiting = std::max(waiting, backlog.rows);
  const std::string& fault = now.store.disk_fault;
  summary_ = counted(config_.sensors.size(), "sensor") + ", " + counted(waiting, "record") +
             " waiting" + (fault.empty() ? "" : ", disk: " + fault);
}

bool Assembly::is_alive() const {
  return clock_.now() - store_.alive() < writer_patience;
}

// What hands samples to the store; may be asked while only a part of it has begun.
std::vector<Stage*> Assembly::makers_of_samples() const {
  std::vector<Stage*> stages;
  for (const auto& [id, bus] : buses_) stages.push_back(bus.poller.get());
  for (Stage* const stage :
       std::initializer_list<Stage*>{follower_.get(), hourly_.get(), comparer_.get()}) {
    if (stage != nullptr) stages.push_back(stage);
  }
  for (const Leaving& each : leaving_) stages.push_back(each.stage.get());
  return stages;
}

std::vector<const Stage*> Assembly::stages() const {
  const std::vector<Stage*> makers = makers_of_samples();
  std::vector<const Stage*> stages(makers.begin(), makers.end());
  stages.push_back(&audit_);
  if (control_) stages.push_back(control_.get());
  const std::lock_guard lock(sinks_mutex_);
  for (const auto& [id, sink] : sinks_) stages.push_back(sink.get());
  if (page_) stages.push_back(page_.get());
  return stages;
}

std::vector<std::string> Assembly::stop(MonotonicTime deadline) {
  std::vector<std::string> hung;
  const auto stop_all = [&hung](const std::vector<Stage*>& all, Clock& clock, MonotonicTime until) {
    std::ranges::move(stop_stages(all, clock, until), std::back_inserter(hung));
  };
  std::vector<Stage*> makers = makers_of_samples();
  makers.push_back(&intake_.recall());
  if (page_) makers.push_back(page_.get());
  stop_all(makers, clock_, clock_.now() + polls_stop_within);
  // Brokers retain what was said last of a sensor, and nobody reads it any more.
  for (const SensorSettings& sensor : config_.sensors) {
    intake_.set_state("sensor/" + sensor.id, SensorState::offline);
  }
  log_event(log_, LogLevel::notice, "stopped", config_.gateway.id, "asked to stop");
  intake_.announce("stopped", config_.gateway.id, "asked to stop");
  store_.flush(deadline - offline_within - 100ms);

  std::vector<Stage*> sinks;
  {
    const std::lock_guard lock(sinks_mutex_);
    for (const auto& [id, sink] : sinks_) sinks.push_back(sink.get());
  }
  const MonotonicTime::duration rest = deadline - clock_.now();
  stop_all(sinks, network_clock_,
           network_clock_.now() + std::min<MonotonicTime::duration>(rest, sinks_stop_within));
  let_go_of_what_has_ended();
  // A disk that answers with an error does not hang: the store leaves its last word.
  const bool has_ended = store_.flush(deadline) || clock_.now() < deadline;
  std::vector<Stage*> last{&audit_};
  if (control_) last.push_back(control_.get());
  stop_all(last, network_clock_, network_clock_.now() + (deadline - clock_.now()));
  if (!has_ended) {
    hung.emplace_back("store (waits for the disk)");
    const StoreStatus status = store_.status();
    log_.error("store", counted(status.queued, "sample is in memory alone and is lost",
                                "samples are in memory alone and are lost") +
                            " with this stop: " +
                            (status.disk_fault.empty() ? "the disk is slow" : status.disk_fault));
  }
  return hung;
}

}  // namespace twinsky
