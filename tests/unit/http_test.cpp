// SPDX-License-Identifier: Apache-2.0
// The way over HTTP, with servers that say byte by byte what a test wants said. Tokens and values
// are made up.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/transport.hpp"
#include "tests/unit/home_server.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>

namespace twinsky::testing_world {
namespace {

using Event = TransportEvent::Kind;

constexpr const char* token = "a-token-that-nobody-may-see";

struct Request {
  std::string head;
  std::string body;
};

Request request_of(HomeClient& client) {
  Request request{.head = client.hear_request(), .body = {}};
  const std::string name = "Content-Length: ";
  const std::size_t at = request.head.find(name);
  const std::size_t length =
      at == std::string::npos ? 0 : std::stoul(request.head.substr(at + name.size()));
  request.body = client.hear_some(length);
  return request;
}

std::string answer(const std::string& status, const std::string& body = "",
                   const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpTest : public testing::Test {
 protected:
  ~HttpTest() override {
    if (transport_) transport_->abandon();
  }

  // Answers every request of a connection alike, and keeps what was asked.
  HomeServer::Serve with(std::string said) {
    return [this, said = std::move(said)](HomeClient& client) {
      while (true) {
        Request request = request_of(client);
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(std::move(request));
        }
        client.say_raw(said);
      }
    };
  }
  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  SinkSettings& settings(const std::string& address) {
    const TransportInfo& info = *transport_named("http");
    sink_ = {.id = "city",
             .transport = &info,
             .address = address,
             .format = format_named("native"),
             .settings = Settings::defaults(info.settings),
             .configuration_directory = directory_.path.string()};
    return sink_;
  }
  void set_token() {
    const std::string file = directory_.write("token", std::string(token) + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    sink_.settings.set("token_file", std::string("token"));
    sink_.secret_places.by_setting["token_file"] = "twinsky.json:3:9: /sinks/0/token_file";
  }
  void connect() {
    if (!transport_) {
      transport_ = sink_.transport->make(
          sink_, {.gateway = "mk-roof", .inbox = inbox_, .clock = clock_, .log = log_});
    }
    const auto ended = transport_->connect(1);
    EXPECT_FALSE(ended) << ended->words;
  }
  // The next event; nothing within some seconds is a failure.
  TransportEvent next() {
    const MonotonicTime deadline = clock_.now() + patience;
    while (waiting_.empty() && clock_.now() < deadline) {
      for (TransportEvent& event : inbox_->wait(clock_, deadline)) {
        waiting_.push_back(std::move(event));
      }
    }
    EXPECT_FALSE(waiting_.empty());
    if (waiting_.empty()) return {};
    TransportEvent event = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    transport_->explain(event);
    EXPECT_EQ((event.ending.words + event.text).find(token), std::string::npos);
    return event;
  }
  TransportEvent enter() {
    connect();
    TransportEvent event = next();
    EXPECT_EQ(event.kind, Event::connected) << event.ending.words;
    return event;
  }
  void send(const std::string& destination, const std::string& payload = "[]", Place place = 0) {
    transport_->send(
        place,
        {.destination = destination, .payload = payload, .content_type = "application/json"});
  }
  // What becomes of a message that is answered so.
  TransportEvent answered(const std::string& said) {
    HomeServer server(with(said));
    settings(server.address());
    set_token();
    transport_.reset();
    enter();
    send("there");
    TransportEvent event = next();
    transport_->abandon();
    EXPECT_EQ(next().kind, Event::closed);
    return event;
  }
  void expect_refused_address(const std::string& address, const std::string& words) {
    SinkSettings& sink = settings(address);
    const auto problems = sink.transport->check(sink, {});
    ASSERT_EQ(problems.size(), 1U) << address;
    EXPECT_EQ(problems[0].setting, "http");
    EXPECT_NE(problems[0].message.find(words), std::string::npos) << problems[0].message;
  }

  std::mutex mutex_;
  std::vector<Request> requests_;  // guarded by mutex_
  Directory directory_;
  SystemClock clock_{true};
  Log log_{LogLevel::error};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::vector<TransportEvent> waiting_;
  SinkSettings sink_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(HttpTest, a_message_is_posted_behind_the_address_and_has_arrived_with_2xx) {
  HomeServer server(with(answer("204 No Content")));
  settings(server.address() + "/api/?db=air");
  sink_.settings.set("headers", std::vector<std::string>{"Fiware-Service: city"});
  set_token();
  EXPECT_EQ(enter().text, "HTTP server 127.0.0.1:" + std::to_string(server.port()));
  send("twinsky/v1/mk-roof/sensor/roof pm/obs", R"([{"seq":1}])", 3);
  send("#sensor/roof-pm/obs", "second", 1);
  TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::arrived);
  EXPECT_EQ(event.place, 3U);
  event = next();
  EXPECT_EQ(event.kind, Event::arrived);
  EXPECT_EQ(event.place, 1U);

  const auto seen = requests();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].head.starts_with(
      "POST /api/twinsky/v1/mk-roof/sensor/roof%20pm/obs?db=air HTTP/1.1\r\n"))
      << seen[0].head;
  EXPECT_EQ(seen[0].body, R"([{"seq":1}])");
  for (const std::string line :
       {"Content-Type: application/json\r\n", "Fiware-Service: city\r\n",
        "Authorization: Bearer a-token-that-nobody-may-see\r\n", "User-Agent: twinsky/"}) {
    EXPECT_NE(seen[0].head.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(seen[0].head.find("Expect:"), std::string::npos);
  EXPECT_TRUE(seen[1].head.starts_with("POST /api?db=air HTTP/1.1\r\n")) << seen[1].head;
  EXPECT_EQ(seen[1].body, "second");
}

TEST_F(HttpTest, a_token_is_shown_as_the_server_wants_it) {
  const auto header = [this](const std::string& scheme) {
    HomeServer server(with(answer("200 OK")));
    settings(server.address());
    set_token();
    sink_.settings.set("token_scheme", scheme);
    transport_.reset();
    enter();
    send("#");
    EXPECT_EQ(next().kind, Event::arrived);
    transport_->abandon();
    EXPECT_EQ(next().kind, Event::closed);
    return requests().back().head;
  };
  EXPECT_NE(header("Token").find("Authorization: Token a-token-"), std::string::npos);
  EXPECT_NE(header("X-Auth-Token").find("\r\nX-Auth-Token: a-token-"), std::string::npos);
  EXPECT_NE(header("Basic").find("Authorization: Basic YS10b2tlbi10aGF0LW5vYm9keS1tYXktc2Vl\r\n"),
            std::string::npos);
}

TEST_F(HttpTest, a_status_says_whose_fault_it_is) {
  struct Case {
    std::string status;
    Event kind;
    Ending::Kind ending;
    std::string words;
  };
  const std::vector<Case> cases = {
      {"200 OK", Event::arrived, {}, ""},
      {"202 Accepted", Event::arrived, {}, ""},
      {"301 Moved", Event::lost, Ending::Kind::denied, "change the address"},
      {"401 No", Event::lost, Ending::Kind::denied, "twinsky.json:3:9: /sinks/0/token_file"},
      {"403 No", Event::lost, Ending::Kind::denied, "refuses our token (403 (why))"},
      {"404 No", Event::lost, Ending::Kind::denied, "is this its address?"},
      {"408 Slow", Event::lost, Ending::Kind::lost, "cannot take it now: 408"},
      {"429 Often", Event::lost, Ending::Kind::lost, "cannot take it now: 429"},
      {"500 Oh", Event::lost, Ending::Kind::lost, "cannot take it now: 500 (why)"},
      {"503 Away", Event::lost, Ending::Kind::lost, "cannot take it now: 503"},
      {"507 Full", Event::lost, Ending::Kind::lost, "cannot take it now: 507"},
      {"400 Bad", Event::refused, {}, "400 (why)"},
      {"413 Large", Event::refused, {}, "413"},
      {"422 Bad", Event::refused, {}, "422"}};
  for (const Case& each : cases) {
    const TransportEvent event = answered(answer(each.status, "why"));
    EXPECT_EQ(event.kind, each.kind) << each.status;
    const std::string& words = event.kind == Event::refused ? event.text : event.ending.words;
    EXPECT_NE(words.find(each.words), std::string::npos) << each.status << ": " << words;
    if (event.kind == Event::lost) {
      EXPECT_EQ(event.ending.kind, each.ending) << each.status;
    }
    EXPECT_EQ(event.is_too_large, each.status.starts_with("413")) << each.status;
  }
}

TEST_F(HttpTest, without_a_token_it_says_how_to_have_one) {
  HomeServer server(with(answer("401 Unauthorized")));
  settings(server.address());
  enter();
  send("#");
  EXPECT_NE(next().ending.words.find("say in \"token_file\""), std::string::npos);
}

TEST_F(HttpTest, a_token_that_is_not_there_is_told_before_anything_is_sent) {
  settings("http://127.0.0.1:9");
  set_token();
  fs::remove(directory_.path / "token");
  transport_ = sink_.transport->make(
      sink_, {.gateway = "mk-roof", .inbox = inbox_, .clock = clock_, .log = log_});
  const auto ended = transport_->connect(1);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->kind, Ending::Kind::denied);
  EXPECT_NE(ended->words.find("/sinks/0/token_file"), std::string::npos) << ended->words;
}

TEST_F(HttpTest, what_it_asks_for_is_waited_for_but_not_for_ever) {
  EXPECT_EQ(answered(answer("429 Often", "", "Retry-After: 70\r\n")).ending.rest_at_least, 70s);
  EXPECT_EQ(answered(answer("503 Away", "", "Retry-After: 86400\r\n")).ending.rest_at_least, 1h);
  EXPECT_EQ(answered(answer("503 Away")).ending.rest_at_least, 0s);
}

TEST_F(HttpTest, what_it_says_is_bounded_and_never_shows_our_token) {
  EXPECT_EQ(answered(answer("400 Bad", std::string("your token ") + token)).text, "400");
  const std::string long_text = answered(answer("400 Bad", std::string(9000, 'x'))).text;
  EXPECT_EQ(long_text, "400 (" + std::string(200, 'x') + "…)");
  EXPECT_EQ(answered(answer("400 Bad", "two\nlines")).text, "400 (two lines)");
}

TEST_F(HttpTest, an_answer_counts_though_what_follows_its_head_is_endless_or_cut_off) {
  // Heard to a bound, after which the connection is given up; the message is not posted again.
  EXPECT_EQ(
      answered("HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + std::string(300'000, 'x'))
          .kind,
      Event::arrived);
  EXPECT_EQ(requests().size(), 1U);
  HomeServer server([](HomeClient& client) {
    (void)request_of(client);
    client.say_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  settings(server.address());
  transport_.reset();
  enter();
  send("#");
  EXPECT_EQ(next().kind, Event::arrived);
}

TEST_F(HttpTest, a_server_that_hangs_up_or_says_nothing_has_not_acknowledged) {
  std::atomic<bool> answers = false;
  HomeServer server([&](HomeClient& client) {
    (void)request_of(client);
    if (answers) client.say_raw(answer("200 OK"));
  });
  settings(server.address());
  EXPECT_FALSE(enter().limits.is_in_doubt);
  send("#");
  TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::lost);
  EXPECT_EQ(event.ending.kind, Ending::Kind::lost);

  // That it can be reached again proves nothing until something has arrived.
  answers = true;
  transport_->abandon();
  EXPECT_EQ(next().kind, Event::closed);
  EXPECT_TRUE(enter().limits.is_in_doubt);
  send("#");
  EXPECT_EQ(next().kind, Event::arrived);
  transport_->abandon();
  EXPECT_EQ(next().kind, Event::closed);
  EXPECT_FALSE(enter().limits.is_in_doubt);
}

TEST_F(HttpTest, silence_ends_after_the_time_that_is_set) {
  HomeServer server([](HomeClient& client) {
    while (true) (void)request_of(client);
  });
  settings(server.address());
  sink_.settings.set("answer_within", milliseconds(50));
  enter();
  send("#");
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::lost);
  EXPECT_NE(event.ending.words.find("timed out"), std::string::npos) << event.ending.words;
}

TEST_F(HttpTest, a_stop_does_not_wait_for_an_answer) {
  std::atomic<bool> was_asked = false;
  HomeServer server([&](HomeClient& client) {
    (void)request_of(client);
    was_asked = true;
    (void)client.hear_request();  // nothing more comes
  });
  settings(server.address());
  sink_.settings.set("answer_within", milliseconds(patience * 4));
  enter();
  send("#");
  ASSERT_TRUE(eventually([&] { return was_asked.load(); }));
  transport_->abandon();  // would hang
  EXPECT_EQ(next().kind, Event::closed);
}

TEST_F(HttpTest, where_nobody_is_it_says_so_and_nothing_is_sent) {
  settings("http://127.0.0.1:" + std::to_string(free_port()));
  connect();
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::failed);
  EXPECT_EQ(event.ending.kind, Ending::Kind::unreachable);
}

TEST_F(HttpTest, a_proxy_is_used_as_by_what_is_fetched) {
  HomeServer proxy(with(answer("200 OK")));
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the others do not ask for it
  ::setenv("http_proxy", proxy.address().c_str(), 1);
  settings("http://platform.example.org/api");
  EXPECT_TRUE(enter().limits.is_in_doubt);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
  ::unsetenv("http_proxy");
  send("there");
  EXPECT_EQ(next().kind, Event::arrived);
  EXPECT_TRUE(
      requests().at(0).head.starts_with("POST http://platform.example.org/api/there HTTP/1.1\r\n"))
      << requests().at(0).head;
}

TEST_F(HttpTest, it_remembers_nothing) {
  HomeServer server(with(answer("200 OK")));
  settings(server.address());
  enter();
  transport_->ask("mark");
  EXPECT_EQ(next().kind, Event::not_asked);
}

TEST_F(HttpTest, what_is_no_address_is_refused_and_a_secret_in_it_never_shown) {
  for (const std::string wrong :
       {"http://", "http://host:0/", "https://a b/", "https://host/#part", "https://u:pw@host/"}) {
    expect_refused_address(wrong, "is no server's address");
  }
  expect_refused_address("https://host/write?db=x&p=hunter2", "a secret behind its \"?\"");
  EXPECT_TRUE(settings("https://[2001:db8::7]:8086/write?db=x&precision=ms")
                  .transport->check(sink_, {})
                  .empty());
}

TEST_F(HttpTest, headers_that_are_secret_or_our_own_are_refused) {
  const auto wrong = [this](const std::string& header) {
    settings("https://host").settings.set("headers", std::vector<std::string>{header});
    const auto problems = sink_.transport->check(sink_, {});
    return problems.empty() ? "" : problems[0].message;
  };
  EXPECT_EQ(wrong("Fiware-Service: city"), "");
  EXPECT_NE(wrong("X-Access-Token: hunter2").find("looks like a secret"), std::string::npos);
  EXPECT_EQ(wrong("X-Access-Token: hunter2").find("hunter2"), std::string::npos);
  EXPECT_NE(wrong("Content-Type: text/plain").find("the gateway's own"), std::string::npos);
  EXPECT_NE(wrong("no header").find("is no header"), std::string::npos);
  EXPECT_NE(wrong("A: b\r\nC: d").find("is no header"), std::string::npos);
}

TEST_F(HttpTest, what_has_no_effect_there_is_said) {
  const auto problem = [this](const std::string& address, const std::string& given) {
    SinkSettings& sink = settings(address);
    const auto problems = sink.transport->check(sink, {given});
    return problems.empty() ? "" : problems[0].message;
  };
  EXPECT_NE(problem("http://host", "ca_file").find("https://"), std::string::npos);
  EXPECT_EQ(problem("https://host", "ca_file"), "");
  EXPECT_NE(problem("https://host", "token_scheme").find("stands alone"), std::string::npos);
  EXPECT_NE(problem("https://host", "replay_for").find("no effect over http"), std::string::npos);
  EXPECT_NE(problem("https://host", "home_assistant").find("no effect over http"),
            std::string::npos);
}

}  // namespace
}  // namespace twinsky::testing_world
