// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/proxy.hpp"

#include "gateway/system/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <netinet/in.h>
#include <optional>

namespace twinsky {
namespace {

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads start
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::string_view without_final_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

struct Address {
  std::array<std::uint8_t, 16> octets{};
  unsigned bits = 0;  // 32 or 128
};

std::optional<Address> address_in(std::string_view text) {
  Address address;
  const std::string copy(text);
  if (::inet_pton(AF_INET, copy.c_str(), address.octets.data()) == 1) {
    address.bits = 32;
  } else if (::inet_pton(AF_INET6, copy.c_str(), address.octets.data()) == 1) {
    address.bits = 128;
  } else {
    return std::nullopt;
  }
  return address;
}

bool are_equal(const Address& one, const Address& other, unsigned bits) {
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if (((one.octets[bit / 8] ^ other.octets[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// "10.0.0.0/8", or one address.
bool is_in_block(const Address& address, std::string_view block) {
  const std::size_t slash = std::min(block.find('/'), block.size());
  const auto network = address_in(block.substr(0, slash));
  if (!network || network->bits != address.bits) return false;
  unsigned bits = network->bits;
  if (slash != block.size()) {
    const char* const end = block.data() + block.size();
    const auto [rest, error] = std::from_chars(block.data() + slash + 1, end, bits);
    if (error != std::errc{} || rest != end || bits > network->bits) return false;
  }
  return are_equal(address, *network, bits);
}

}  // namespace

Proxies::Proxies(std::string for_http, std::string for_https, std::string_view exceptions)
    : for_http_(std::move(for_http)), for_https_(std::move(for_https)) {
  constexpr std::string_view separators = ", \t";
  while (!exceptions.empty()) {
    const std::size_t end = std::min(exceptions.find_first_of(separators), exceptions.size());
    std::string_view one = without_final_dot(exceptions.substr(0, end));
    if (one.starts_with('.')) one.remove_prefix(1);
    if (one.starts_with('[') && one.ends_with(']')) one = one.substr(1, one.size() - 2);
    if (!one.empty()) exceptions_.push_back(lower(one));
    exceptions.remove_prefix(std::min(end + 1, exceptions.size()));
  }
}

Proxies Proxies::of_environment() {
  // HTTP_PROXY in capitals is left out: a web server's CGI fills it with a header of strangers.
  return {first_of({"http_proxy", "all_proxy", "ALL_PROXY"}),
          first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
          first_of({"no_proxy", "NO_PROXY"})};
}

std::string Proxies::proxy_for(std::string_view scheme, std::string_view host) const {
  const std::string& proxy = scheme == "https" ? for_https_ : for_http_;
  const bool goes_there_itself = proxy.empty() || is_this_machine(host) ||
                                 is_public_literal(host) == false || is_exception(host);
  return goes_there_itself ? std::string() : proxy;
}

bool Proxies::is_exception(std::string_view host) const {
  const std::string name = lower(without_final_dot(host));
  const auto address = address_in(name);
  return std::ranges::any_of(exceptions_, [&](const std::string& exception) {
    if (exception == "*") return true;
    if (address) return is_in_block(*address, exception);
    return name == exception || name.ends_with("." + exception);
  });
}

}  // namespace twinsky
