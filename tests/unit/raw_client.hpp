// SPDX-License-Identifier: Apache-2.0
// A client that says to a loopback port byte by byte what a test wants said.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace twinsky {

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    auto* plain = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
    if (::connect(socket_, plain, sizeof address) != 0) throw std::runtime_error("nobody listens");
  }
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  // False when the other side has gone.
  bool say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // What comes until `end` has come, or the other side closes.
  std::string hear_until(std::string_view end) const {
    std::string heard;
    char byte = 0;
    while (heard.find(end) == heard.npos && ::recv(socket_, &byte, 1, 0) > 0) heard += byte;
    return heard;
  }
  // All of it, until the other side closes; throws when it does not.
  std::string hear_all() const {
    std::string heard;
    char byte = 0;
    ssize_t size = 0;
    while ((size = ::recv(socket_, &byte, 1, 0)) > 0) heard += byte;
    if (size < 0 && errno == EAGAIN) throw std::runtime_error("the connection stays open");
    return heard;
  }

 private:
  int socket_;
};

}  // namespace twinsky
