// SPDX-License-Identifier: Apache-2.0
// A broker that does what a test tells it, such as what no real one would, and acknowledges the
// rest. It serves one connection after the other.
#pragma once

#include "tests/unit/mosquitto.hpp"

#include <algorithm>

namespace twinsky::testing_world {

class ScriptedBroker {
 public:
  struct Connect {
    int number = 0;  // of the connection: 0, 1 …
    int level = 0;   // 4: MQTT 3.1.1, 5
    bool will_retained = false;
  };
  // What a PUBLISH said.
  struct Publish {
    int connection = 0;
    int number = 0;  // on this connection: 0, 1 …
    int qos = 0;
    bool retained = false;
    std::string topic;
    std::string properties;  // MQTT 5, as bytes
    std::string payload;
  };
  // Instead of a reason code of PUBACK.
  static constexpr int silence = -1;
  static constexpr int hang_up = -2;
  struct Script {
    // Code of the CONNACK; -1: hangs up instead.
    std::function<int(const Connect&)> answer = [](const Connect&) { return 0; };
    std::string properties = {};  // of an MQTT 5 CONNACK
    // What else is sent, to the socket, after CONNACK and after SUBACK.
    std::function<void(int socket, const Connect&)> connected = [](int, const Connect&) {};
    std::function<void(int socket, const Connect&)> subscribed = [](int, const Connect&) {};
    // Reason code of the PUBACK; MQTT 3.1.1 has none.
    std::function<int(const Publish&)> publish = [](const Publish&) { return 0; };
    // Is this UNSUBSCRIBE answered?
    std::function<bool(const std::string& packet)> unsubscribe = [](const std::string&) {
      return true;
    };
    // Any other packet, whole.
    std::function<void(const std::string& packet)> other = [](const std::string&) {};
  };

  explicit ScriptedBroker(Script script) : script_(std::move(script)), thread_([this] { run(); }) {}
  ~ScriptedBroker() {
    stop_ = true;
    thread_.join();
  }
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;

  [[nodiscard]] std::string url() const {
    return "mqtt://127.0.0.1:" + std::to_string(listening_.port);
  }
  [[nodiscard]] std::vector<Connect> connects() const {
    const std::lock_guard lock(mutex_);
    return connects_;
  }

  std::atomic<int> published{0};
  std::atomic<int> published_retained{0};
  std::atomic<std::size_t> longest{0};  // of all packets after CONNECT

  // A PUBLISH of so many bytes; answers how many the other side let go out.
  static std::size_t send_giant(int socket, int level, const std::string& topic,
                                std::size_t bytes) {
    const bool has_properties = level == 5;
    std::string head = length_of(2 + topic.size() + (has_properties ? 1 : 0) + bytes);
    head.insert(0, 1, '\x30');
    head += {static_cast<char>(topic.size() >> 8), static_cast<char>(topic.size())};
    head += topic;
    if (has_properties) head += '\0';
    ::send(socket, head.data(), head.size(), MSG_NOSIGNAL);
    const std::string block(1U << 20U, 'x');
    std::size_t sent = 0;
    while (sent < bytes) {
      const ssize_t count =
          ::send(socket, block.data(), std::min(block.size(), bytes - sent), MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    return sent;
  }

 private:
  static std::string length_of(std::size_t length) {
    std::string text;
    do {
      const std::size_t rest = length >> 7U;
      text += static_cast<char>((length & 0x7FU) | (rest > 0 ? 0x80U : 0U));
      length = rest;
    } while (length > 0);
    return text;
  }
  static int byte(const std::string& text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
  }
  static void answer(int socket, const std::string& bytes) {
    ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  void run() {
    while (!stop_) {
      pollfd wanted{listening_.descriptor, POLLIN, 0};
      if (::poll(&wanted, 1, 20) <= 0) continue;
      const int client = ::accept4(listening_.descriptor, nullptr, nullptr, SOCK_CLOEXEC);
      serve(client);
      ::close(client);
    }
  }
  void serve(int client) {
    std::string text;
    while (!stop_) {
      pollfd wanted{client, POLLIN, 0};
      if (::poll(&wanted, 1, 20) <= 0) continue;
      char chunk[65536];
      const ssize_t count = ::recv(client, chunk, sizeof chunk, 0);
      if (count <= 0) return;
      text.append(chunk, static_cast<std::size_t>(count));
      std::size_t at = 0;  // where the first packet's content begins
      for (std::size_t size = 0; (size = packet_in(text, at)) > 0; text.erase(0, size)) {
        if (!take(client, text.substr(0, size), at)) return;
      }
    }
  }
  // The size of the first packet when it is complete, else 0.
  static std::size_t packet_in(const std::string& text, std::size_t& at) {
    std::size_t length = 0;
    at = 1;
    for (unsigned shift = 0;; shift += 7) {
      if (at >= text.size()) return 0;
      length |= static_cast<std::size_t>(byte(text, at) & 0x7F) << shift;
      if ((byte(text, at++) & 0x80) == 0) break;
    }
    return text.size() < at + length ? 0 : at + length;
  }
  // Answers whether the connection goes on.
  bool take(int client, const std::string& packet, std::size_t at) {
    const int kind = byte(packet, 0) >> 4;
    if (kind != 1) longest = std::max<std::size_t>(longest, packet.size());
    const bool is_5 = now_.level == 5;
    if (kind != 3) script_.other(packet);
    switch (kind) {
      case 1:
        return take_connect(client, packet, at);
      case 3:
        return take_publish(client, packet, at);
      case 8:
        answer(client, is_5 ? std::string{'\x90', 4, packet[at], packet[at + 1], 0, 0}
                            : std::string{'\x90', 3, packet[at], packet[at + 1], 0});
        script_.subscribed(client, now_);
        return true;
      case 10:
        if (!script_.unsubscribe(packet)) return true;
        answer(client, is_5 ? std::string{'\xB0', 4, packet[at], packet[at + 1], 0, 0}
                            : std::string{'\xB0', 2, packet[at], packet[at + 1]});
        return true;
      case 12:
        answer(client, {'\xD0', 0});
        return true;
      default:
        return true;
    }
  }
  bool take_publish(int client, const std::string& packet, std::size_t at) {
    const auto topic_size = static_cast<std::size_t>(byte(packet, at) << 8 | byte(packet, at + 1));
    Publish said{.connection = now_.number,
                 .number = published_here_++,
                 .qos = (byte(packet, 0) >> 1) & 3,
                 .retained = (byte(packet, 0) & 1) != 0,
                 .topic = packet.substr(at + 2, topic_size),
                 .properties = {},
                 .payload = {}};
    at += 2 + topic_size;
    const std::string id = said.qos > 0 ? packet.substr(at, 2) : std::string();
    at += id.size();
    if (now_.level == 5) {  // so few that their length is one byte
      said.properties = packet.substr(at + 1, static_cast<std::size_t>(byte(packet, at)));
      at += 1 + said.properties.size();
    }
    said.payload = packet.substr(at);
    ++published;
    if (said.retained) ++published_retained;
    const int code = script_.publish(said);
    if (code == hang_up) return false;
    if (code == silence || said.qos == 0) return true;
    const char size = code == 0 ? 2 : 4;
    std::string reply = std::string{0x40, size} + id;
    if (code != 0) reply += {static_cast<char>(code), 0};
    answer(client, reply);
    return true;
  }
  // The level stands behind "MQTT", the flags behind the level.
  bool take_connect(int client, const std::string& packet, std::size_t at) {
    {
      const std::lock_guard lock(mutex_);
      now_ = {.number = static_cast<int>(connects_.size()),
              .level = byte(packet, at + 6),
              .will_retained = (byte(packet, at + 7) & 0x20) != 0};
      connects_.push_back(now_);
    }
    published_here_ = 0;
    const int code = script_.answer(now_);
    if (code < 0) return false;
    std::string rest{0, static_cast<char>(code)};
    if (now_.level == 5) rest += length_of(script_.properties.size()) + script_.properties;
    answer(client, '\x20' + length_of(rest.size()) + rest);
    if (code == 0) script_.connected(client, now_);
    return code == 0;
  }

  const Script script_;
  Connect now_;
  int published_here_ = 0;
  Listening listening_;
  mutable std::mutex mutex_;
  std::vector<Connect> connects_;  // guarded by mutex_
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace twinsky::testing_world
