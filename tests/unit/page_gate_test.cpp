// SPDX-License-Identifier: Apache-2.0
// Who is let in, by which way and with which token.
#include "gateway/page/gate.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

const std::string token = "correct horse battery";

class PageGateTest : public ::testing::Test {
 protected:
  static PageGate::Rules on_loopback() {
    return {.is_loopback = true, .names = {"roof-pi.local"}, .has_token = true, .token = [] {
              return Result<std::string, std::string>(token);
            }};
  }
  static PageGate::Rules on_network() {
    PageGate::Rules rules = on_loopback();
    rules.is_loopback = false;
    return rules;
  }
  static PageRequest get(const std::string& host) {
    PageRequest request;
    request.method = "GET";
    request.host = host;
    request.peer = "192.168.1.7";
    request.local = "192.168.1.2";
    return request;
  }
  static PageRequest post(const std::string& host, const std::string& given) {
    PageRequest request = get(host);
    request.method = "POST";
    request.content_type = "application/json";
    if (!given.empty()) request.authorization = "Bearer " + given;
    return request;
  }
  unsigned status(PageGate& gate, const PageRequest& request) {
    const auto refused = gate.refuse(request);
    return refused ? refused->status : 200;
  }

  ManualClock clock_{UtcTime(milliseconds(1795314600000))};
};

TEST_F(PageGateTest, this_machine_may_read_without_a_token) {
  PageGate gate(on_loopback(), clock_);
  for (const char* host :
       {"localhost", "localhost:8787", "LOCALHOST:1", "127.0.0.1:8787", "[::1]:8787"}) {
    EXPECT_EQ(status(gate, get(host)), 200U) << host;
  }
}

TEST_F(PageGateTest, a_name_that_leads_here_proves_nothing) {
  PageGate gate(on_loopback(), clock_);
  for (const char* host :
       {"", "rebound.example.org", "rebound.example.org:8787", "localhost.example.org",
        "127.0.0.1.example.org", "192.168.1.3", "127.0.0.1:", "a b", "notlocalhost"}) {
    EXPECT_EQ(status(gate, get(host)), 403U) << host;
    PageRequest with_token = get(host);
    with_token.authorization = "Bearer " + token;
    EXPECT_EQ(status(gate, with_token), 403U) << host;
  }
}

TEST_F(PageGateTest, a_page_from_elsewhere_may_not_ask) {
  PageGate gate(on_loopback(), clock_);
  for (const char* origin : {"http://evil.example.org", "null", "http://127.0.0.1:8788",
                             "http://localhost:8787", "file://", "127.0.0.1:8787"}) {
    PageRequest request = get("127.0.0.1:8787");
    request.origin = origin;
    EXPECT_EQ(status(gate, request), 403U) << origin;
  }
  PageRequest own = get("127.0.0.1:8787");
  own.origin = "http://127.0.0.1:8787";
  own.fetch_site = "same-origin";
  EXPECT_EQ(status(gate, own), 200U);
  PageRequest image = get("127.0.0.1:8787");  // <img src=…> tells no origin
  image.fetch_site = "cross-site";
  image.fetch_mode = "no-cors";
  EXPECT_EQ(status(gate, image), 403U);
  image.fetch_mode = "navigate";  // somebody follows a link
  EXPECT_EQ(status(gate, image), 200U);
}

TEST_F(PageGateTest, beyond_this_machine_every_request_needs_the_token) {
  PageGate gate(on_network(), clock_);
  EXPECT_EQ(status(gate, get("192.168.1.2:8787")), 401U);
  EXPECT_EQ(status(gate, get("localhost:8787")), 401U) << "a proxy may stand before it";
  PageRequest basic = get("192.168.1.2:8787");
  basic.authorization = "Basic eDpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=";  // x:correct horse battery
  EXPECT_EQ(status(gate, basic), 200U);
  basic.host = "Roof-Pi.local:8787";
  EXPECT_EQ(status(gate, basic), 200U);
  PageGate at_home(on_loopback(), clock_);
  EXPECT_EQ(status(at_home, get("roof-pi.local")), 401U) << "who forwards a name, forwards others";
}

TEST_F(PageGateTest, every_change_needs_the_token_and_what_no_browser_sends_by_itself) {
  PageGate gate(on_loopback(), clock_);
  EXPECT_EQ(status(gate, post("localhost", "")), 401U);
  EXPECT_EQ(status(gate, post("localhost", "wrong")), 401U);
  EXPECT_EQ(status(gate, post("localhost", token)), 200U);
  PageRequest basic = post("localhost", "");
  basic.authorization = "Basic eDpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=";
  EXPECT_EQ(status(gate, basic), 401U);
  PageRequest form = post("localhost", token);
  form.content_type = "text/plain";
  EXPECT_EQ(status(gate, form), 415U);
  PageRequest foreign = post("localhost", token);
  foreign.fetch_site = "cross-site";
  foreign.fetch_mode = "navigate";
  EXPECT_EQ(status(gate, foreign), 403U);
}

TEST_F(PageGateTest, without_a_token_nothing_changes) {
  PageGate::Rules rules = on_loopback();
  rules.has_token = false;
  PageGate gate(rules, clock_);
  EXPECT_EQ(status(gate, post("localhost", "anything at all, long enough")), 403U);
}

TEST_F(PageGateTest, a_token_that_can_be_guessed_is_none) {
  PageGate::Rules rules = on_loopback();
  rules.token = [] { return Result<std::string, std::string>("secret"); };
  PageGate gate(rules, clock_);
  EXPECT_EQ(status(gate, post("localhost", "secret")), 503U);
  rules.token = []() -> Result<std::string, std::string> {
    return Unexpected<std::string>{"the secret's file is empty"};
  };
  PageGate without(rules, clock_);
  EXPECT_EQ(without.refuse(post("localhost", "secret"))->body,
            "{\"error\":\"the secret's file is empty\"}\n");
}

TEST_F(PageGateTest, wrong_tokens_are_limited_for_who_sends_them) {
  PageGate gate(on_network(), clock_);
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_EQ(status(gate, post("192.168.1.2", "wrong" + std::to_string(attempt))), 401U);
  }
  EXPECT_EQ(status(gate, post("192.168.1.2", token)), 429U);
  PageRequest neighbour = post("192.168.1.2", token);
  neighbour.peer = "192.168.1.8";
  EXPECT_EQ(status(gate, neighbour), 200U);
  clock_.advance(1min);
  EXPECT_EQ(status(gate, post("192.168.1.2", token)), 200U);
}

TEST_F(PageGateTest, a_network_of_addresses_is_one_guesser_and_many_are_bounded) {
  PageGate gate(on_network(), clock_);
  for (int attempt = 0; attempt < 5; ++attempt) {
    PageRequest guess = post("192.168.1.2", "wrong");
    guess.peer = "2001:db8:1:2::" + std::to_string(attempt);
    EXPECT_EQ(status(gate, guess), 401U);
  }
  PageRequest sixth = post("192.168.1.2", "wrong");
  sixth.peer = "2001:db8:1:2::99";
  EXPECT_EQ(status(gate, sixth), 429U);
  int tried = 0;
  for (int peer = 0; peer < 1000; ++peer) {
    PageRequest guess = post("192.168.1.2", "wrong");
    guess.peer = "10.0." + std::to_string(peer / 250) + "." + std::to_string(peer % 250);
    if (status(gate, guess) == 401) ++tried;
  }
  EXPECT_LE(tried, 256);
}

TEST_F(PageGateTest, a_secret_is_the_same_only_as_a_whole) {
  EXPECT_TRUE(is_same_secret("abc", "abc"));
  for (const std::string_view given : {"", "ab", "abcd", "abd", "abcabc"}) {
    EXPECT_FALSE(is_same_secret(given, "abc")) << given;
  }
  EXPECT_FALSE(is_same_secret("", ""));
}

}  // namespace
}  // namespace twinsky
