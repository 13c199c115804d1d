// SPDX-License-Identifier: Apache-2.0
// Where a broker is: its address as configured, and the numeric addresses behind a host name.
#pragma once

#include "gateway/model/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct Endpoint {
  bool tls = false;
  std::string host;  // a name or an address; IPv6 without brackets
  int port = 1883;
  bool is_address = false;
};

// "mqtt://host:1883", "mqtts://[2001:db8::7]:8883"; the ports may be left out. The error is a
// sentence for people.
Result<Endpoint, std::string> parse_endpoint(std::string_view url);
// "host:1883", "[2001:db8::7]:8883"
std::string authority_of(std::string_view host, int port);

// The addresses of a host, as text; blocks for as long as the system's resolver likes. The error is
// a sentence for people.
using Resolver = std::function<Result<std::vector<std::string>, std::string>(const std::string&)>;
Result<std::vector<std::string>, std::string> resolve_host(const std::string& host);

}  // namespace twinsky
