// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/fetch.hpp"

#include "drivers/bytes.hpp"
#include "gateway/system/address.hpp"
#include "loopback_server.hpp"

#include <gtest/gtest.h>
#include <latch>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

FetchRequest request_for(std::string url) {
  FetchRequest request;
  request.url = std::move(url);
  request.connect_timeout = 2s;
  request.timeout = 5s;
  request.allow_private_addresses = true;
  return request;
}

FetchReply get(const FetchRequest& request) {
  return make_fetcher("twinsky/test")->get(request, {});
}
FetchReply get(const LoopbackServer& server) {
  return get(request_for(server.base() + "/x"));
}

// A server that says the same to everybody.
std::function<void(LoopbackConnection&)> saying(std::string bytes) {
  return [bytes = std::move(bytes)](LoopbackConnection& connection) { connection.say(bytes); };
}

// A gzip stream of `size` bytes (a multiple of 258, less one) that takes a 159th of it: one
// literal, then copies of 258 bytes, in one deflate block with the fixed code (RFC 1951, 3.2.6).
std::string gzip_bomb(std::size_t size) {
  std::string stream("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  unsigned pending = 0;
  int bits = 0;
  const auto put = [&](unsigned value, int count) {  // most significant bit of a code first
    for (int at = count - 1; at >= 0; --at) {
      pending |= (value >> static_cast<unsigned>(at) & 1U) << static_cast<unsigned>(bits);
      if (++bits == 8) {
        stream += static_cast<char>(pending);
        pending = 0;
        bits = 0;
      }
    }
  };
  put(1, 1);           // the last block
  put(0b10, 2);        // with the fixed code: 01, least significant bit first
  put(0b00110000, 8);  // literal 0
  for (std::size_t copied = 1; copied < size; copied += 258) {
    put(0b11000101, 8);  // length 258
    put(0, 5);           // from one byte back
  }
  put(0, 7);  // end of block
  put(0, 7);
  return stream;
}

TEST(fetch, says_who_asks_and_what_it_has) {
  LoopbackServer server([](LoopbackConnection& connection) {
    const bool is_known = connection.request().find("If-None-Match: \"7\"") != std::string::npos;
    connection.say(is_known ? "HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n"
                            : "HTTP/1.1 200 OK\r\nETag: \"7\"\r\nContent-Type: text/csv\r\n"
                              "Last-Modified: Sun, 22 Nov 2026 02:30:00 GMT\r\n"
                              "Content-Length: 5\r\n\r\na,b\r\n");
  });
  FetchRequest request = request_for(server.base() + "/x?lang=en");
  request.headers = {"X-Token: secret"};
  const FetchReply first = get(request);
  EXPECT_EQ(first.status, 200) << first.problem;
  EXPECT_EQ(first.body, "a,b\r\n");
  EXPECT_EQ(first.content_type, "text/csv");
  EXPECT_EQ(first.etag, "\"7\"");
  request.etag = first.etag;
  request.last_modified = first.last_modified;
  const FetchReply second = get(request);
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].starts_with("GET /x?lang=en HTTP/1.1\r\n"));
  EXPECT_NE(requests[0].find("User-Agent: twinsky/test\r\n"), std::string::npos);
  EXPECT_NE(requests[0].find("X-Token: secret\r\n"), std::string::npos);
  EXPECT_NE(requests[0].find("Accept-Encoding: "), std::string::npos);
  EXPECT_NE(requests[1].find("If-Modified-Since: Sun, 22 Nov 2026 02:30:00 GMT\r\n"),
            std::string::npos);
}

TEST(fetch, posts_a_body_to_the_host_it_is_meant_for) {
  LoopbackServer other(saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.hear(11);
    connection.say("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://localhost:" +
                   std::to_string(other.port()) + "/\r\nContent-Length: 0\r\n\r\n");
  });
  FetchRequest request = request_for(server.base() + "/interface");
  request.headers = {"Content-Type: application/json"};
  request.body = R"({"limit":5})";
  EXPECT_EQ(get(request).body, "ok");
  const std::string first = server.requests().front();
  EXPECT_TRUE(first.starts_with("POST /interface HTTP/1.1\r\n")) << first;
  EXPECT_NE(first.find("Content-Length: 11\r\n"), std::string::npos) << first;
  EXPECT_NE(first.find("Content-Type: application/json\r\n"), std::string::npos) << first;
  EXPECT_TRUE(other.requests().front().starts_with("GET / ")) << other.requests().front();
}

TEST(fetch, a_posted_body_arrives_whole) {
  std::string heard;
  LoopbackServer server([&heard](LoopbackConnection& connection) {
    heard = connection.hear(11);
    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  FetchRequest request = request_for(server.base() + "/interface");
  request.body = R"({"limit":5})";
  EXPECT_EQ(get(request).body, "ok");
  EXPECT_EQ(heard, request.body);
}

TEST(fetch, one_fetcher_serves_one_request_after_the_other) {
  LoopbackServer server(saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
  const auto fetcher = make_fetcher("twinsky/test");
  for (int count = 0; count < 3; ++count) {
    EXPECT_EQ(fetcher->get(request_for(server.base() + "/"), {}).body, "x");
    EXPECT_EQ(fetcher->get(request_for("ftp://127.0.0.1/"), {}).status, 0);
  }
}

TEST(fetch, gives_the_status_of_a_refusal) {
  LoopbackServer server(saying("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  const FetchReply reply = get(server);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.problem, "");
}

TEST(fetch, unpacks_compressed_answers) {
  const auto packed = from_hex(  // "a,b\r\n1,2\r\n"
      "1f8b08000000000002034bd449e2e532d431e2e50200f2b4d9ef0a000000");
  ASSERT_TRUE(packed);
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                       std::to_string(packed->size()) + "\r\n\r\n";
  for (const std::byte octet : *packed) answer += static_cast<char>(octet);
  EXPECT_EQ(get(LoopbackServer(saying(answer))).body, "a,b\r\n1,2\r\n");
  answer[answer.size() - 12] ^= 1;
  const FetchReply damaged = get(LoopbackServer(saying(answer)));
  EXPECT_EQ(damaged.status, 0);
  EXPECT_TRUE(damaged.truncated) << damaged.problem;
}

TEST(fetch, ends_a_body_that_is_too_large_while_it_comes) {
  const std::string bomb = gzip_bomb(64U << 20U);
  LoopbackServer packed(saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                               std::to_string(bomb.size()) + "\r\n\r\n" + bomb));
  LoopbackServer endless([](LoopbackConnection& connection) {
    connection.say("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.say(std::string(1000, 'x'))) {
    }
  });
  EXPECT_LT(bomb.size(), 500'000U);
  for (const LoopbackServer* server : {&packed, &endless}) {
    const FetchReply reply = get(*server);
    EXPECT_TRUE(reply.too_large);
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.problem, "more than 4MiB");
  }
}

TEST(fetch, tells_an_answer_that_ends_early) {
  const FetchReply reply =
      get(LoopbackServer(saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>")));
  EXPECT_EQ(reply.status, 0);
  EXPECT_TRUE(reply.truncated);
  EXPECT_NE(reply.problem, "");
}

TEST(fetch, gives_up_a_server_that_says_nothing) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.wait_for_close(); });
  FetchRequest request = request_for(server.base());
  request.timeout = 100ms;
  const FetchReply reply = get(request);
  EXPECT_EQ(reply.status, 0);
  EXPECT_FALSE(reply.truncated);
  EXPECT_NE(reply.problem.find("timed out"), std::string::npos) << reply.problem;
}

TEST(fetch, gives_up_a_server_that_drips) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx");
    connection.wait_for_close();
  });
  FetchRequest request = request_for(server.base());
  request.timeout = 100ms;
  EXPECT_EQ(get(request).status, 0);
}

TEST(fetch, stops_at_once) {
  std::latch has_come(1);
  LoopbackServer server([&](LoopbackConnection& connection) {
    has_come.count_down();
    connection.wait_for_close();
  });
  std::stop_source stop;
  FetchReply reply;
  FetchRequest request = request_for(server.base());
  request.timeout = 60s;
  std::jthread thread(
      [&] { reply = make_fetcher("twinsky/test")->get(request, stop.get_token()); });
  has_come.wait();
  stop.request_stop();
  thread.join();
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(reply.problem, "stopped");
}

TEST(fetch, follows_a_few_redirects) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.say(connection.asked_for("/new") ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                                                : "HTTP/1.1 301 Moved\r\nLocation: /new\r\n"
                                                  "Content-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(get(server).body, "ok");
  LoopbackServer loop(saying("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"));
  const FetchReply reply = get(loop);
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(reply.problem, "more than 3 redirects");
  EXPECT_EQ(loop.requests().size(), 4U);
}

TEST(fetch, a_token_does_not_follow_a_redirect_to_another_host) {
  LoopbackServer other(saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  LoopbackServer server(saying("HTTP/1.1 302 Found\r\nLocation: http://localhost:" +
                               std::to_string(other.port()) + "/\r\nContent-Length: 0\r\n\r\n"));
  FetchRequest request = request_for(server.base());
  request.headers = {"X-Token: secret"};
  EXPECT_EQ(get(request).body, "ok");
  EXPECT_NE(server.requests().front().find("secret"), std::string::npos);
  EXPECT_EQ(other.requests().front().find("secret"), std::string::npos);
}

TEST(fetch, refuses_addresses_that_are_not_public) {
  LoopbackServer server(saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  for (const std::string host : {"127.0.0.1", "localhost", "127.1", "0x7f000001", "[::1]",
                                 "[::ffff:127.0.0.1]", "10.1.2.3", "169.254.169.254"}) {
    FetchRequest request = request_for("http://" + host + ":" + std::to_string(server.port()));
    request.allow_private_addresses = false;
    const FetchReply reply = get(request);
    EXPECT_EQ(reply.status, 0) << host;
    EXPECT_NE(reply.problem.find("refused"), std::string::npos) << host << ": " << reply.problem;
  }
  EXPECT_TRUE(server.requests().empty());
}

// The proxy stands for the public Internet, which a test cannot reach.
TEST(fetch, refuses_redirects_that_lead_inside) {
  for (const auto* target : {"http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/",
                             "file:///etc/passwd", "ftp://example.org/"}) {
    LoopbackServer proxy(saying("HTTP/1.1 302 Found\r\nLocation: " + std::string(target) +
                                "\r\nContent-Length: 0\r\n\r\n"));
    FetchRequest request = request_for("http://data.example.org/");
    request.allow_private_addresses = false;
    const FetchReply reply = make_fetcher("twinsky/test", Proxies(proxy.base()))->get(request, {});
    EXPECT_EQ(reply.status, 0) << target;
    EXPECT_NE(reply.problem.find("refused"), std::string::npos) << target << ": " << reply.problem;
    EXPECT_EQ(proxy.requests().size(), 1U) << target;
  }
}

// A name of this machine is not asked of the proxy, so it is us who must look where it leads.
TEST(fetch, refuses_redirects_that_lead_inside_past_the_proxy) {
  LoopbackServer inside(saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"));
  for (const std::string host : {"localhost", "LOCALHOST", "localhost.", "agency.localhost"}) {
    const std::string target = "http://" + host + ":" + std::to_string(inside.port()) + "/admin";
    LoopbackServer proxy(
        saying("HTTP/1.1 302 Found\r\nLocation: " + target + "\r\nContent-Length: 0\r\n\r\n"));
    FetchRequest request = request_for("http://data.example.org/");
    request.allow_private_addresses = false;
    const FetchReply reply = make_fetcher("twinsky/test", Proxies(proxy.base()))->get(request, {});
    EXPECT_EQ(reply.status, 0) << target;
    EXPECT_EQ(reply.body, "") << target;
    EXPECT_EQ(proxy.requests().size(), 1U) << target;
  }
  EXPECT_TRUE(inside.requests().empty());
}

TEST(fetch, the_own_address_of_a_proxy_is_for_the_operator_to_choose) {
  LoopbackServer proxy(saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  FetchRequest request = request_for("http://data.example.org/x");
  request.allow_private_addresses = false;
  EXPECT_EQ(make_fetcher("twinsky/test", Proxies(proxy.base()))->get(request, {}).body, "ok");
  EXPECT_TRUE(proxy.requests().front().starts_with("GET http://data.example.org/x HTTP/1.1\r\n"));
}

TEST(fetch, the_local_network_does_not_mean_link_local_addresses) {
  for (const std::string target :
       {"http://169.254.169.254/latest", "http://169.254.1.1:81/", "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
        "http://0xa9fea9fe/"}) {
    LoopbackServer server(
        saying("HTTP/1.1 302 Found\r\nLocation: " + target + "\r\nContent-Length: 0\r\n\r\n"));
    const FetchReply redirected = get(server);
    EXPECT_EQ(redirected.status, 0) << target;
    EXPECT_NE(redirected.problem.find("link-local"), std::string::npos)
        << target << ": " << redirected.problem;
    const FetchReply asked = get(request_for(target));
    EXPECT_NE(asked.problem.find("link-local"), std::string::npos) << target;
  }
}

TEST(fetch, serves_several_threads_at_a_time) {
  std::latch has_come(1);
  LoopbackServer slow([&](LoopbackConnection& connection) {
    has_come.count_down();
    connection.wait_for_close();
  });
  LoopbackServer fast(saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
  const auto fetcher = make_fetcher("twinsky/test");
  FetchRequest waiting = request_for(slow.base());
  waiting.timeout = 60s;
  FetchReply reply;
  std::jthread thread([&](const std::stop_token& stop) { reply = fetcher->get(waiting, stop); });
  has_come.wait();
  for (int count = 0; count < 3; ++count) {
    EXPECT_EQ(fetcher->get(request_for(fast.base()), {}).body, "x");
  }
  thread.request_stop();
  thread.join();
  EXPECT_EQ(reply.problem, "stopped");
}

TEST(fetch, says_what_is_wrong_with_an_address) {
  for (const auto* url : {"", "data", "ftp://data.example.org/", "file:///etc/passwd", "http://"}) {
    const FetchReply reply = get(request_for(url));
    EXPECT_EQ(reply.status, 0) << url;
    EXPECT_NE(reply.problem, "") << url;
  }
  int port = 0;
  {
    LoopbackServer gone(saying(""));
    port = gone.port();
  }
  const FetchReply reply = get(request_for("http://127.0.0.1:" + std::to_string(port)));
  EXPECT_EQ(reply.status, 0);
  EXPECT_NE(reply.problem.find("connect"), std::string::npos) << reply.problem;
}

TEST(proxies, are_chosen_for_each_transfer) {
  const Proxies proxies("http://web:3128", "http://safe:3128",
                        "inside.example, .lan,10.0.0.0/8,203.185.0.7 [2606:4700::1]");
  EXPECT_EQ(proxies.proxy_for("http", "data.weather.gov.hk"), "http://web:3128");
  EXPECT_EQ(proxies.proxy_for("https", "data.weather.gov.hk"), "http://safe:3128");
  EXPECT_EQ(proxies.proxy_for("http", "203.185.0.8"), "http://web:3128");
  for (const auto* host :
       {"inside.example", "db.Inside.Example", "inside.example.", "nas.lan", "lan", "203.185.0.7",
        "2606:4700::1", "localhost", "a.localhost", "127.0.0.1", "192.168.1.1", "fd12::1"}) {
    EXPECT_EQ(proxies.proxy_for("http", host), "") << host;
  }
  for (const auto* host : {"outside.example", "notinside.example", "example", "localhost.example",
                           "mylocalhost", "2606:4700::2"}) {
    EXPECT_NE(proxies.proxy_for("http", host), "") << host;
  }
  EXPECT_EQ(Proxies().proxy_for("http", "data.weather.gov.hk"), "");
  EXPECT_EQ(Proxies("http://web", "http://web", "*").proxy_for("https", "aqhi.gov.hk"), "");
}

TEST(address, tells_public_addresses_from_others) {
  for (const auto* host :
       {"1.1.1.1", "203.185.0.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111",
        "[2001:4860::8888]", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"}) {
    EXPECT_EQ(is_public_literal(host), true) << host;
  }
  for (const auto* host :
       {"0.0.0.0",           "127.0.0.1",     "127.255.0.1", "10.0.0.1",   "172.16.0.1",
        "172.31.255.255",    "192.168.1.1",   "169.254.0.1", "100.64.0.1", "224.0.0.1",
        "255.255.255.255",   "198.18.0.1",    "::",          "::1",        "fe80::1",
        "fe80::1%eth0",      "fc00::1",       "fd12::1",     "ff02::1",    "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1", "2002:7f00:1::", "2001:db8::1", "2001::1",    "127.1",
        "2130706433"}) {
    EXPECT_EQ(is_public_literal(host), false) << host;
  }
  for (const auto* name : {"", "localhost", "data.weather.gov.hk", "1.1.1.1.example"}) {
    EXPECT_EQ(is_public_literal(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace twinsky
