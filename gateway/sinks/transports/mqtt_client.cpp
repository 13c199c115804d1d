// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/mqtt_client.hpp"

#include "gateway/sinks/transports/bounded_read.hpp"
#include "gateway/sinks/transports/pinned_name.hpp"

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mqtt {

// Paho C++ 1.2.0 makes options of MQTT 3.1.1 alone, of which its C library takes no reason. Whom it
// lets in may say that they are of MQTT 5; later versions have v5().
class disconnect_options_test {  // NOLINT(readability-identifier-naming): it names its friend so
 public:
  template <class Options>
  static Options of_mqtt_5() {
    if constexpr (requires { Options::v5(); }) {
      return Options::v5();
    } else {
      Options options;
      if constexpr (requires { options.opts_.struct_version = 1; })
        options.opts_.struct_version = 1;
      return options;
    }
  }
};

}  // namespace mqtt

namespace twinsky {
namespace {

using Kind = TransportEvent::Kind;

constexpr std::size_t largest_answer = 64U << 10U;
constexpr int answers_of_a_topic = 4;
constexpr std::size_t longest_call = 1024;
constexpr std::size_t calls_of_a_topic = 4;
// What a broker means by saying nothing.
constexpr std::size_t any_number = 65535;
constexpr std::size_t any_size = 268'435'455;
constexpr int any_qos = 2;

// What a client's callbacks need; lives as long as the client.
struct Post {
  const std::uint64_t connection;
  const std::shared_ptr<Inbox> inbox;

  void operator()(Kind kind, int code, std::string text = {}) const {
    (*this)({.kind = kind, .place = 0, .code = code, .text = std::move(text)});
  }
  void operator()(TransportEvent event) const {
    event.connection = connection;
    inbox->post(std::move(event));
  }

  // Makes an event of it when a callback fails: an exception may not pass through Paho's C.
  template <class Action>
  void guarded(const Action& action) const noexcept {
    try {
      try {
        action();
      } catch (const std::exception& failure) {
        (*this)(Kind::lost, 0, failure.what());
      }
    } catch (...) {
      return;  // no memory for an event: the missing acknowledgement tells in its time
    }
  }
};

// Is this the broker's "no"? Paho C++ puts 0xFF where MQTT 3.1.1 has no reason.
bool is_refusal(int reason) {
  return reason >= 0x80 && reason < 0xFF;
}

int code_of(const mqtt::token& token) {
  const int reason = token.get_reason_code();
  return is_refusal(reason) ? reason : token.get_return_code();
}

// The only way to Paho's words about a failed connect.
std::string message_of(const mqtt::token& token) {
  try {
    static_cast<void>(token.get_connect_response());
  } catch (const mqtt::exception& failure) {
    return failure.get_message();
  }
  return {};
}

class ConnectListener final : public mqtt::iaction_listener {
 public:
  explicit ConnectListener(const Post& post) : post_(post) {}

  void on_success(const mqtt::token& token) override {
    post_.guarded([&] { tell_connected(token); });
  }
  void on_failure(const mqtt::token& token) override {
    post_.guarded([&] { post_(Kind::failed, code_of(token), message_of(token)); });
  }

 private:
  void tell_connected(const mqtt::token& token) const {
    TransportEvent event{.kind = Kind::connected};
    const mqtt::properties told = token.get_connect_response().get_properties();
    const auto number = [&](mqtt::property::code code, auto fallback) {
      if (!told.contains(code)) return fallback;
      using Number = decltype(fallback);
      switch (code) {
        case mqtt::property::RECEIVE_MAXIMUM:
          return static_cast<Number>(mqtt::get<std::uint16_t>(told, code));
        case mqtt::property::MAXIMUM_PACKET_SIZE:
          return static_cast<Number>(mqtt::get<std::uint32_t>(told, code));
        default:
          return static_cast<Number>(mqtt::get<std::uint8_t>(told, code));
      }
    };
    event.limits.places = number(mqtt::property::RECEIVE_MAXIMUM, any_number);
    event.limits.largest_message = number(mqtt::property::MAXIMUM_PACKET_SIZE, any_size);
    event.limits.can_retain = number(mqtt::property::RETAIN_AVAILABLE, 1) != 0;
    event.code = number(mqtt::property::MAXIMUM_QOS, any_qos);
    post_(std::move(event));
  }

  const Post& post_;
};

// The place of a message is known by the address of its mark.
class PublishListener final : public mqtt::iaction_listener {
 public:
  PublishListener(const Post& post, std::size_t places) : post_(post), marks_(places) {}
  void* mark(Place place) { return &marks_.at(place); }

  void on_success(const mqtt::token& token) override {
    post_.guarded([&] {
      // Paho also reports success for a message that the broker has refused.
      const int reason = token.get_reason_code();
      tell(token, is_refusal(reason) ? Kind::refused : Kind::arrived, reason);
    });
  }
  void on_failure(const mqtt::token& token) override {
    post_.guarded([&] {
      const int code = code_of(token);
      tell(token, Kind::refused, code == 0 ? -1 : code);
    });
  }

 private:
  void tell(const mqtt::token& token, Kind kind, int code) const {
    const auto* mark = static_cast<const char*>(token.get_user_context());
    post_({.kind = kind, .place = static_cast<Place>(mark - marks_.data()), .code = code});
  }
  const Post& post_;
  std::vector<char> marks_;
};

std::string topic_of(const mqtt::token& token) {
  const auto topics = token.get_topics();
  return topics && !topics->empty() ? (*topics)[0] : std::string();
}

class SubscribeListener final : public mqtt::iaction_listener {
 public:
  explicit SubscribeListener(const Post& post) : post_(post) {}
  void on_success(const mqtt::token& token) override {
    post_.guarded([&] {
      const int reason = token.get_reason_code();
      post_(is_refusal(reason) ? Kind::not_asked : Kind::asked, reason, topic_of(token));
    });
  }
  void on_failure(const mqtt::token& token) override {
    post_.guarded([&] { post_(Kind::not_asked, code_of(token), topic_of(token)); });
  }

 private:
  const Post& post_;
};

// What was sent unacknowledged, and the question behind it: one at a time.
class FollowUpListener final : public mqtt::iaction_listener {
 public:
  explicit FollowUpListener(const Post& post) : post_(post) {}

  // Another one was sent, to `topic`.
  void sent(Place place, std::string topic) {
    const std::lock_guard lock(mutex_);
    sent_.push_back(place);
    topic_ = std::move(topic);
  }
  // Where to ask now; empty: nowhere.
  std::string begin() {
    const std::lock_guard lock(mutex_);
    if (!asked_.empty() || sent_.empty()) return {};
    asked_.swap(sent_);
    return topic_;
  }

  // Whatever it is, it was an answer.
  void on_success(const mqtt::token&) override {
    post_.guarded([&] {
      std::vector<Place> arrived;
      {
        const std::lock_guard lock(mutex_);
        arrived.swap(asked_);
      }
      for (const Place place : arrived) post_({.kind = Kind::arrived, .place = place});
    });
  }
  // The connection is lost, which is told by itself; or else by silence.
  void on_failure(const mqtt::token&) override {}

 private:
  const Post& post_;
  std::mutex mutex_;
  std::vector<Place> sent_;   // guarded by mutex_; behind the question
  std::vector<Place> asked_;  // guarded by mutex_; before it
  std::string topic_;         // guarded by mutex_
};

int seconds_of(milliseconds duration) {
  return static_cast<int>(std::max<std::int64_t>(1, (duration.count() + 999) / 1000));
}

mqtt::create_options create_options_of(const BrokerSettings& settings) {
  mqtt::create_options options(static_cast<int>(settings.version));
  options.set_send_while_disconnected(false);
  return options;
}

// No error handler: Paho C++ 1.2.0 calls it through a copy of the options that is gone by then.
mqtt::ssl_options tls_options_of(const BrokerSettings& settings) {
  mqtt::ssl_options tls;
  if (!settings.ca_file.empty()) tls.set_trust_store(settings.ca_file);
  if (!settings.client_certificate.empty()) tls.set_key_store(settings.client_certificate);
  if (!settings.client_key.empty()) tls.set_private_key(settings.client_key);
  tls.set_enable_server_cert_auth(settings.verify);
  tls.set_verify(settings.verify);
  return tls;
}

// In their place: moved, Paho C++ 1.2.0 goes on pointing at the properties where they were.
void set_connect_options(mqtt::connect_options& made, const BrokerSettings& settings) {
  made.set_mqtt_version(static_cast<int>(settings.version));
  if (settings.version == MqttVersion::v5) {
    made.set_clean_start(true);
    made.set_properties(
        {{mqtt::property::MAXIMUM_PACKET_SIZE, static_cast<std::uint32_t>(largest_packet)}});
  } else {
    made.set_clean_session(true);
  }
  made.set_keep_alive_interval(seconds_of(settings.keep_alive));
  made.set_connect_timeout(seconds_of(settings.connect_within));
  // Paho pauses for a second when its own limit is reached: it never is.
  made.set_max_inflight(static_cast<int>(settings.places) + 2);
  made.set_automatic_reconnect(false);
  if (!settings.username.empty()) made.set_user_name(settings.username);
  if (settings.password) made.set_password(*settings.password);
  if (settings.tls) made.set_ssl(tls_options_of(settings));
  if (const Message& will = settings.will; !will.destination.empty()) {
    made.set_will_message(mqtt::message(will.destination, will.payload, 1, will.retained));
  }
}

Call call_of(const mqtt::message& message) {
  Call call{.destination = message.get_topic(), .text = message.get_payload_str()};
  const mqtt::properties& told = message.get_properties();
  if (told.contains(mqtt::property::RESPONSE_TOPIC)) {
    call.reply_to = mqtt::get<std::string>(told, mqtt::property::RESPONSE_TOPIC);
  }
  if (told.contains(mqtt::property::CORRELATION_DATA)) {
    call.correlation = mqtt::get<std::string>(told, mqtt::property::CORRELATION_DATA);
  }
  return call;
}

template <class Action>
void call(const Action& action) {
  try {
    action();
  } catch (const mqtt::exception& failure) {
    throw TransportError(std::string("MQTT library: ") + failure.what());
  }
}

}  // namespace

// MQTT 5.0 (3.3): the fixed header with its length, topic, packet id, properties with theirs.
std::size_t packet_size(const Message& message, MqttVersion version) {
  std::size_t size = 1 + 4 + 2 + message.destination.size() + 2 + message.payload.size();
  if (version != MqttVersion::v5) return size;
  ++size;
  if (!message.content_type.empty()) size += 3 + message.content_type.size();
  if (message.expiry.count() > 0) size += 5;
  if (!message.correlation.empty()) size += 3 + message.correlation.size();
  return size;
}

struct BrokerClient::Implementation {
  Implementation(const BrokerSettings& settings, std::uint64_t connection,
                 std::shared_ptr<Inbox> inbox)
      : version(settings.version),
        post{connection, std::move(inbox)},
        on_connect(post),
        on_publish(post, settings.places),
        on_subscribe(post),
        on_follow_up(post),
        client(settings.uri, settings.client_id, create_options_of(settings)) {
    if (!settings.name.empty()) pinned.emplace(settings.name, settings.address);
  }

  // Answers whether it is one.
  bool take_call(const mqtt::message& message) {
    const std::lock_guard lock(calls_mutex);
    const auto found = calls.find(message.get_topic());
    if (found == calls.end()) return false;
    Call call = call_of(message);
    const std::size_t size = call.text.size() + call.reply_to.size() + call.correlation.size();
    if (message.is_retained() || size > longest_call) return true;
    std::deque<Call>& waiting = found->second;
    if (waiting.size() == calls_of_a_topic) {
      waiting.back() = std::move(call);
      return true;
    }
    waiting.push_back(std::move(call));
    post({.kind = Kind::shown, .text = message.get_topic()});
    return true;
  }

  const MqttVersion version;
  const Post post;
  ConnectListener on_connect;
  PublishListener on_publish;
  SubscribeListener on_subscribe;
  FollowUpListener on_follow_up;
  std::atomic<int> answers_wanted{0};
  std::mutex calls_mutex;
  // Guarded by calls_mutex: by topic where it listens, until they are heard.
  std::map<std::string, std::deque<Call>, std::less<>> calls;
  std::optional<PinnedName> pinned;
  mqtt::connect_options options;  // Paho keeps pointers into them
  mqtt::async_client client;      // last: it goes first
};

BrokerClient::BrokerClient(const BrokerSettings& settings, std::uint64_t connection,
                           std::shared_ptr<Inbox> inbox)
    : implementation_([&] {
        std::unique_ptr<Implementation> made;
        call([&] {
          made = std::make_unique<Implementation>(settings, connection, std::move(inbox));
        });
        return made;
      }()) {
  Implementation& own = *implementation_;
  call([&] {
    own.client.set_connection_lost_handler(
        [&post = own.post](const std::string&) { post.guarded([&] { post(Kind::lost, 0); }); });
    // The broker's DISCONNECT comes this way only.
    own.client.set_disconnected_handler(
        [&post = own.post](const mqtt::properties&, mqtt::ReasonCode reason) {
          post.guarded([&] { post(Kind::lost, static_cast<int>(reason)); });
        });
    // What nobody asked for goes no further: a broker may send without end.
    own.client.set_message_callback([&own](const mqtt::const_message_ptr& message) {
      bool is_call = false;
      own.post.guarded([&] { is_call = own.take_call(*message); });
      if (is_call) return;
      if (own.answers_wanted <= 0 || message->get_payload().size() > largest_answer) return;
      --own.answers_wanted;
      own.post.guarded([&] {
        own.post({.kind = Kind::shown,
                  .text = message->get_topic(),
                  .payload = message->get_payload_str()});
      });
    });
    set_connect_options(own.options, settings);
    own.client.connect(own.options, nullptr, own.on_connect);
  });
}

BrokerClient::~BrokerClient() = default;

void BrokerClient::publish(Place place, Message message) {
  Implementation& own = *implementation_;
  const bool is_followed_up = message.is_followed_up && place != nowhere;
  const std::string topic = is_followed_up ? message.destination : std::string();
  call([&] {
    auto made = mqtt::make_message(std::move(message.destination), std::move(message.payload),
                                   message.is_acknowledged ? 1 : 0, message.retained);
    if (own.version == MqttVersion::v5) {
      mqtt::properties properties;
      if (!message.content_type.empty()) {
        properties.add({mqtt::property::CONTENT_TYPE, std::string(message.content_type)});
      }
      if (message.expiry.count() > 0) {
        properties.add({mqtt::property::MESSAGE_EXPIRY_INTERVAL, seconds_of(message.expiry)});
      }
      if (!message.correlation.empty()) {
        properties.add({mqtt::property::CORRELATION_DATA, message.correlation});
      }
      made->set_properties(std::move(properties));
    }
    if (is_followed_up || place == nowhere) {
      own.client.publish(std::move(made));
    } else {
      own.client.publish(std::move(made), own.on_publish.mark(place), own.on_publish);
    }
  });
  if (!is_followed_up) return;
  own.on_follow_up.sent(place, topic);
  follow_up();
}

void BrokerClient::follow_up() {
  Implementation& own = *implementation_;
  const std::string topic = own.on_follow_up.begin();
  if (topic.empty()) return;
  call([&] { own.client.unsubscribe(topic, nullptr, own.on_follow_up); });
}

void BrokerClient::subscribe(const std::string& topic) {
  Implementation& own = *implementation_;
  own.answers_wanted += answers_of_a_topic;
  call([&] { own.client.subscribe(topic, 0, nullptr, own.on_subscribe); });
}

void BrokerClient::listen(const std::string& topic, bool acknowledged) {
  Implementation& own = *implementation_;
  {
    const std::lock_guard lock(own.calls_mutex);
    own.calls[topic];
  }
  call([&] { own.client.subscribe(topic, acknowledged ? 1 : 0, nullptr, own.on_subscribe); });
}

std::optional<Call> BrokerClient::next_call(const std::string& topic) {
  Implementation& own = *implementation_;
  const std::lock_guard lock(own.calls_mutex);
  const auto found = own.calls.find(topic);
  if (found == own.calls.end() || found->second.empty()) return std::nullopt;
  Call call = std::move(found->second.front());
  found->second.pop_front();
  return call;
}

void BrokerClient::unsubscribe(const std::string& topic) {
  call([&] { implementation_->client.unsubscribe(topic); });
}

void BrokerClient::disconnect(bool with_will) {
  constexpr int let_go_out_within_ms = 100;
  mqtt::disconnect_options options;
  if (with_will && implementation_->version == MqttVersion::v5) {
    options = mqtt::disconnect_options_test::of_mqtt_5<mqtt::disconnect_options>();
    options.set_reason_code(mqtt::ReasonCode::DISCONNECT_WITH_WILL_MESSAGE);
  }
  options.set_timeout(let_go_out_within_ms);
  call([&] { implementation_->client.disconnect(std::move(options)); });
}

void BrokerClient::abandon(std::unique_ptr<BrokerClient> client) {
  const Post post = client->implementation_->post;
  try {
    std::thread([post, gone = std::move(client)]() mutable {
      gone.reset();
      post.guarded([&] { post(Kind::closed, 0); });
    }).detach();
  } catch (const std::system_error&) {
    // No thread can be had: it went with what the thread would have owned, in its own time.
    post.guarded([&] { post(Kind::closed, 0); });
  }
}

std::shared_ptr<void> keep_broker_threads() {
  auto* idle = new mqtt::async_client("tcp://127.0.0.1:1", "idle", mqtt::create_options());
  return {idle, [](mqtt::async_client* last) {
            // Paho now waits for its threads to end: up to a second.
            try {
              std::thread([last] { delete last; }).detach();
            } catch (const std::system_error&) {
              return;  // no thread can be had: Paho keeps its own as well
            }
          }};
}

}  // namespace twinsky
