// SPDX-License-Identifier: Apache-2.0
// MQTT 5 and 3.1.1: which address and version are tried in which order, what the codes of a broker
// mean, and what it can do. The connection itself is mqtt_client's.
#include "gateway/sinks/transports/mqtt.hpp"

#include "gateway/model/plain_file.hpp"
#include "gateway/sinks/transports/bounded_read.hpp"
#include "gateway/sinks/transports/mqtt_client.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/system/reach.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using Kind = Ending::Kind;
using Event = TransportEvent::Kind;

constexpr milliseconds lookup_patience{10'000};
// A broker that has spoken MQTT 5 is taken for an older one again when it hung up so often.
constexpr int hang_ups_of_an_old_broker = 10;
// Fixed header, topic with its length, packet id and properties around a payload.
constexpr std::size_t packet_overhead = 256;
constexpr int packet_too_large = 0x95;
// A broker that takes less cannot have a record.
constexpr std::size_t smallest_maximum_packet = 2 * packet_overhead;

// What an ending means for the next attempt.
enum class Cause : std::uint8_t {
  other,
  hung_up,        // perhaps the broker closed the connection before it answered
  wrong_version,  // the broker does not speak this MQTT
  no_retain,      // the broker retains nothing, and our will asked for it
};

struct Word {
  int code;
  Kind kind;
  std::string_view words;
  Cause cause = Cause::other;
};

// The codes of CONNACK and DISCONNECT that tell something: MQTT 3.1.1 (3.2.2.3) and 5.0 (2.4).
constexpr Word words_of_codes[] = {
    {1, Kind::denied, "does not speak this version of MQTT", Cause::wrong_version},
    {2, Kind::denied, "refuses the client id"},
    {3, Kind::unreachable, "is not available"},
    {4, Kind::denied, "refuses user name or password"},
    {5, Kind::denied, "does not let us in: check user name and password"},
    {0x81, Kind::denied, "does not understand our connect packet", Cause::wrong_version},
    {0x82, Kind::denied, "does not understand our connect packet", Cause::wrong_version},
    {0x84, Kind::denied, "does not speak this version of MQTT", Cause::wrong_version},
    {0x85, Kind::denied, "refuses the client id"},
    {0x86, Kind::denied, "refuses user name or password"},
    {0x87, Kind::denied, "does not let us in: check user name and password"},
    {0x88, Kind::unreachable, "is not available"},
    {0x89, Kind::unreachable, "is busy"},
    {0x8A, Kind::denied, "has banned this client"},
    {0x8B, Kind::lost, "is shutting down"},
    {0x8C, Kind::denied, "wants another way of authentication"},
    {0x8D, Kind::lost, "heard nothing from us for too long"},
    {0x8E, Kind::taken_over, "gave our place to another client"},
    {0x95, Kind::lost, "found a packet too large"},
    {0x9A, Kind::lost, "retains nothing", Cause::no_retain},
    {0x9B, Kind::denied, "acknowledges nothing (maximum QoS 0)"},
    {0x97, Kind::lost, "says that a quota is exceeded"},
    {0x98, Kind::lost, "was told to end the connection"},
    {0x9F, Kind::unreachable, "sees too many connections"},
};

const Word* word_of(int code) {
  const auto* const found = std::ranges::find(words_of_codes, code, &Word::code);
  return found == std::end(words_of_codes) ? nullptr : found;
}

Cause cause_of(int code) {
  const Word* const word = word_of(code);
  return word == nullptr ? Cause::other : word->cause;
}

// The file of a setting; empty: none.
std::string file_of(const SinkSettings& sink, std::string_view name) {
  if (!sink.settings.has(name) || sink.settings.text(name).empty()) return {};
  return (std::filesystem::path(sink.configuration_directory) / sink.settings.text(name))
      .lexically_normal()
      .string();
}

Server server_at(const Endpoint& endpoint, const SinkSettings& sink) {
  return {.host = endpoint.host,
          .port = endpoint.port,
          .tls = endpoint.tls,
          .verify = sink.settings.boolean("verify"),
          .ca_file = file_of(sink, "ca_file"),
          .client_certificate = file_of(sink, "client_certificate"),
          .client_key = file_of(sink, "client_key")};
}

// One look-up, which may hang for as long as the system's resolver likes.
struct LookUp {
  std::mutex mutex;
  std::optional<Result<std::vector<std::string>, std::string>> answer;  // guarded by mutex
};

Result<std::vector<std::string>, std::string> answer_of(const Resolver& resolver,
                                                        const std::string& host) {
  try {
    return resolver(host);
  } catch (const std::exception& failure) {
    return Unexpected{"name " + host + " does not resolve: " + failure.what()};
  }
}

class Mqtt final : public Transport {
 public:
  Mqtt(SinkSettings sink, TransportSurroundings surroundings, Resolver resolver)
      : sink_(std::move(sink)),
        settings_(sink_.settings),
        with_(std::move(surroundings)),
        client_id_((settings_.text("client_id").empty()
                        ? "twinsky-" + with_.gateway + "-" + sink_.id
                        : settings_.text("client_id")) +
                   (with_.is_trial ? "-trial" : "")),
        resolver_(std::move(resolver)),
        paho_threads_(keep_broker_threads()) {
    if (!settings_.boolean("verify")) {
      with_.log.warning("sink " + sink_.id,
                        "verify is off: anybody on the way can read and change what is sent");
    }
    if (!reads_are_bounded()) {
      with_.log.warning("sink " + sink_.id,
                        "this build cannot bound what the MQTT library reads: a broker can fill "
                        "the memory");
    }
  }
  ~Mqtt() override { abandon(); }

  [[nodiscard]] std::string far_end() const override { return "broker " + where_; }
  [[nodiscard]] std::string quarrel() const override {
    return "; perhaps another client uses the id \"" + client_id_ +
           "\" too: give each gateway an id of its own";
  }

  [[nodiscard]] std::optional<Server> server() const override {
    const auto endpoint = parse_endpoint(sink_.address);
    if (!endpoint) return std::nullopt;
    return server_at(*endpoint, sink_);
  }
  [[nodiscard]] bool has_echo() const override { return true; }

  void leave_word(const Message& message, bool always) override {
    last_word_ = message;
    is_word_always_left_ = always;
  }
  std::optional<Ending> connect(std::uint64_t connection) override {
    if (!std::exchange(has_next_way_, false)) {
      if (auto ending = begin_anew()) return ending;
    }
    broker_.will = last_word_;
    if (!may_retain_will_) broker_.will.retained = false;
    client_ = std::make_unique<BrokerClient>(broker_, connection, with_.inbox);
    return std::nullopt;
  }

  void explain(TransportEvent& event) override {
    switch (event.kind) {
      case Event::connected:
        explain_connected(event);
        break;
      case Event::failed:
        explain_failed(event);
        break;
      case Event::lost:
        event.ending = event.code != 0 ? ending_of(event.code, Kind::lost)
                                       : lost(event.text.empty() ? "" : ": " + event.text);
        note(event.ending, cause_of(event.code));
        break;
      case Event::arrived:
        if (client_) client_->follow_up();
        break;
      case Event::refused:
        if (event.code < 0x80) {  // the connection is, and the message with it
          event.kind = Event::lost;
          event.ending = lost("");
          break;
        }
        event.text = "code " + std::to_string(event.code);
        event.is_too_large = event.code == packet_too_large;
        break;
      case Event::shown:
        if (!client_) break;
        if (auto call = client_->next_call(event.text)) {
          event.payload = std::move(call->text);
          event.reply_to = std::move(call->reply_to);
          event.correlation = std::move(call->correlation);
        }
        break;
      default:
        break;
    }
  }

  void send(Place place, Message message) override { client_->publish(place, std::move(message)); }
  void ask(const std::string& destination) override { client_->subscribe(destination); }
  void stop_asking(const std::string& destination) override { client_->unsubscribe(destination); }
  void listen(const std::string& destination, bool acknowledged) override {
    client_->listen(destination, acknowledged);
  }
  void disconnect() override { client_->disconnect(is_word_always_left_); }
  void abandon() override {
    if (client_) BrokerClient::abandon(std::move(client_));
  }

 private:
  // The first way of a new round; answers how it ended when there is none.
  std::optional<Ending> begin_anew() {
    const auto endpoint = parse_endpoint(sink_.address);
    if (!endpoint) return Ending{Kind::denied, endpoint.error()};
    endpoint_ = *endpoint;
    where_ = authority_of(endpoint_.host, endpoint_.port);
    broker_ = {};
    if (auto problem = prepare()) return Ending{Kind::denied, *problem};
    auto addresses = look_up(endpoint_.host);
    if (with_.inbox->stop_deadline()) return Ending{Kind::stopped, "stopped"};
    if (!addresses) return Ending{Kind::unreachable, addresses.error()};
    if (addresses->empty()) {
      return Ending{Kind::unreachable, "name " + endpoint_.host + " has no address"};
    }
    addresses_ = std::move(*addresses);
    take_address(0);
    return std::nullopt;
  }

  void take_address(std::size_t which) {
    address_ = which;
    const std::string& address = addresses_[which];
    const bool needs_name = endpoint_.tls && endpoint_.host != address;
    broker_.name = needs_name ? endpoint_.host : "";
    broker_.address = needs_name ? address : "";
    broker_.uri = (endpoint_.tls ? "ssl://" : "tcp://") +
                  authority_of(needs_name ? endpoint_.host : address, endpoint_.port);
    may_retain_will_ = true;
    broker_.version = settings_.text("version") == "3.1.1" ? MqttVersion::v3_1_1 : MqttVersion::v5;
    is_second_try_ = false;
  }

  // What is the same for all addresses of a broker; answers a problem.
  std::optional<std::string> prepare() {
    const std::string& directory = sink_.configuration_directory;
    broker_.client_id = client_id_;
    broker_.username = settings_.text("username");
    broker_.tls = endpoint_.tls;
    broker_.verify = settings_.boolean("verify");
    broker_.ca_file = file_of(sink_, "ca_file");
    broker_.client_certificate = file_of(sink_, "client_certificate");
    broker_.client_key = file_of(sink_, "client_key");
    broker_.keep_alive = settings_.duration("keep_alive");
    broker_.places =
        static_cast<std::size_t>(std::clamp<std::int64_t>(settings_.integer("window"), 1, 1000));
    // The MQTT library opens these by itself: a FIFO would hang it, and every client with it.
    for (const std::string& file : {broker_.ca_file, broker_.client_certificate}) {
      const std::string problem = file.empty() ? file : problem_of_plain_file(file);
      if (!problem.empty()) return file + " cannot be read: " + problem;
    }
    if (settings_.has("password_file")) {
      auto password = read_secret({.name = settings_.text("password_file"),
                                   .place = sink_.secret_places.place_of("password_file")},
                                  directory);
      if (!password) return password.error();
      broker_.password = std::move(*password);
    }
    if (!broker_.client_key.empty()) {
      const auto key = read_secret(
          {.name = broker_.client_key, .place = sink_.secret_places.place_of("client_key")},
          directory);
      if (!key) return key.error();
    }
    return std::nullopt;
  }

  // The look-up runs in a thread that owns its result, since nothing can stop a resolver. There is
  // one at a time: while the last one hangs, this one waits for its answer.
  Result<std::vector<std::string>, std::string> look_up(const std::string& host) {
    if (endpoint_.is_address) return std::vector{host};
    if (!look_up_) {
      auto begun = std::make_shared<LookUp>();
      std::thread([inbox = with_.inbox, resolver = resolver_, host, begun] {
        auto answer = answer_of(resolver, host);
        {
          const std::lock_guard lock(begun->mutex);
          begun->answer = std::move(answer);
        }
        inbox->post({.kind = Event::resolved});
      }).detach();
      look_up_ = std::move(begun);
    }
    const MonotonicTime deadline = with_.clock.now() + lookup_patience;
    while (true) {
      std::optional<Result<std::vector<std::string>, std::string>> answer;
      {
        const std::lock_guard lock(look_up_->mutex);
        answer = std::move(look_up_->answer);
      }
      if (answer) {
        look_up_.reset();
        return std::move(*answer);
      }
      if (with_.clock.now() >= deadline || with_.inbox->stop_deadline()) break;
      with_.inbox->wait(with_.clock, deadline);
    }
    return Unexpected{"name " + host + " does not resolve: no answer"};
  }

  void explain_connected(TransportEvent& event) {
    const TransportLimits told = event.limits;
    if (event.code < 1) {
      fail(event, Kind::denied, "acknowledges nothing (maximum QoS 0)");
      return;
    }
    if (told.largest_message < smallest_maximum_packet) {
      client_->disconnect(false);
      fail(event, Kind::denied,
           "takes packets up to " + std::to_string(told.largest_message) +
               " bytes, too few for a record: raise its maximum packet size");
      return;
    }
    hang_ups_ = 0;
    const bool is_5 = broker_.version == MqttVersion::v5;
    has_spoken_5_ = is_5;
    event.limits = {
        .places = std::clamp<std::size_t>(std::min(broker_.places, told.places), 1, broker_.places),
        .acknowledge_within = settings_.duration("acknowledge_within"),
        .largest_message = told.largest_message,
        .largest_payload = told.largest_message - packet_overhead,
        .can_retain = told.can_retain,
        .can_expire = is_5,
        .size_of =
            is_5
                ? [](const Message& message) { return packet_size(message, MqttVersion::v5); }
                : [](const Message& message) { return packet_size(message, MqttVersion::v3_1_1); }};
    event.text = where_ + (is_5 ? " (MQTT 5)" : " (MQTT 3.1.1)");
  }

  void fail(TransportEvent& event, Kind kind, const std::string& words) const {
    event.kind = Event::failed;
    event.ending = {kind, far_end() + " " + words};
  }

  void explain_failed(TransportEvent& event) {
    if (event.code > 0) {
      event.ending = ending_of(event.code, Kind::unreachable);
      note(event.ending, cause_of(event.code));
      return;
    }
    // Paho tells a closed port only when it hears of it at once; all else may be a broker that hung
    // up.
    const bool is_closed_port = event.text == "TCP/TLS connect failure";
    event.ending.kind = Kind::unreachable;
    if (broker_.tls) {
      event.ending.words = "no TLS connection with " + far_end() + ": " + why_no_tls();
    } else {
      event.ending.words =
          far_end() + (is_closed_port ? " is not reachable" : " is not reachable or hung up on us");
    }
    note(event.ending, is_closed_port ? Cause::other : Cause::hung_up);
  }

  // Paho says nothing of it: a second attempt that goes no further than TLS is told why.
  [[nodiscard]] std::string why_no_tls() const {
    constexpr milliseconds longest{5000};
    Server server = server_at(endpoint_, sink_);
    if (!endpoint_.is_address) server.address = addresses_[address_];
    const auto why =
        try_to_reach(server, longest, [this] { return with_.inbox->stop_deadline().has_value(); });
    if (why) return text_of(*why);
    return "it ended the connection; perhaps it wants a client certificate, or another one";
  }

  // Decides whether there is another way that is worth being tried at once. MQTT 5 comes first, at
  // each connection. Old brokers refuse it, or hang up without a word; then 3.1.1 follows at once,
  // so that a broker which is merely starting is not taken for an old one. One hang-up says nothing
  // yet, and none of a broker that has spoken MQTT 5.
  void note(Ending& ending, Cause cause) {
    hang_ups_ = cause == Cause::hung_up ? hang_ups_ + 1 : 0;
    has_next_way_ = find_next_way(ending, cause);
    ending.has_another_way = has_next_way_;
  }

  bool find_next_way(const Ending& ending, Cause cause) {
    if (cause == Cause::no_retain && broker_.will.retained) {
      may_retain_will_ = false;
      return true;
    }
    const bool may_be_old =
        cause == Cause::hung_up && (!has_spoken_5_ || hang_ups_ >= hang_ups_of_an_old_broker);
    if (settings_.text("version") == "auto" && broker_.version == MqttVersion::v5) {
      if (may_be_old && !std::exchange(is_second_try_, true)) return true;
      if (may_be_old || cause == Cause::wrong_version) {
        broker_.version = MqttVersion::v3_1_1;
        return true;
      }
    }
    if (ending.kind != Kind::unreachable || cause == Cause::hung_up) return false;
    if (address_ + 1 >= addresses_.size()) return false;
    take_address(address_ + 1);
    return true;
  }

  [[nodiscard]] Ending ending_of(int code, Kind otherwise) const {
    if (const Word* const word = word_of(code)) {
      return {word->kind, far_end() + " " + std::string(word->words)};
    }
    return {otherwise, far_end() + " gave code " + std::to_string(code)};
  }
  [[nodiscard]] Ending lost(const std::string& why) const {
    return {Kind::lost, "connection to " + far_end() + " was lost" + why};
  }

  const SinkSettings sink_;
  const Settings& settings_;  // of the sink
  const TransportSurroundings with_;
  const std::string client_id_;
  const Resolver resolver_;
  const std::shared_ptr<void> paho_threads_;

  Endpoint endpoint_;
  std::string where_;
  std::shared_ptr<LookUp> look_up_;
  std::vector<std::string> addresses_;
  std::size_t address_ = 0;
  BrokerSettings broker_;
  Message last_word_;
  bool is_word_always_left_ = false;
  bool may_retain_will_ = true;
  bool has_next_way_ = false;
  bool is_second_try_ = false;
  bool has_spoken_5_ = false;
  int hang_ups_ = 0;  // one after the other
  std::unique_ptr<BrokerClient> client_;
};

// ---- the descriptor -----------------------------------------------------------------------------

constexpr double second = 1000;  // durations are declared in milliseconds
constexpr double minute = 60 * second;
constexpr double hour = 60 * minute;

constexpr auto schemes = std::to_array<std::string_view>({"mqtt", "mqtts"});
constexpr auto versions = std::to_array<std::string_view>({"auto", "5", "3.1.1"});

using enum SettingKind;
// clang-format off
constexpr auto added = std::to_array<Setting>({
  {.name = "username", .kind = text, .documentation = "User name at the broker."},
  {.name = "password_file", .kind = path, .documentation = "The file with the password: a path, or the name of a systemd credential or of a file beside this one.", .secret = true},
  {.name = "ca_file", .kind = path, .documentation = "The certificate authority to trust instead of the system's; needs mqtts."},
  {.name = "client_certificate", .kind = path, .documentation = "Our certificate, when the broker asks for one; needs mqtts and client_key."},
  {.name = "client_key", .kind = path, .documentation = "The private key of client_certificate.", .secret = true},
  {.name = "verify", .kind = boolean, .documentation = "Whether the broker must prove who it is; off only for a first try.", .fallback = "true"},
  {.name = "version", .kind = choice, .documentation = "MQTT version; \"auto\" tries 5, then 3.1.1.", .fallback = "auto", .choices = versions},
  {.name = "client_id", .kind = text, .documentation = "MQTT client id; without it \"twinsky-<gateway>-<sink>\"."},
  {.name = "window", .kind = integer, .documentation = "How many messages may be unacknowledged at once.", .fallback = "100", .lower = 4, .upper = 65535},
  {.name = "keep_alive", .kind = duration, .documentation = "How long the connection may be silent before it is tried.", .fallback = "30s", .lower = 5 * second, .upper = 18 * hour},
  {.name = "acknowledge_within", .kind = duration, .documentation = "A connection that has not acknowledged a message by then is given up.", .fallback = "30s", .lower = second, .upper = 10 * minute},
});
// clang-format on

void check_address(SinkSettings& sink, const std::set<std::string_view>& given,
                   std::vector<SinkProblem>& problems) {
  const bool is_encrypted = sink.address.starts_with("mqtts://");
  const std::string scheme = is_encrypted ? "mqtts://" : "mqtt://";
  const auto endpoint = parse_endpoint(sink.address);
  if (!endpoint) {
    problems.push_back({"mqtt", shown({.kind = url}, sink.address) +
                                    " is no broker's address, expected one such as \"" + scheme +
                                    "broker.example.org:" + (is_encrypted ? "8883\"" : "1883\"")});
    return;
  }
  sink.address = scheme + authority_of(endpoint->host, endpoint->port);
  if (is_encrypted) return;
  for (const std::string_view key : {"ca_file", "client_certificate", "client_key", "verify"}) {
    if (!given.contains(key)) continue;
    problems.push_back({key,
                        in_quotes(key) + " has no effect on an unencrypted connection, expected an "
                                         "address that begins with mqtts://",
                        true});
  }
}

std::vector<SinkProblem> check(SinkSettings& sink, const std::set<std::string_view>& given) {
  std::vector<SinkProblem> problems;
  if (!sink.address.empty()) check_address(sink, given, problems);
  const auto needs = [&](std::string_view key, std::string_view other) {
    if (!given.contains(key) || given.contains(other)) return;
    problems.push_back(
        {key, in_quotes(key) + " stands alone, expected " + in_quotes(other) + " beside it", true});
  };
  needs("password_file", "username");
  needs("client_certificate", "client_key");
  needs("client_key", "client_certificate");
  return problems;
}

}  // namespace

std::unique_ptr<Transport> make_mqtt(const SinkSettings& sink, TransportSurroundings surroundings,
                                     Resolver resolver) {
  return std::make_unique<Mqtt>(sink, std::move(surroundings), std::move(resolver));
}

extern const TransportInfo mqtt_transport = {
    .name = "mqtt",
    .schemes = schemes,
    .documentation = "The broker, such as mqtts://broker.example.org:8883.",
    .settings = added,
    .has_topics = true,
    .is_heard = true,
    .check = check,
    .make =
        [](const SinkSettings& sink, TransportSurroundings surroundings) {
          return make_mqtt(sink, std::move(surroundings), &resolve_host);
        },
};

}  // namespace twinsky
