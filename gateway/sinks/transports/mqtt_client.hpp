// SPDX-License-Identifier: Apache-2.0
// One connection to one broker, by Paho MQTT C++ 1.2.0: made, used, thrown away, never used again.
// Its callbacks do nothing but post to the inbox, with the connection that they come from.
// Persistence, offline buffer and automatic reconnect stay off: the store is the only queue.
//
// Paho's calls may block behind a lock that all clients of the process share, so only the sink's
// thread makes them, and a client is destroyed by a thread that nobody waits for.
#pragma once

#include "gateway/sinks/transport.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace twinsky {

enum class MqttVersion : std::uint8_t { v3_1_1 = 4, v5 = 5 };

struct BrokerSettings {
  std::string uri;  // "tcp://192.0.2.7:1883", "ssl://broker.example.org:8883"
  // Where to connect when the address in `uri` is a name, which then serves TLS only.
  std::string name;
  std::string address;
  std::string client_id;
  MqttVersion version = MqttVersion::v5;
  std::string username;
  std::optional<std::string> password;
  bool tls = false;
  bool verify = true;
  std::string ca_file;  // empty: the system's
  std::string client_certificate;
  std::string client_key;
  milliseconds keep_alive{30'000};
  milliseconds connect_within{20'000};
  std::size_t places = 100;  // messages under way at most
  Message will;              // sent when the connection breaks; no destination: there is none
};

// How long the PUBLISH packet of a message is, at most.
std::size_t packet_size(const Message& message, MqttVersion version);

class BrokerClient {
 public:
  // Begins to connect; `connected` or `failed` follows. Throws TransportError.
  BrokerClient(const BrokerSettings& settings, std::uint64_t connection,
               std::shared_ptr<Inbox> inbox);
  ~BrokerClient();
  BrokerClient(const BrokerClient&) = delete;
  BrokerClient& operator=(const BrokerClient&) = delete;

  // `arrived` or `refused` follows for the place. Throws TransportError. QoS 0 has no
  // acknowledgement; what is to be followed up has arrived when the broker answers an UNSUBSCRIBE
  // behind it, since it reads one packet after the other. It must answer that even where nothing
  // was subscribed (MQTT 5.0, 3.10.4-5; 3.1.1, 3.10.4-5), and needs to look at no rights for it.
  void publish(Place place, Message message);
  // What was sent while an answer was on its way is asked for now, where it has come.
  void follow_up();
  // What the broker retains there follows as `shown`, as far as it is small; of more than a few
  // messages to a topic the rest is dropped, so that nobody can fill our memory by it.
  void subscribe(const std::string& topic);
  void unsubscribe(const std::string& topic);
  // That somebody says something small on the topic from now on follows as `shown`, without what it
  // is: the first few and the newest are kept until they are asked for, so that nobody can fill our
  // memory by it either, nor keep another one's words from us who has a topic of his own.
  void listen(const std::string& topic, bool acknowledged);
  // nullopt: that is not where it listens.
  std::optional<Call> next_call(const std::string& topic);
  // `with_will`: the broker publishes our will all the same, where it speaks MQTT 5.
  void disconnect(bool with_will);

  // Destroys the client in a thread of its own; `closed` follows.
  static void abandon(std::unique_ptr<BrokerClient> client);

 private:
  struct Implementation;
  const std::unique_ptr<Implementation> implementation_;
};

// While one is held, Paho keeps its threads: it would stop them whenever its last client goes, and
// a client that connects in that moment would hang.
std::shared_ptr<void> keep_broker_threads();

}  // namespace twinsky
