// SPDX-License-Identifier: Apache-2.0
// A request and its answer as values: everything but server.cpp works on these, and knows no HTTP
// library. What is asked for comes from strangers, so reading it is pure and ends. Any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

// What stands in the first line of a request.
struct PageTarget {
  std::string path;  // decoded, beginning with '/'
  std::map<std::string, std::string, std::less<>> query;

  // What was given for a key; empty: nothing.
  [[nodiscard]] std::string_view asked(std::string_view key) const;
};
// "/api/v1/series?quantity=pm2_5&from=…"; nullopt: no such thing, or nothing that is ever asked for
// (other than UTF-8, control characters, a key twice).
std::optional<PageTarget> parse_target(std::string_view text);

struct PageRequest {
  std::string method;
  PageTarget target;
  std::string peer;   // the address that it came from
  std::string local;  // and the one of ours that it came to
  // Headers; empty: not given.
  std::string host;
  std::string origin;
  std::string fetch_site;  // Sec-Fetch-Site, as browsers tell it
  std::string fetch_mode;
  std::string authorization;
  std::string content_type;
  std::string known_version;  // If-None-Match
  std::string body;
};

struct PageAnswer {
  unsigned status = 200;
  std::string_view type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string_view, std::string>> headers = {};
  bool is_stream = false;  // what changes follows until one of both sides closes
};

// {"error":"…"}
PageAnswer refusal(unsigned status, std::string_view sentence);

}  // namespace twinsky
