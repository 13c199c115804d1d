// SPDX-License-Identifier: Apache-2.0
#include "http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace world {

namespace {

constexpr std::size_t largest_head = 16'384;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

HttpRequest request_of(const std::string& head) {
  HttpRequest request;
  const auto line_end = head.find("\r\n");
  const std::string line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return request;
  request.method = line.substr(0, first);
  const std::string target = line.substr(first + 1, second - first - 1);
  const auto mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  for (auto at = line_end; at != std::string::npos && at + 2 < head.size();) {
    const auto end = head.find("\r\n", at + 2);
    const std::string field = head.substr(at + 2, end == std::string::npos ? end : end - at - 2);
    const auto colon = field.find(':');
    if (colon != std::string::npos) {
      request.headers[lower(field.substr(0, colon))] = trimmed(field.substr(colon + 1));
    }
    at = end;
  }
  return request;
}

std::string reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Request";
  }
}

std::string text_of(const HttpAnswer& answer, bool with_body) {
  if (answer.status == 0) return {};
  std::string text =
      "HTTP/1.1 " + std::to_string(answer.status) + " " + reason_of(answer.status) + "\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  if (answer.status != 304)
    text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  text += "\r\n";
  if (with_body) text += answer.body.substr(0, answer.cut_after.value_or(std::string::npos));
  return text;
}

}  // namespace

HttpServer::HttpServer(Loop& loop, int port, Handler handler)
    : loop_(loop),
      handler_(std::move(handler)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  const int yes = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_system_error("listening on 127.0.0.1:" + std::to_string(port));
  }
  port_ = ntohs(address.sin_port);
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

HttpServer::~HttpServer() {
  loop_.forget(listener_.get());
  for (const auto& [descriptor, connection] : connections_) loop_.forget(descriptor);
}

void HttpServer::accept_all() {
  for (;;) {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) return;
    const int descriptor = socket.get();
    connections_[descriptor].socket = std::move(socket);
    loop_.watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                [this, descriptor](std::uint32_t) { serve(descriptor); });
  }
}

void HttpServer::serve(int descriptor) {
  auto& connection = connections_.at(descriptor);
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto count = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0 || connection.received.size() > largest_head) {
      loop_.forget(descriptor);
      connections_.erase(descriptor);
      return;
    }
    connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  take_requests(connection);
  while (!connection.sending.empty()) {
    const auto count =
        ::send(descriptor, connection.sending.data(), connection.sending.size(), MSG_NOSIGNAL);
    if (count < 0) break;
    connection.sending.erase(0, static_cast<std::size_t>(count));
  }
  if (!connection.sending.empty() || !connection.ends) return;
  loop_.forget(descriptor);
  connections_.erase(descriptor);
}

void HttpServer::take_requests(Connection& connection) {
  while (!connection.ends) {
    const auto head_end = connection.received.find("\r\n\r\n");
    if (head_end == std::string::npos) return;
    const HttpRequest request = request_of(connection.received.substr(0, head_end));
    connection.received.erase(0, head_end + 4);
    auto answer = request.method == "GET" || request.method == "HEAD"
                      ? handler_(request)
                      : HttpAnswer{.status = request.method.empty() ? 400 : 405};
    if (!answer) return;
    connection.sending += text_of(*answer, request.method != "HEAD");
    const auto wish = request.headers.find("connection");
    connection.ends = answer->status == 0 || answer->cut_after.has_value() ||
                      (wish != request.headers.end() && lower(wish->second) == "close");
  }
}

}  // namespace world
