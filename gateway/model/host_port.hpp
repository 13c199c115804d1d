// SPDX-License-Identifier: Apache-2.0
// "host:port" as people write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

struct HostPort {
  std::string host;  // a name or an address, IPv6 without its brackets
  std::optional<int> port;
  bool is_address = false;  // the host is an IP address
};

// "192.0.2.7:502", "broker.example.org", "[::1]:8883"; nullopt when it is none.
std::optional<HostPort> parse_host_port(std::string_view text);

// The same text, with `default_port` where none was given.
std::string with_port(std::string_view text, const HostPort& endpoint, int default_port);

}  // namespace twinsky
