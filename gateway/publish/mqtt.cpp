// SPDX-License-Identifier: Apache-2.0
// The MQTT sink: a thread that looks up the broker, connects, serves, and starts again after a
// while. Nobody waits for it longer than asked to: what hangs in a resolver or in Paho is left
// behind, with all it needs.
#include "gateway/publish/mqtt.hpp"

#include "gateway/model/plain_file.hpp"
#include "gateway/publish/backoff.hpp"
#include "gateway/publish/bounded_read.hpp"
#include "gateway/publish/egress.hpp"
#include "gateway/publish/session.hpp"
#include "gateway/system/credentials.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using Kind = Ending::Kind;

constexpr milliseconds first_pause{500};
constexpr milliseconds first_patient_pause{10'000};
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds lookup_patience{10'000};
constexpr milliseconds longest_farewell{500};
// Connections that end so soon, one after the other, look like a quarrel over a client id. (MQTT 5
// brokers say so; the others just close.)
constexpr milliseconds short_connection{10'000};
constexpr int short_connections_in_a_quarrel = 3;
// A broker that has spoken MQTT 5 is taken for an older one again when it hung up so often.
constexpr int hang_ups_of_an_old_broker = 10;
// So often in a row, and it was what the broker retains in our name that ended the connection.
constexpr int losses_by_the_past = 3;
constexpr std::size_t most_records = 200;

std::uint32_t seed_of(const std::string& gateway, const std::string& sink) {
  // Gateways of one image must not come back in step, so their name is in it.
  return static_cast<std::uint32_t>(std::hash<std::string>{}(gateway + "/" + sink)) ^
         std::random_device{}();
}

std::string beside(const std::string& directory, const std::string& file) {
  if (file.empty() || file.front() == '/' || directory.empty()) return file;
  return directory + "/" + file;
}

class Core {
 public:
  Core(SinkSettings settings, SinkSurroundings surroundings, Resolver resolver)
      : settings_(std::move(settings)),
        with_(std::move(surroundings)),
        resolver_(std::move(resolver)),
        guard_("sink " + settings_.id, with_.clock, with_.log),
        inbox_(std::make_shared<Inbox>()),
        seed_(seed_of(with_.gateway, settings_.id)),
        egress_(settings_),
        outbox_({.gateway = with_.gateway,
                 .sink = settings_.id,
                 .records = std::clamp<std::size_t>(
                     static_cast<std::size_t>(std::max<std::int64_t>(settings_.batch_records, 1)),
                     1, most_records),
                 .seed = seed_},
                with_.store.reader(), with_.store.cursor(settings_.id), egress_,
                [this](RowId until) { return with_.store.claim(settings_.id, until); }),
        notices_(with_.bulletin, with_.store, settings_.id, egress_),
        pause_(first_pause, longest_pause, seed_),
        patient_pause_(first_patient_pause, longest_pause, seed_),
        paho_threads_(keep_broker_threads()) {}

  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }

  // The sink's thread. Whatever happens in it is said and does not end it.
  void run() noexcept {
    while (!inbox_->stop_deadline()) {
      const bool is_good = guard_.turn([this] {
        const Ending ending = attempt();
        with_.store.note_asked(settings_.id);  // if it was not: others need not wait for it
        if (ending.kind != Kind::stopped) pause_after(ending);
      });
      if (!is_good) rest_after_failure();
    }
    guard_.turn([this] { show(false, "stopped"); });
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    finished_.notify_all();
  }

  // Answers whether the thread has ended.
  bool wait_until_finished(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    while (!is_finished_ && with_.clock.now() < deadline) {
      with_.clock.wait(lock, finished_, deadline);
    }
    return is_finished_;
  }

  [[nodiscard]] bool is_finished() const {
    const std::lock_guard lock(mutex_);
    return is_finished_;
  }
  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }

  [[nodiscard]] SinkStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  // One attempt to connect and, when it succeeds, all that follows.
  Ending attempt() {
    try {
      const auto endpoint = parse_endpoint(settings_.mqtt);
      if (!endpoint) return {Kind::denied, endpoint.error()};
      BrokerSettings broker;
      if (auto problem = prepare(broker, *endpoint)) return {Kind::denied, *problem};
      const auto addresses = look_up(endpoint->host);
      if (inbox_->stop_deadline()) return {Kind::stopped, "stopped"};
      if (!addresses) return {Kind::unreachable, addresses.error()};
      Ending ending{Kind::unreachable, "name " + endpoint->host + " has no address"};
      for (const std::string& address : *addresses) {
        const bool needs_name = endpoint->tls && endpoint->host != address;
        if (needs_name) {
          broker.name = endpoint->host;
          broker.address = address;
        }
        const std::string& host = needs_name ? endpoint->host : address;
        broker.uri = (endpoint->tls ? "ssl://" : "tcp://") + authority_of(host, endpoint->port);
        ending = connect_by_version(broker, authority_of(endpoint->host, endpoint->port));
        if (ending.kind != Kind::unreachable) break;
      }
      return ending;
    } catch (const BrokerError& error) {
      return {Kind::lost, std::string("MQTT library: ") + error.what()};
    } catch (const std::exception& error) {
      guard_.caught();  // the store cannot be read, no thread can be had
      return {Kind::lost, error.what()};
    }
  }

  // What is the same for all addresses of a broker; answers a problem.
  std::optional<std::string> prepare(BrokerSettings& broker, const Endpoint& endpoint) const {
    const std::string& directory = settings_.configuration_directory;
    broker.client_id = client_id();
    broker.username = settings_.username;
    broker.tls = endpoint.tls;
    broker.verify = settings_.verify;
    broker.ca_file = beside(directory, settings_.ca_file);
    broker.client_certificate = beside(directory, settings_.client_certificate);
    broker.client_key = beside(directory, settings_.client_key);
    broker.keep_alive = settings_.keep_alive;
    broker.places = static_cast<std::size_t>(std::clamp<std::int64_t>(settings_.window, 1, 1000));
    broker.will_topic = base() + "status";
    // The MQTT library opens these by itself: a FIFO would hang it, and every client with it.
    for (const std::string& file : {broker.ca_file, broker.client_certificate}) {
      const std::string problem = file.empty() ? file : problem_of_plain_file(file);
      if (!problem.empty()) return file + " cannot be read: " + problem;
    }
    if (!settings_.password_file.empty()) {
      auto password = read_secret({.name = settings_.password_file,
                                   .place = settings_.secret_places.place_of("password_file")},
                                  directory);
      if (!password) return password.error();
      broker.password = std::move(*password);
    }
    if (!broker.client_key.empty()) {
      const auto key = read_secret(
          {.name = broker.client_key, .place = settings_.secret_places.place_of("client_key")},
          directory);
      if (!key) return key.error();
    }
    return std::nullopt;
  }

  // MQTT 5 first, at each connection. Old brokers refuse it, or hang up without a word; then 3.1.1
  // follows at once, so that a broker which is merely starting is not taken for an old one. One
  // hang-up says nothing yet, and none of a broker that has spoken MQTT 5.
  Ending connect_by_version(BrokerSettings broker, const std::string& where) {
    if (settings_.version == "3.1.1") {
      broker.version = MqttVersion::v3_1_1;
      return connect_and_serve(broker, where);
    }
    Ending ending = connect_and_serve(broker, where);
    if (ending.kind == Kind::no_retain) {
      broker.will_retained = false;
      ending = connect_and_serve(broker, where);
    }
    const auto may_be_old = [&] {
      return ending.kind == Kind::hung_up &&
             (!has_spoken_5_ || hang_ups_ >= hang_ups_of_an_old_broker);
    };
    if (settings_.version == "5") return ending;
    if (may_be_old()) ending = connect_and_serve(broker, where);
    if (ending.kind != Kind::wrong_version && !may_be_old()) return ending;
    broker.version = MqttVersion::v3_1_1;
    return connect_and_serve(broker, where);
  }

  Ending connect_and_serve(const BrokerSettings& broker, const std::string& where) {
    const std::string version = broker.version == MqttVersion::v5 ? "MQTT 5" : "MQTT 3.1.1";
    Session session({.broker = broker,
                     .where = where,
                     .base = base(),
                     .window = broker.places,
                     .acknowledge_within = settings_.acknowledge_within,
                     .asks_past = losses_while_asking_ < losses_by_the_past &&
                                  short_connections_ < losses_by_the_past,
                     .mark_rule = egress_.rule_for("mark").value_or(std::string_view())},
                    ++generation_, settings_.id, with_, inbox_, outbox_, notices_);
    if (auto ending = session.connect()) {
      short_connections_ = 0;
      hang_ups_ = ending->kind == Kind::hung_up ? hang_ups_ + 1 : 0;
      if (session.is_asking_past() && ending->kind == Kind::lost) {
        note_loss_by_the_past(where);
      }
      return *ending;
    }
    losses_while_asking_ = 0;
    hang_ups_ = 0;
    has_spoken_5_ = broker.version == MqttVersion::v5;
    const MonotonicTime connected_at = with_.clock.now();
    show(true, "connected to " + where + " (" + version + ")");
    const SinkStatus before = status();
    bool has_delivered = false;
    Ending ending = session.serve([&](const SessionCounters& counters) {
      const std::lock_guard lock(mutex_);
      status_.records_acknowledged = before.records_acknowledged + counters.records;
      status_.messages_acknowledged = before.messages_acknowledged + counters.messages;
      status_.refused = before.refused + counters.refused;
      has_delivered = counters.messages > 0;
    });
    if (ending.kind == Kind::stopped) {
      const MonotonicTime patience = with_.clock.now() + longest_farewell;
      session.leave(std::min(patience, inbox_->stop_deadline().value_or(patience)));
      return ending;
    }
    // Where connecting works and the connection breaks at once, again and again, the pauses grow.
    const bool is_short = with_.clock.now() - connected_at < short_connection;
    short_connections_ = is_short ? short_connections_ + 1 : 0;
    if (has_delivered && short_connections_ < 2) pause_.reset();
    if (!is_short) patient_pause_.reset();
    if (short_connections_ >= short_connections_in_a_quarrel) ending.words += quarrel_words();
    return ending;
  }

  // The next connection does without the answer, and the one after that asks again.
  void note_loss_by_the_past(const std::string& where) {
    if (++losses_while_asking_ != losses_by_the_past) return;
    with_.log.warning("sink " + settings_.id,
                      "broker " + where + " ended " + std::to_string(losses_by_the_past) +
                          " connections when asked what it retains below " + base() +
                          ": perhaps somebody put a giant message there. It is not asked this "
                          "time, so whether an older copy of the store was put back is not seen");
  }

  // The look-up runs in a thread that owns its result, since nothing can stop a resolver. There is
  // one at a time: while the last one hangs, this one waits for its answer.
  Result<std::vector<std::string>, std::string> look_up(const std::string& host) {
    if (is_address(host)) return std::vector{host};
    if (!is_looking_up_) {
      std::thread([inbox = inbox_, resolver = resolver_, host] {
        inbox->post({.kind = BrokerEvent::Kind::resolved, .addresses = answer_of(resolver, host)});
      }).detach();
      is_looking_up_ = true;
    }
    const MonotonicTime deadline = with_.clock.now() + lookup_patience;
    while (with_.clock.now() < deadline && !inbox_->stop_deadline()) {
      for (BrokerEvent& event : inbox_->wait(with_.clock, deadline)) {
        if (event.kind != BrokerEvent::Kind::resolved) continue;
        is_looking_up_ = false;
        return *event.addresses;
      }
    }
    return Unexpected{"name " + host + " does not resolve: no answer"};
  }

  static Result<std::vector<std::string>, std::string> answer_of(const Resolver& resolver,
                                                                 const std::string& host) {
    try {
      return resolver(host);
    } catch (const std::exception& failure) {
      return Unexpected{"name " + host + " does not resolve: " + failure.what()};
    }
  }

  void pause_after(const Ending& ending) {
    std::string words = ending.words;
    const bool is_lasting = ending.kind == Kind::denied || ending.kind == Kind::wrong_version ||
                            ending.kind == Kind::taken_over;
    if (ending.kind == Kind::taken_over) words += quarrel_words();
    show(false, words);
    rest_until(with_.clock.now() + (is_lasting ? patient_pause_.next_patient() : pause_.next()));
  }

  // Not even that may go without a guard: where nothing can be waited for, the clock is.
  void rest_after_failure() {
    const MonotonicTime until = with_.clock.now() + guard_.pause_length();
    if (!guard_.turn([&] { rest_until(until); })) guard_.pause({});
  }

  void rest_until(MonotonicTime until) {
    while (with_.clock.now() < until && !inbox_->stop_deadline()) {
      for (const BrokerEvent& event : inbox_->wait(with_.clock, until)) {
        if (event.kind == BrokerEvent::Kind::resolved) is_looking_up_ = false;
      }
    }
  }

  // Logs a change once.
  void show(bool connected, const std::string& state) {
    {
      const std::lock_guard lock(mutex_);
      if (status_.connected && !connected) ++status_.reconnects;
      status_.connected = connected;
      if (std::exchange(status_.state, state) == state) return;
    }
    if (connected) {
      with_.log.notice("sink " + settings_.id, state);
    } else if (!inbox_->stop_deadline()) {
      with_.log.warning("sink " + settings_.id, state + "; records wait in the store");
    }
  }

  [[nodiscard]] std::string quarrel_words() const {
    return "; perhaps another client uses the id \"" + client_id() +
           "\" too: give each gateway an id of its own";
  }
  [[nodiscard]] std::string base() const { return "twinsky/v1/" + with_.gateway + "/"; }
  [[nodiscard]] std::string client_id() const {
    return settings_.client_id.empty() ? "twinsky-" + with_.gateway + "-" + settings_.id
                                       : settings_.client_id;
  }

  const SinkSettings settings_;
  SinkSurroundings with_;
  const Resolver resolver_;
  Guard guard_;
  const std::shared_ptr<Inbox> inbox_;
  const std::uint32_t seed_;
  const Egress egress_;

  // The sink's thread's own.
  Outbox outbox_;
  Notices notices_;
  Backoff pause_;
  Backoff patient_pause_;
  bool has_spoken_5_ = false;
  int hang_ups_ = 0;  // one after the other
  int losses_while_asking_ = 0;
  bool is_looking_up_ = false;
  int short_connections_ = 0;
  std::uint64_t generation_ = 0;
  const std::shared_ptr<void> paho_threads_;

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  SinkStatus status_;         // guarded by mutex_
  bool is_finished_ = false;  // guarded by mutex_
};

class MqttSink final : public Sink {
 public:
  MqttSink(const SinkSettings& settings, const SinkSurroundings& surroundings, Resolver resolver)
      : id_(settings.id),
        bulletin_(surroundings.bulletin),
        clock_(surroundings.clock),
        log_(surroundings.log) {
    if (!settings.verify) {
      log_.warning("sink " + id_,
                   "verify is off: anybody on the way can read and change what is sent");
    }
    if (!reads_are_bounded()) {
      log_.warning("sink " + id_,
                   "this build cannot bound what the MQTT library reads: a broker can fill the "
                   "memory");
    }
    surroundings.store.add_sink(settings.id, settings.start_at == "oldest",
                                Egress(settings).topic_rules());
    core_ = std::make_shared<Core>(settings, surroundings, std::move(resolver));
    subscription_ = bulletin_.subscribe(
        [inbox = core_->inbox(), &clock = clock_] { inbox->nudge(clock.now()); });
    std::thread([core = core_] { core->run(); }).detach();
  }
  ~MqttSink() override {
    if (!is_stopped_) stop(clock_.now() + longest_farewell);
  }

  void wake() override { core_->inbox()->wake(); }

  [[nodiscard]] std::string name() const override { return "sink " + id_; }
  void request_stop() override { ask(clock_.now() + longest_farewell); }
  [[nodiscard]] bool has_stopped() const override { return core_->is_finished(); }
  [[nodiscard]] std::string waits_for() const override { return core_->status().state; }
  [[nodiscard]] GuardStatus guard_status() const override { return core_->guard_status(); }

  bool stop(MonotonicTime deadline) override {
    ask(deadline);
    return core_->wait_until_finished(deadline);
  }

  [[nodiscard]] SinkStatus status() const override { return core_->status(); }

 private:
  void ask(MonotonicTime deadline) {
    if (std::exchange(is_stopped_, true)) return;
    bulletin_.unsubscribe(subscription_);
    core_->inbox()->stop(deadline);
  }

  const std::string id_;
  Bulletin& bulletin_;
  Clock& clock_;
  Log& log_;
  std::shared_ptr<Core> core_;
  std::uint64_t subscription_ = 0;
  bool is_stopped_ = false;
};

// A sink to which nothing may go.
class ClosedSink final : public Sink {
 public:
  explicit ClosedSink(std::string id) : id_(std::move(id)) {}
  void wake() override {}
  bool stop(MonotonicTime) override { return true; }
  [[nodiscard]] std::string name() const override { return "sink " + id_; }
  void request_stop() override {}
  [[nodiscard]] bool has_stopped() const override { return true; }
  [[nodiscard]] GuardStatus guard_status() const override { return {}; }
  [[nodiscard]] SinkStatus status() const override {
    return {.connected = false, .state = "closed: nothing may go there"};
  }

 private:
  const std::string id_;
};

}  // namespace

std::unique_ptr<Sink> make_mqtt_sink(const SinkSettings& settings, SinkSurroundings surroundings) {
  return make_mqtt_sink(settings, std::move(surroundings), &resolve_host);
}

std::unique_ptr<Sink> make_mqtt_sink(const SinkSettings& settings, SinkSurroundings surroundings,
                                     Resolver resolver) {
  if (Egress(settings).is_closed()) {
    surroundings.log.warning("sink " + settings.id,
                             "nothing may go there, so it is not opened: say in its \"allow\" what "
                             "may, such as [\"sensor/+/obs\"]");
    surroundings.store.remove_sink(settings.id, "sink_closed");  // no row need wait for it
    return std::make_unique<ClosedSink>(settings.id);
  }
  return std::make_unique<MqttSink>(settings, surroundings, std::move(resolver));
}

}  // namespace twinsky
