// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <span>
#include <string>
#include <sys/socket.h>

namespace twinsky {
namespace {

struct Block4 {
  std::uint32_t network;
  unsigned bits;
};
// IANA IPv4 Special-Purpose Address Registry, with multicast and class E.
constexpr auto special_blocks = std::to_array<Block4>({
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared, behind a provider's NAT
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarking
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved, broadcast
});

bool is_public4(std::uint32_t address) {
  return std::ranges::none_of(special_blocks, [address](const Block4& block) {
    return (address ^ block.network) >> (32 - block.bits) == 0;
  });
}

std::uint32_t word_at(std::span<const std::uint8_t, 16> octets, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t place = at; place < at + 4; ++place) word = word << 8U | octets[place];
  return word;
}

bool is_public6(std::span<const std::uint8_t, 16> octets) {
  const std::uint32_t first = word_at(octets, 0);
  const bool is_rest_zero = word_at(octets, 4) == 0 && first == 0;
  if (is_rest_zero && (word_at(octets, 8) == 0xFFFF || word_at(octets, 8) == 0)) {
    return is_public4(word_at(octets, 12));  // ::ffff:a.b.c.d, ::a.b.c.d; also :: and ::1
  }
  if (first == 0x0064FF9B) return is_public4(word_at(octets, 12));    // NAT64
  if (first >> 16U == 0x2002) return is_public4(word_at(octets, 2));  // 6to4
  return first >> 29U == 1 && first != 0x20010000 &&
         first != 0x20010DB8;  // 2000::/3 less Teredo, examples
}

}  // namespace

bool is_public_address(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in internet{};
    std::memcpy(&internet, &address, sizeof internet);
    return is_public4(ntohl(internet.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 internet{};
    std::memcpy(&internet, &address, sizeof internet);
    return is_public6(std::span<const std::uint8_t, 16>(internet.sin6_addr.s6_addr));
  }
  return false;
}

std::optional<bool> is_public_literal(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host.substr(0, host.find('%')));  // without an interface's name
  in_addr four{};
  // The old parser: it takes "127.1" and "0x7f000001" too, as name look-up does.
  if (::inet_aton(text.c_str(), &four) != 0) return is_public4(ntohl(four.s_addr));
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) {
    return is_public6(std::span<const std::uint8_t, 16>(six.s6_addr));
  }
  return std::nullopt;
}

}  // namespace twinsky
