// SPDX-License-Identifier: Apache-2.0
// An HTTP server of a few lines on a free loopback port, for tests of what fetches from it. It says
// byte by byte what a test wants said, wrong things too.
#pragma once

#include <arpa/inet.h>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace twinsky {

// One connection, whose request (head only) has been read.
class LoopbackConnection {
 public:
  LoopbackConnection(int socket, std::string request)
      : socket_(socket), request_(std::move(request)) {}

  [[nodiscard]] const std::string& request() const { return request_; }
  [[nodiscard]] bool asked_for(std::string_view path) const {
    return request_.find(" " + std::string(path) + " ") != std::string::npos;
  }
  // False when the other side has gone.
  bool say(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // The next `size` bytes after the head; fewer when the other side has gone.
  std::string hear(std::size_t size) {
    std::string body;
    char byte = 0;
    while (body.size() < size && ::recv(socket_, &byte, 1, 0) > 0) body += byte;
    return body;
  }
  // Waits until the other side has closed.
  void wait_for_close() {
    char byte = 0;
    while (::recv(socket_, &byte, 1, 0) > 0) {
    }
  }

 private:
  const int socket_;
  const std::string request_;
};

class LoopbackServer {
 public:
  // Serves one connection after the other; each is closed when `answer` returns.
  explicit LoopbackServer(std::function<void(LoopbackConnection&)> answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
    if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, plain, &size) != 0) {
      throw std::runtime_error("no loopback port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~LoopbackServer() {
    thread_.request_stop();
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::string base() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      LoopbackConnection connection(socket, head_from(socket));
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(connection.request());
      }
      answer_(connection);
      ::close(socket);
    }
  }

  static std::string head_from(int socket) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(socket, &byte, 1, 0) > 0) head += byte;
    return head;
  }

  const std::function<void(LoopbackConnection&)> answer_;
  const int listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace twinsky
