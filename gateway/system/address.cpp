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

// Link-local, and where Oracle's, Alibaba's and Azure's clouds answer their machines.
constexpr auto blocks_off_limits = std::to_array<Block4>({
    {0xA9FE0000, 16},
    {0xC00000C0, 32},
    {0x646464C8, 32},
    {0xA83F8110, 32},
});

bool is_in(std::uint32_t address, std::span<const Block4> blocks) {
  return std::ranges::any_of(blocks, [address](const Block4& block) {
    return (address ^ block.network) >> (32 - block.bits) == 0;
  });
}

bool is_public4(std::uint32_t address) {
  return !is_in(address, special_blocks) && !is_in(address, blocks_off_limits);
}

std::uint32_t word_at(std::span<const std::uint8_t, 16> octets, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t place = at; place < at + 4; ++place) word = word << 8U | octets[place];
  return word;
}

using Octets = std::span<const std::uint8_t, 16>;

// The IPv4 address that an IPv6 one carries.
std::optional<std::uint32_t> carried_in(Octets octets) {
  const std::uint32_t first = word_at(octets, 0);
  const bool is_rest_zero = word_at(octets, 4) == 0 && first == 0;
  if (is_rest_zero && (word_at(octets, 8) == 0xFFFF || word_at(octets, 8) == 0)) {
    return word_at(octets, 12);  // ::ffff:a.b.c.d, ::a.b.c.d; also :: and ::1
  }
  if (first == 0x0064FF9B) return word_at(octets, 12);    // NAT64
  if (first >> 16U == 0x2002) return word_at(octets, 2);  // 6to4
  return std::nullopt;
}

// fe80::/10, and Amazon's fd00:ec2::254.
bool is_off_limits6(Octets octets) {
  if (const auto carried = carried_in(octets)) return is_in(*carried, blocks_off_limits);
  const std::uint32_t first = word_at(octets, 0);
  const bool is_amazon = first == 0xFD000EC2 && word_at(octets, 4) == 0 &&
                         word_at(octets, 8) == 0 && word_at(octets, 12) == 0x254;
  return first >> 22U == 0xFE80U >> 6U || is_amazon;
}

bool is_public6(Octets octets) {
  if (const auto carried = carried_in(octets)) return is_public4(*carried);
  const std::uint32_t first = word_at(octets, 0);
  return first >> 29U == 1 && first != 0x20010000 &&
         first != 0x20010DB8;  // 2000::/3 less Teredo, examples
}

// Either form of an address, asked with the test for its kind.
template <class Of4, class Of6>
std::optional<bool> ask(const sockaddr& address, Of4 of4, Of6 of6) {
  if (address.sa_family == AF_INET) {
    sockaddr_in internet{};
    std::memcpy(&internet, &address, sizeof internet);
    return of4(ntohl(internet.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 internet{};
    std::memcpy(&internet, &address, sizeof internet);
    return of6(Octets(internet.sin6_addr.s6_addr));
  }
  return std::nullopt;
}

template <class Of4, class Of6>
std::optional<bool> ask(std::string_view host, Of4 of4, Of6 of6) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);  // "127.0.0.1." is the same to a name look-up
  const std::string text(host.substr(0, host.find('%')));  // without an interface's name
  in_addr four{};
  // The old parser: it takes "127.1" and "0x7f000001" too, as name look-up does.
  if (::inet_aton(text.c_str(), &four) != 0) return of4(ntohl(four.s_addr));
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) return of6(Octets(six.s6_addr));
  return std::nullopt;
}

bool is_off_limits4(std::uint32_t address) {
  return is_in(address, blocks_off_limits);
}

bool is_loopback4(std::uint32_t address) {
  return address >> 24U == 127;
}

bool is_loopback6(Octets octets) {
  const bool is_rest_zero = word_at(octets, 0) == 0 && word_at(octets, 4) == 0;
  const std::uint32_t third = word_at(octets, 8);
  const std::uint32_t last = word_at(octets, 12);
  return is_rest_zero && ((third == 0 && last == 1) || (third == 0xFFFF && is_loopback4(last)));
}

}  // namespace

bool is_public_address(const sockaddr& address) noexcept {
  return ask(address, is_public4, is_public6).value_or(false);
}

std::optional<bool> is_public_literal(std::string_view host) {
  return ask(host, is_public4, is_public6);
}

bool is_off_limits(const sockaddr& address) noexcept {
  return ask(address, is_off_limits4, is_off_limits6).value_or(false);
}

bool is_off_limits_literal(std::string_view host) {
  return ask(host, is_off_limits4, is_off_limits6).value_or(false);
}

bool is_this_machine(std::string_view host) {
  constexpr std::string_view name = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < name.size()) return false;
  const std::string_view end = host.substr(host.size() - name.size());
  const bool is_same = std::ranges::equal(end, name, [](char one, char other) {
    return (one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one) == other;
  });
  return is_same && (host.size() == name.size() || host[host.size() - name.size() - 1] == '.');
}

bool is_loopback_host(std::string_view host) {
  return is_this_machine(host) || ask(host, is_loopback4, is_loopback6).value_or(false);
}

}  // namespace twinsky
