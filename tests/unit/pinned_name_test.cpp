// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/pinned_name.hpp"

#include "gateway/sinks/transports/endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <memory>
#include <netdb.h>

namespace twinsky {
namespace {

constexpr const char* name = "no-such-name.invalid";

// As Paho asks.
std::string address_for_paho(const char* of) {
  const addrinfo hints = {0, AF_UNSPEC, SOCK_STREAM, IPPROTO_TCP, 0, nullptr, nullptr, nullptr};
  addrinfo* found = nullptr;
  if (::getaddrinfo(of, nullptr, &hints, &found) != 0) return "none";
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  char text[INET6_ADDRSTRLEN] = {};
  ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

TEST(pinned_name, is_answered_while_it_lives_with_the_latest_address) {
  const auto first = std::make_unique<PinnedName>(name, "127.0.0.7");
  EXPECT_EQ(address_for_paho(name), "127.0.0.7");
  {
    const PinnedName second(name, "::1");
    EXPECT_EQ(address_for_paho(name), "::1");
  }
  EXPECT_EQ(address_for_paho(name), "127.0.0.7");
  EXPECT_EQ(address_for_paho("127.0.0.1"), "127.0.0.1");
}

TEST(pinned_name, our_own_look_up_asks_the_resolver_all_the_same) {
  const PinnedName pin(name, "127.0.0.7");
  EXPECT_FALSE(resolve_host(name).has_value());
  EXPECT_EQ(resolve_host("127.0.0.1").value(), std::vector<std::string>{"127.0.0.1"});
}

}  // namespace
}  // namespace twinsky
