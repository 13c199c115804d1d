// SPDX-License-Identifier: Apache-2.0
// Requests to one HTTP(S) server of the operator's choice, one after the other over a connection
// that stays open. What is fetched from agencies has rules of its own (fetch.hpp). One thread.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/system/reach.hpp"

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers = {};
  std::string_view body = {};
  bool posts = true;  // else it only asks (GET)
};

struct HttpReply {
  // What the server said of the request; 0: nothing, and `problem` says why. What follows its head
  // may still have been cut off: then `is_whole` is false.
  int status = 0;
  std::string problem;
  bool is_whole = true;
  bool is_stopped = false;
  std::string body;             // as far as it fits
  milliseconds retry_after{0};  // what it asks for
};

class HttpLine {
 public:
  // Of the server what is about TLS and its proxy. `answered_within`: with all that it says.
  HttpLine(const Server& server, milliseconds answered_within, std::string user_agent,
           std::size_t largest_answer = 4096);
  ~HttpLine();
  HttpLine(const HttpLine&) = delete;
  HttpLine& operator=(const HttpLine&) = delete;

  // Blocks; redirects are not followed.
  HttpReply exchange(const HttpRequest& request, const std::stop_token& stop);

 private:
  struct Ends;  // of the library
  const std::unique_ptr<Ends> ends_;
  const Server server_;
  const milliseconds answered_within_;
  const std::string user_agent_;
  const std::size_t largest_answer_;
};

}  // namespace twinsky
