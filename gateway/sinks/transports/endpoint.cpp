// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/endpoint.hpp"

#include "gateway/model/host_port.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

namespace twinsky {

Result<Endpoint, std::string> parse_endpoint(std::string_view url) {
  const bool is_encrypted = url.starts_with("mqtts://");
  if (is_encrypted || url.starts_with("mqtt://")) {
    const auto at = parse_host_port(url.substr(url.find("//") + 2));
    if (at && at->port != 0) {
      return Endpoint{is_encrypted, at->host, at->port.value_or(is_encrypted ? 8883 : 1883),
                      at->is_address};
    }
  }
  return Unexpected{"address \"" + std::string(url) +
                    "\" is not understood; expected mqtt://host:1883 or mqtts://host:8883"};
}

std::string authority_of(std::string_view host, int port) {
  const bool is_ipv6 = host.find(':') != host.npos;
  std::string text(is_ipv6 ? "[" : "");
  text.append(host).append(is_ipv6 ? "]:" : ":").append(std::to_string(port));
  return text;
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
