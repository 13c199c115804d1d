// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/host_port.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace twinsky {
namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_ip(const std::string& host, int family) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(family, host.c_str(), address.data()) == 1;
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  if (port < 0 || port > 65535) return std::nullopt;
  return port;
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort endpoint;
  const bool has_brackets = text.starts_with('[');
  const auto end = std::min(has_brackets ? text.find(']') : text.find(':'), text.size());
  endpoint.host = text.substr(has_brackets ? 1 : 0, end - (has_brackets ? 1 : 0));
  auto rest = text.substr(end);
  if (has_brackets) {
    if (rest.empty() || !is_ip(endpoint.host, AF_INET6)) return std::nullopt;
    rest.remove_prefix(1);
    endpoint.is_address = true;
  } else {
    const bool is_name = !endpoint.host.empty() && endpoint.host.size() <= longest_host &&
                         std::ranges::all_of(endpoint.host, is_of_name);
    if (!is_name) return std::nullopt;
    endpoint.is_address = is_ip(endpoint.host, AF_INET);
  }
  if (rest.empty()) return endpoint;
  if (rest.front() != ':') return std::nullopt;
  endpoint.port = parse_port(rest.substr(1));
  if (!endpoint.port) return std::nullopt;
  return endpoint;
}

std::string with_port(std::string_view text, const HostPort& endpoint, int default_port) {
  return endpoint.port ? std::string(text) : std::string(text) + ":" + std::to_string(default_port);
}

}  // namespace twinsky
