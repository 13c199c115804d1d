// SPDX-License-Identifier: Apache-2.0
// Home Assistant's websocket, the server's side, on a free loopback port: says frame by frame what
// a test wants said. It is written with sockets alone, so that it shares nothing with the client.
#pragma once

#include "gateway/model/json.hpp"
#include "tests/unit/mosquitto.hpp"

#include <boost/uuid/detail/sha1.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace twinsky::testing_world {

// What a client's key is answered with (RFC 6455, 4.2.2).
inline std::string websocket_accept(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  boost::uuids::detail::sha1 sha1;
  sha1.process_bytes(text.data(), text.size());
  unsigned digest[5];
  sha1.get_digest(digest);
  std::string bytes;
  for (const unsigned word : digest) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  }
  constexpr std::string_view signs =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  bytes += '\0';  // 20 bytes are six triples and two bytes
  std::string encoded;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t which) {
      return static_cast<unsigned>(static_cast<unsigned char>(bytes[at + which]));
    };
    const unsigned three = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (int shift = 18; shift >= 0; shift -= 6) encoded += signs[three >> shift & 63U];
  }
  encoded.back() = '=';
  return encoded;
}

// The other side has gone.
struct ClientGone {};

class HomeClient {
 public:
  explicit HomeClient(int socket) : socket_(socket) {}

  void say_raw(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw ClientGone{};
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // One frame of the length that its head claims, or of another.
  void say(std::string_view text, std::optional<std::uint64_t> claimed = {},
           char first = '\x81') const {
    const std::uint64_t length = claimed.value_or(text.size());
    std::string frame(1, first);
    if (length < 126) {
      frame += static_cast<char>(length);
    } else {
      const bool is_short = length < 65536;
      frame += is_short ? '\x7e' : '\x7f';
      for (int byte = is_short ? 1 : 7; byte >= 0; --byte) {
        frame += static_cast<char>(length >> (8 * byte));
      }
    }
    say_raw(frame + std::string(text));
  }
  // The head of its HTTP request.
  [[nodiscard]] std::string hear_request() const {
    std::string head;
    while (head.find("\r\n\r\n") == head.npos) head += hear_bytes(1);
    return head;
  }
  // So many bytes that follow.
  [[nodiscard]] std::string hear_some(std::size_t count) const { return hear_bytes(count); }
  // As a websocket's server does.
  void shake_hands() const {
    const std::string head = hear_request();
    const std::string name = "Sec-WebSocket-Key: ";
    const std::size_t begin = head.find(name) + name.size();
    say_raw(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        websocket_accept(head.substr(begin, head.find('\r', begin) - begin)) + "\r\n\r\n");
  }
  // The next text, unmasked.
  [[nodiscard]] std::string hear() const {
    const std::string head = hear_bytes(2);
    std::size_t length = static_cast<unsigned char>(head[1]) & 0x7fU;
    if (length >= 126) {
      const std::string more = hear_bytes(length == 126 ? 2 : 8);
      length = 0;
      for (const char byte : more) length = length << 8U | static_cast<unsigned char>(byte);
    }
    const std::string mask = hear_bytes(4);
    std::string text = hear_bytes(length);
    for (std::size_t at = 0; at < text.size(); ++at) {
      text[at] = static_cast<char>(text[at] ^ mask[at % 4]);
    }
    if ((static_cast<unsigned char>(head[0]) & 0x0fU) == 8) throw ClientGone{};
    return text;
  }

 private:
  [[nodiscard]] std::string hear_bytes(std::size_t count) const {
    std::string bytes(count, '\0');
    for (std::size_t got = 0; got < count;) {
      const auto some = ::recv(socket_, bytes.data() + got, count - got, 0);
      if (some <= 0) throw ClientGone{};
      got += static_cast<std::size_t>(some);
    }
    return bytes;
  }

  const int socket_;
};

class HomeServer {
 public:
  using Serve = std::function<void(HomeClient&)>;
  // What is done with each connection; it ends when that returns.
  explicit HomeServer(Serve serve) : serve_(std::move(serve)), thread_([this] { accept(); }) {}
  ~HomeServer() {
    is_stopped_ = true;
    ::shutdown(listening_.descriptor, SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
  }
  HomeServer(const HomeServer&) = delete;
  HomeServer& operator=(const HomeServer&) = delete;

  [[nodiscard]] std::string address(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(listening_.port);
  }
  [[nodiscard]] int port() const { return listening_.port; }

 private:
  void accept() {
    while (!is_stopped_) {
      const int socket = ::accept(listening_.descriptor, nullptr, nullptr);
      if (socket < 0) continue;
      {
        const std::lock_guard lock(mutex_);
        open_ = socket;
      }
      try {
        HomeClient client(socket);
        serve_(client);
      } catch (const ClientGone&) {
      }
      const std::lock_guard lock(mutex_);
      open_ = -1;
      ::close(socket);
    }
  }

  const Serve serve_;
  Listening listening_;
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  int open_ = -1;        // guarded by mutex_
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace twinsky::testing_world
