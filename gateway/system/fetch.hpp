// SPDX-License-Identifier: Apache-2.0
// Fetching of official data over HTTP(S): the fourth seam (link, clock, broker, fetcher).
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/system/proxy.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace twinsky {

struct FetchRequest {
  std::string url;
  std::vector<std::string> headers;
  std::string body;           // is posted; empty: GET
  std::string etag;           // of the copy that we have: sent as If-None-Match
  std::string last_modified;  // likewise If-Modified-Since
  milliseconds connect_timeout{10'000};
  milliseconds timeout{30'000};
  std::size_t largest_body = 4U << 20U;  // after decompression
  // Loopback and local networks, for tests and mirrors; link-local addresses never.
  bool allow_private_addresses = false;
};

struct FetchReply {
  int status = 0;  // HTTP; 0: there was no answer, `problem` says why
  std::string problem;
  bool too_large = false;  // more than largest_body
  bool truncated = false;  // the answer ended before its announced length, or its compression broke
  std::string body;
  std::string content_type;
  std::string etag;
  std::string last_modified;
};

class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // Blocks; never throws. Any thread.
  virtual FetchReply get(const FetchRequest& request, const std::stop_token& stop) = 0;
};

// libcurl: http and https with verified certificates, compressed answers, at most three redirects
// (never from https to http). Names and redirects that lead to loopback, link-local or private
// addresses are refused, on each hop and by the address that is connected to, whatever the name
// resolves to at that moment. Where a hop goes through a proxy, which resolves its name, this holds
// for addresses written as numbers only; the proxy's own address is the operator's choice.
// `user_agent` names us to the agency.
std::unique_ptr<Fetcher> make_fetcher(std::string user_agent,
                                      Proxies proxies = Proxies::of_environment());

}  // namespace twinsky
