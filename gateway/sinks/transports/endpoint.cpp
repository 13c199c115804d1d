// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

namespace twinsky {

Result<Endpoint, std::string> parse_endpoint(std::string_view url) {
  const auto wrong = [&] {
    return Unexpected{"address \"" + std::string(url) +
                      "\" is not understood; expected mqtt://host:1883 or mqtts://host:8883"};
  };
  Endpoint endpoint;
  if (url.starts_with("mqtts://")) {
    endpoint.tls = true;
    endpoint.port = 8883;
  } else if (!url.starts_with("mqtt://")) {
    return wrong();
  }
  std::string_view rest = url.substr(url.find("//") + 2);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == rest.npos) return wrong();
    endpoint.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    endpoint.host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/@? ") != std::string::npos) {
    return wrong();
  }
  if (port.empty()) return endpoint;
  const char* const end = port.data() + port.size();
  const auto [stopped, error] = std::from_chars(port.data() + 1, end, endpoint.port);
  if (port.front() != ':' || error != std::errc{} || stopped != end || endpoint.port < 1 ||
      endpoint.port > 65535) {
    return wrong();
  }
  return endpoint;
}

std::string authority_of(std::string_view host, int port) {
  const bool is_ipv6 = host.find(':') != host.npos;
  std::string text(is_ipv6 ? "[" : "");
  text.append(host).append(is_ipv6 ? "]:" : ":").append(std::to_string(port));
  return text;
}

bool is_address(const std::string& host) {
  in6_addr bytes{};
  return ::inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

Result<std::vector<std::string>, std::string> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), "0", &hints, &list);  // a service: see PinnedName
  if (error != 0) {
    return Unexpected{"name " + host + " does not resolve: " + ::gai_strerror(error)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::ranges::find(addresses, text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) return Unexpected{"name " + host + " has no address"};
  return addresses;
}

}  // namespace twinsky
