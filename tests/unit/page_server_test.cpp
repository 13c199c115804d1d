// SPDX-License-Identifier: Apache-2.0
// The server of the local page over real sockets: whatever clients do, it answers the others.
#include "gateway/page/server.hpp"
#include "raw_client.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

class PageServerTest : public ::testing::Test {
 protected:
  void serve(const PageLimits& limits = {}) {
    server_ = std::make_unique<PageServer>(
        "127.0.0.1:0",
        PageServer::Surroundings{
            .answer = [this](const PageRequest& request) { return answer(request); },
            .event = [this] { return std::to_string(is_quiet_ ? 0 : ++events_); },
            .clock = clock_,
            .log = log_},
        limits);
    while (server_->port() == 0) std::this_thread::yield();
  }
  PageAnswer answer(const PageRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (request.target.path == "/throws") throw std::runtime_error("a disk is away");
    if (request.target.path == "/events") return {.type = "text/event-stream", .is_stream = true};
    return {.type = "text/plain", .body = "hello " + request.body};
  }
  [[nodiscard]] RawClient client() const { return RawClient(server_->port()); }
  [[nodiscard]] std::string ask(std::string_view request) const {
    const RawClient asking = client();
    asking.say(request);
    return asking.hear_all();
  }
  // Of an answer that might have no end.
  [[nodiscard]] std::string first_line(std::string_view request) const {
    const RawClient asking = client();
    asking.say(request);
    return asking.hear_until("\r\n");
  }
  void expect_well() const {
    EXPECT_TRUE(
        ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200 "));
  }

  SystemClock clock_;
  Log log_{LogLevel::error};
  std::atomic<int> events_ = 0;
  std::atomic<bool> is_quiet_ = false;  // every event is the same
  std::mutex mutex_;
  std::vector<PageRequest> requests_;  // guarded by mutex_
  std::unique_ptr<PageServer> server_;
};

TEST_F(PageServerTest, hands_on_what_is_asked_and_gives_the_answer) {
  serve();
  const std::string answer =
      ask("POST /a?b=c HTTP/1.1\r\nHost: h:1\r\nOrigin: o\r\nAuthorization: t\r\nContent-Length: "
          "3\r\nConnection: close\r\n\r\nyou");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello you")) << answer;
  const std::lock_guard lock(mutex_);
  const PageRequest& request = requests_.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target.path, "/a");
  EXPECT_EQ(request.target.asked("b"), "c");
  EXPECT_EQ(request.host, "h:1");
  EXPECT_EQ(request.origin, "o");
  EXPECT_EQ(request.authorization, "t");
  EXPECT_EQ(request.peer, "127.0.0.1");
  EXPECT_EQ(request.local, "127.0.0.1");
}

TEST_F(PageServerTest, every_answer_says_what_browsers_may_do_with_it) {
  serve();
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n"}) {
    const std::string answer = ask(request);
    for (const std::string_view header :
         {"Content-Security-Policy: default-src 'none';", "frame-ancestors 'none'",
          "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
          "X-Frame-Options: DENY", "Cross-Origin-Opener-Policy: same-origin",
          "Cross-Origin-Resource-Policy: same-origin", "Cache-Control: no-store"}) {
      EXPECT_NE(answer.find(header), answer.npos) << header << " in " << answer;
    }
    EXPECT_EQ(answer.find("Access-Control"), answer.npos);
    EXPECT_EQ(answer.find("\r\nServer:"), answer.npos);
  }
}

// Directive by directive: one word more would let in what all the others keep out.
TEST_F(PageServerTest, nothing_inline_and_nothing_foreign_is_allowed) {
  serve();
  const std::string answer = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "
                        "style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src "
                        "'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"),
            answer.npos)
      << answer;
}

TEST_F(PageServerTest, answers_several_requests_on_a_connection) {
  serve();
  const RawClient asking = client();
  for (int count = 0; count < 3; ++count) {
    asking.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(asking.hear_until("hello ").ends_with("hello "));
  }
  asking.say("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string head = asking.hear_all();
  EXPECT_NE(head.find("Content-Length: 6\r\n"), head.npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST_F(PageServerTest, refuses_what_is_no_request_for_it) {
  serve();
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "\r\n\r\n\r\n\x16\x03\x01 GET",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_TRUE(ask(request).starts_with("HTTP/1.1 400 ")) << request;
  }
  EXPECT_TRUE(requests_.empty());
  expect_well();
}

TEST_F(PageServerTest, bounds_what_it_reads) {
  serve({.header_bytes = 1000, .body_bytes = 1000});
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_TRUE(ask(start + "X: " + std::string(100'000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(ask(start + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'))
                  .starts_with("HTTP/1.1 413 "));
  std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  for (int chunk = 0; chunk < 100; ++chunk) chunked += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_TRUE(ask(chunked).starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(requests_.empty());
  expect_well();
}

// As gateway/page/README.md says.
TEST_F(PageServerTest, holds_so_much_without_being_told) {
  serve();
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  const auto with_body = [&](std::size_t size) {
    return ask(start + "Content-Length: " + std::to_string(size) + "\r\n\r\n" +
               std::string(size, 'x'));
  };
  EXPECT_TRUE(with_body(65'536).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(with_body(65'537).starts_with("HTTP/1.1 413 "));
  const auto with_header = [&](std::size_t size) {
    return ask(start + "X: " + std::string(size - start.size() - 7, 'x') + "\r\n\r\n");
  };
  EXPECT_TRUE(with_header(8'192).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(with_header(8'300).starts_with("HTTP/1.1 431 "));

  std::vector<RawClient> held;
  const auto hold = [&](std::string_view request, std::string_view answer) {
    held.push_back(client());
    held.back().say(request);
    held.back().hear_until(answer);
  };
  const std::string_view stream = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";
  while (held.size() < 16) hold(stream, "data: ");
  EXPECT_TRUE(first_line(stream).starts_with("HTTP/1.1 503 ")) << "a stream too many";
  while (held.size() < 64) hold("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "hello ");
  EXPECT_TRUE(client().hear_all().starts_with("HTTP/1.1 503 ")) << "a connection too many";
}

TEST_F(PageServerTest, gives_no_client_longer_than_its_time) {
  serve({.request_within = 50ms, .answer_within = 50ms});
  const RawClient silent = client();
  const RawClient slow = client();
  slow.say("GET / HTTP/1.1\r\nHo");
  const RawClient with_body = client();
  with_body.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
  const RawClient idle = client();
  idle.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(silent.hear_all(), "");
  EXPECT_EQ(slow.hear_all(), "");
  EXPECT_EQ(with_body.hear_all(), "");
  EXPECT_TRUE(idle.hear_all().starts_with("HTTP/1.1 200 "));
}

TEST_F(PageServerTest, turns_away_more_connections_than_it_holds) {
  serve({.connections = 3});
  std::vector<RawClient> held;
  for (int count = 0; count < 3; ++count) {
    held.push_back(client());
    held.back().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    held.back().hear_until("hello ");
  }
  EXPECT_TRUE(client().hear_all().starts_with("HTTP/1.1 503 "));
  held[1].say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  held[1].hear_all();
  // Its place is free when the server has seen the end of it.
  std::string answer;
  for (int attempt = 0; attempt < 1000 && !answer.starts_with("HTTP/1.1 200 "); ++attempt) {
    answer = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

TEST_F(PageServerTest, a_stream_tells_what_changes_and_others_are_bounded) {
  serve({.streams = 2, .events_every = 10ms});
  const std::string request = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";
  const RawClient first = client();
  first.say(request);
  const std::string heard = first.hear_until("data: 3\n\n");
  EXPECT_NE(heard.find("Content-Type: text/event-stream"), heard.npos) << heard;
  EXPECT_NE(heard.find("\r\n\r\nevent: now\ndata: 1\n\nevent: now\ndata: 2\n\n"), heard.npos)
      << heard;
  const RawClient second = client();
  second.say(request);
  second.hear_until("data: ");
  EXPECT_TRUE(first_line(request).starts_with("HTTP/1.1 503 "));
  expect_well();
}

TEST_F(PageServerTest, a_stream_ends_after_its_time_so_that_the_token_is_asked_again) {
  serve({.events_every = 5ms, .stream_lasts = 20ms});
  const std::string heard = ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(heard.find("data: 1\n"), heard.npos);
}

TEST_F(PageServerTest, a_stream_ends_after_its_time_though_nothing_is_to_be_told) {
  is_quiet_ = true;
  serve({.events_every = 5ms, .stream_lasts = 20ms});
  EXPECT_TRUE(ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("data: 0\n\n"));
}

TEST_F(PageServerTest, nobody_is_told_anything_while_nobody_listens) {
  serve({.events_every = 1ms});
  expect_well();
  EXPECT_EQ(events_, 0);
}

TEST_F(PageServerTest, what_is_thrown_costs_one_answer) {
  serve();
  const std::string answer = ask("GET /throws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_NE(answer.find("a disk is away"), answer.npos);
  EXPECT_EQ(server_->guard_status().exceptions, 1U);
  expect_well();
}

TEST_F(PageServerTest, a_port_that_is_taken_is_tried_again) {
  serve();
  const std::string address = "127.0.0.1:" + std::to_string(server_->port());
  ::testing::internal::CaptureStderr();
  PageServer second(address,
                    {.answer = [](const PageRequest&) { return PageAnswer{}; },
                     .event = {},
                     .clock = clock_,
                     .log = log_},
                    {.try_again_after = 5ms});
  expect_well();
  const std::string hears = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(hears.ends_with("hello "));
  while (log_.lines_after(0).empty()) std::this_thread::yield();
  server_.reset();
  while (second.port() == 0) std::this_thread::yield();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("is taken by another program"), log.npos) << log;
  EXPECT_EQ(log.find("is taken"), log.rfind("is taken")) << "told once: " << log;
}

TEST_F(PageServerTest, ends_when_it_is_asked_to_whatever_is_open) {
  serve({.events_every = 1ms});
  const RawClient silent = client();
  const RawClient stream = client();
  stream.say("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  stream.hear_until("data: ");
  server_->request_stop();
  while (!server_->has_stopped()) std::this_thread::yield();
  server_.reset();
  EXPECT_EQ(silent.hear_all(), "");
}

}  // namespace
}  // namespace twinsky

// Threads of: gateway/page/server.cpp
