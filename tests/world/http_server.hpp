// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server on loopback for GET and HEAD, in the world's one thread.
#pragma once

#include "loop.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace world {

struct HttpRequest {
  std::string method;
  std::string path;                            // without query
  std::string query;                           // as it came, still encoded
  std::map<std::string, std::string> headers;  // names in lower case
};

struct HttpAnswer {
  int status = 200;  // 0: the connection ends without a word
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::optional<std::size_t> cut_after{};  // the connection ends after so many bytes of the body
};

class HttpServer {
 public:
  // No answer at all: the request is left hanging.
  using Handler = std::function<std::optional<HttpAnswer>(const HttpRequest&)>;
  // Port 0: any free one.
  HttpServer(Loop& loop, int port, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  [[nodiscard]] int port() const { return port_; }

 private:
  struct Connection {
    Descriptor socket;
    std::string received;
    std::string sending;
    bool ends = false;
  };
  void accept_all();
  void serve(int descriptor);
  void take_requests(Connection& connection);

  Loop& loop_;
  Handler handler_;
  Descriptor listener_;
  int port_ = 0;
  std::map<int, Connection> connections_;
};

}  // namespace world
