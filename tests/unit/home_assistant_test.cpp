// SPDX-License-Identifier: Apache-2.0
// The way to Home Assistant's statistics, with a server that keeps to the protocol, and with some
// that do not. The token and all values are made up.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/transport.hpp"
#include "tests/unit/home_server.hpp"

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>

namespace twinsky::testing_world {
namespace {

using Event = TransportEvent::Kind;

constexpr const char* token = "a-token-that-nobody-may-see";

std::string message_of(const std::string& start, const std::string& unit = "%") {
  return R"([{"metadata":{"has_sum":false,"mean_type":1,"name":null,"source":"recorder",)"
         R"("statistic_id":"sensor.mk_roof_air_humidity","unit_class":"unitless",)"
         R"("unit_of_measurement":")" +
         unit + R"("},"stats":[{"start":")" + start + R"(","mean":61.5}]}])";
}

class HomeAssistantTest : public testing::Test {
 protected:
  ~HomeAssistantTest() override {
    if (transport_) transport_->abandon();
  }

  // A Home Assistant that answers each command; without an answer of its own as all is well.
  HomeServer::Serve keeping_to_the_protocol() {
    return [this](HomeClient& client) {
      client.shake_hands();
      client.say(R"({"type":"auth_required","ha_version":"2026.11.2"})");
      const Json auth = Json::parse(client.hear());
      if (auth.text_of("access_token") != token) {
        client.say(R"({"type":"auth_invalid","message":"Invalid"})");
        return;
      }
      client.say(R"({"type":"auth_ok","ha_version":"2026.11.2"})");
      while (true) {
        const std::string said = client.hear();
        const Json command = Json::parse(said);
        const std::string type = command.text_of("type");
        std::string answer;
        {
          const std::lock_guard lock(mutex_);
          commands_.push_back(said);
          const auto own = answers_.find(type);
          if (own != answers_.end()) answer = own->second;
        }
        if (answer.empty()) {
          answer =
              type == "ping" ? R"("type":"pong")"
              : type == "get_config"
                  ? R"("type":"result","success":true,"result":{"state":"RUNNING"})"
              : type == "recorder/info"
                  ? R"("type":"result","success":true,"result":{"recording":true,"thread_running":true,"migration_in_progress":false})"
                  : R"("type":"result","success":true,"result":null)";
        }
        client.say(R"({"id":)" + std::to_string(command.at("id").get<int>()) + "," + answer + "}");
      }
    };
  }
  void answer(const std::string& type, const std::string& members) {
    const std::lock_guard lock(mutex_);
    answers_[type] = members;
  }
  void refuse(const std::string& type, const std::string& code) {
    answer(type, R"("type":"result","success":false,"error":{"code":")" + code +
                     R"(","message":"the reason"})");
  }
  std::size_t count(const std::string& type) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(commands_, [&](const std::string& text) {
      return Json::parse(text).text_of("type") == type;
    }));
  }
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }

  void connect(const HomeServer& server, const std::string& secret = token) {
    const TransportInfo& info = *transport_named("home_assistant_api");
    const std::string file = directory_.write("token", secret + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    SinkSettings sink{.id = "home",
                      .transport = &info,
                      .address = server.address(),
                      .settings = Settings::defaults(info.settings),
                      .configuration_directory = directory_.path.string()};
    sink.settings.set("token_file", std::string("token"));
    transport_ =
        info.make(sink, {.gateway = "mk-roof", .inbox = inbox_, .clock = clock_, .log = log_});
    EXPECT_FALSE(transport_->connect(1));
  }
  // The next event; nothing within some seconds is a failure.
  TransportEvent next() {
    const MonotonicTime deadline = real_.now() + patience;
    while (waiting_.empty() && real_.now() < deadline) {
      for (TransportEvent& event : inbox_->wait(real_, deadline))
        waiting_.push_back(std::move(event));
    }
    EXPECT_FALSE(waiting_.empty());
    if (waiting_.empty()) return {};
    TransportEvent event = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    transport_->explain(event);
    return event;
  }
  // Connected, and so long ago that it may send.
  void enter(const HomeServer& server) {
    connect(server);
    const TransportEvent event = next();
    ASSERT_EQ(event.kind, Event::connected) << event.ending.words;
    EXPECT_EQ(event.text.find("Home Assistant 2026.11.2 at 127.0.0.1:"), 0U);
    clock_.settle(1);
    clock_.advance(10s);
    clock_.settle(1);
  }
  // Why it does not come to a connection with such a server.
  Ending failed(HomeServer::Serve serve) {
    HomeServer server(std::move(serve));
    connect(server);
    TransportEvent event = next();
    EXPECT_EQ(event.kind, Event::failed);
    transport_->abandon();
    EXPECT_EQ(next().kind, Event::closed);
    EXPECT_EQ(event.ending.words.find(token), std::string::npos);
    return event.ending;
  }
  void expect_failed(HomeServer::Serve serve, Ending::Kind kind, const std::string& words) {
    const Ending ending = failed(std::move(serve));
    EXPECT_EQ(ending.kind, kind) << ending.words;
    EXPECT_NE(ending.words.find(words), std::string::npos) << ending.words;
  }

  Directory directory_;
  std::mutex mutex_;
  std::vector<std::string> commands_;           // guarded by mutex_
  std::map<std::string, std::string> answers_;  // guarded by mutex_
  SystemClock real_{true};
  ManualClock clock_{*parse_time("2026-11-29T12:01:00Z")};
  Log log_{LogLevel::warning};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::vector<TransportEvent> waiting_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(HomeAssistantTest, imports_an_hour_and_tells_that_it_arrived) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  transport_->send(3, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::arrived);
  EXPECT_EQ(event.place, 3U);
  const auto said = commands();
  ASSERT_EQ(said.size(), 4U);
  EXPECT_EQ(said[0], R"({"type":"get_config","id":1})");
  EXPECT_EQ(said[1], R"({"type":"recorder/info","id":2})");
  EXPECT_EQ(
      said[2],
      R"({"type":"recorder/get_statistics_metadata","statistic_ids":["sensor.mk_roof_air_humidity"],"id":3})");
  EXPECT_EQ(Json::parse(said[3]).at("id").get<int>(), 4);
  EXPECT_EQ(count("recorder/import_statistics"), 1U);
}

// Home Assistant makes an hour of its own ten seconds after its end, and fails as a whole where it
// is there already.
TEST_F(HomeAssistantTest, waits_until_an_hour_is_compiled_there) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);  // it is 12:01:10
  transport_->send(0, {.destination = "hours", .payload = message_of("2026-11-29T11:00:00+00:00")});
  clock_.settle(1);
  clock_.advance(3min + 49s);
  clock_.settle(1);
  EXPECT_EQ(count("recorder/import_statistics"), 0U);
  clock_.advance(1s);
  EXPECT_EQ(next().kind, Event::arrived);
  EXPECT_EQ(count("recorder/import_statistics"), 1U);
}

TEST_F(HomeAssistantTest, does_not_wait_for_ever_where_the_clock_was_set_back) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  transport_->send(0, {.destination = "hours", .payload = message_of("2031-01-01T00:00:00+00:00")});
  clock_.settle(1);
  for (int step = 0; step < 11; ++step) {  // with a ping each half a minute
    clock_.advance(30s);
    if (step < 9) clock_.settle(1);
  }
  EXPECT_EQ(next().kind, Event::arrived);
}

// After a start it makes all the hours of which it knows nothing.
TEST_F(HomeAssistantTest, waits_until_a_home_assistant_that_has_just_started_has_caught_up) {
  HomeServer server(keeping_to_the_protocol());
  connect(server);
  ASSERT_EQ(next().kind, Event::connected);
  transport_->send(0, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  clock_.settle(1);
  clock_.advance(9s);
  clock_.settle(1);
  EXPECT_EQ(count("recorder/import_statistics"), 0U);
  clock_.advance(1s);
  EXPECT_EQ(next().kind, Event::arrived);
}

TEST_F(HomeAssistantTest, does_not_speak_to_one_that_has_not_started) {
  answer("get_config", R"("type":"result","success":true,"result":{"state":"STARTING"})");
  expect_failed(keeping_to_the_protocol(), Ending::Kind::unreachable, "has not started yet");
  EXPECT_EQ(commands().size(), 1U);
}

TEST_F(HomeAssistantTest, does_not_speak_to_one_that_records_nothing) {
  answer("recorder/info",
         R"("type":"result","success":true,"result":{"recording":true,"thread_running":false})");
  expect_failed(keeping_to_the_protocol(), Ending::Kind::unreachable, "records nothing");
  answer(
      "recorder/info",
      R"("type":"result","success":true,"result":{"recording":true,"thread_running":true,"migration_in_progress":true})");
  expect_failed(keeping_to_the_protocol(), Ending::Kind::unreachable, "rebuilding its database");
  refuse("recorder/info", "unknown_command");
  expect_failed(keeping_to_the_protocol(), Ending::Kind::denied, "needs 2024.11 or later");
}

TEST_F(HomeAssistantTest, tells_what_a_wrong_token_needs) {
  HomeServer server(keeping_to_the_protocol());
  connect(server, "another");
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::failed);
  EXPECT_EQ(event.ending.kind, Ending::Kind::denied);
  EXPECT_NE(event.ending.words.find("refuses our token: make a new one"), std::string::npos);
  EXPECT_EQ(event.ending.words.find("another"), std::string::npos);
}

TEST_F(HomeAssistantTest, tells_that_the_token_is_no_administrators) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  refuse("recorder/import_statistics", "unauthorized");
  transport_->send(0, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::lost);
  EXPECT_EQ(event.ending.kind, Ending::Kind::denied);
  EXPECT_NE(event.ending.words.find("only an administrator"), std::string::npos);
}

TEST_F(HomeAssistantTest, tells_why_a_message_is_refused_and_goes_on) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  refuse("recorder/import_statistics", "invalid_format");
  transport_->send(2, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::refused);
  EXPECT_EQ(event.place, 2U);
  EXPECT_EQ(event.text, "invalid_format (the reason)");
  answer("recorder/import_statistics", "");
  transport_->send(2, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  EXPECT_EQ(next().kind, Event::arrived);
}

TEST_F(HomeAssistantTest, leaves_out_what_is_kept_in_another_unit_and_says_so_once) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  answer(
      "recorder/get_statistics_metadata",
      R"("type":"result","success":true,"result":[{"statistic_id":"sensor.mk_roof_air_humidity","statistics_unit_of_measurement":"g/m³","mean_type":1}])");
  for (int turn = 0; turn < 2; ++turn) {
    transport_->send(0,
                     {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
    EXPECT_EQ(next().kind, Event::arrived);
  }
  EXPECT_EQ(count("recorder/import_statistics"), 0U);
  const auto lines = log_.lines_after(0);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].message.find("is kept there in g/m³ and not in %"), std::string::npos);
}

TEST_F(HomeAssistantTest, asks_now_and_then_whether_it_is_still_there) {
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  for (std::size_t pings = 0; pings < 3; ++pings) {
    EXPECT_EQ(count("ping"), pings);
    clock_.advance(30s);
    EXPECT_TRUE(eventually([&] { return count("ping") == pings + 1; }));
    clock_.settle(1);
  }
}

// ---- servers that do not keep to the protocol ---------------------------------------------------

HomeServer::Serve after_the_handshake(std::function<void(HomeClient&)> serve) {
  return [serve = std::move(serve)](HomeClient& client) {
    client.shake_hands();
    serve(client);
  };
}

TEST_F(HomeAssistantTest, knows_another_web_server) {
  expect_failed(
      [](HomeClient& client) {
        (void)client.hear_request();
        client.say_raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      },
      Ending::Kind::unreachable, "answers HTTP 404 where its websocket should be");
}

TEST_F(HomeAssistantTest, survives_noise) {
  expect_failed(
      [](HomeClient& client) {
        (void)client.hear_request();
        client.say_raw(std::string(4096, '~') + "\r\n\r\n");
      },
      Ending::Kind::unreachable, "does not keep to the protocol");
  expect_failed(
      after_the_handshake([](HomeClient& client) { client.say_raw(std::string(64, '\xff')); }),
      Ending::Kind::unreachable, "does not keep to the protocol");
  for (const char* text : {"no JSON", "[]", "5", R"({"type":"hello"})"}) {
    expect_failed(after_the_handshake([text](HomeClient& client) { client.say(text); }),
                  Ending::Kind::unreachable, "says what Home Assistant does not say");
  }
  expect_failed(
      after_the_handshake([](HomeClient& client) { client.say(std::string(100'000, '[')); }),
      Ending::Kind::unreachable, "says what Home Assistant does not say");
}

TEST_F(HomeAssistantTest, takes_no_head_or_message_without_end) {
  expect_failed(
      [](HomeClient& client) {
        client.say_raw("HTTP/1.1 101 Switching Protocols\r\n");
        while (true) client.say_raw("X-More: " + std::string(1000, 'x') + "\r\n");
      },
      Ending::Kind::unreachable, "does not keep to the protocol");
  expect_failed(after_the_handshake([](HomeClient& client) { client.say("x", 1ULL << 40U); }),
                Ending::Kind::unreachable, "sends more than 512 KiB in one message");
  // In pieces, none of which is too large.
  expect_failed(after_the_handshake([](HomeClient& client) {
                  char first = '\x01';
                  while (true) client.say(std::string(60'000, 'x'), {}, std::exchange(first, '\0'));
                }),
                Ending::Kind::unreachable, "sends more than 512 KiB in one message");
}

TEST_F(HomeAssistantTest, notices_one_that_goes_in_the_midst_of_a_message) {
  expect_failed(after_the_handshake([](HomeClient& client) { client.say("half", 100); }),
                Ending::Kind::unreachable, "was closed");
  HomeServer server(keeping_to_the_protocol());
  enter(server);
  answer("recorder/import_statistics", R"("type":"result"}{)");
  transport_->send(0, {.destination = "hours", .payload = message_of("2026-11-29T09:00:00+00:00")});
  const TransportEvent event = next();
  EXPECT_EQ(event.kind, Event::lost);
  EXPECT_EQ(event.ending.kind, Ending::Kind::lost);
}

TEST_F(HomeAssistantTest, listens_only_so_long_to_what_it_has_not_asked_for) {
  expect_failed(
      [](HomeClient& client) {
        client.shake_hands();
        client.say(R"({"type":"auth_required","ha_version":"2026.11.2"})");
        (void)client.hear();
        client.say(R"({"type":"auth_ok"})");
        (void)client.hear();
        while (true) client.say(R"({"id":77,"type":"event"})");
      },
      Ending::Kind::unreachable, "says what Home Assistant does not say");
}

// One that drips, or that asks all the time whether we are there, keeps it no longer.
TEST_F(HomeAssistantTest, waits_only_so_long_for_a_whole_answer) {
  for (const std::string& drops : {std::string("x"), std::string("\x89\0", 2)}) {
    std::atomic<bool> has_begun = false;
    HomeServer server(after_the_handshake([&](HomeClient& client) {
      client.say_raw(std::string("\x81\x7e\x40\x00", drops.size() == 1 ? 4 : 0));
      while (true) {
        client.say_raw(drops);
        has_begun = true;
        ::poll(nullptr, 0, 1);
      }
    }));
    connect(server);
    EXPECT_TRUE(eventually([&] { return has_begun.load(); }));
    // The minute begins when it begins to listen, which is not to be seen from here.
    EXPECT_TRUE(eventually([&] {
      clock_.advance(1min);
      for (TransportEvent& event : inbox_->wait(real_, real_.now() + 50ms)) {
        waiting_.push_back(std::move(event));
      }
      return !waiting_.empty();
    }));
    const TransportEvent event = next();
    EXPECT_EQ(event.kind, Event::failed);
    EXPECT_NE(event.ending.words.find("gives no whole answer in 1min"), std::string::npos)
        << event.ending.words;
    transport_->abandon();
    EXPECT_EQ(next().kind, Event::closed);
  }
}

TEST_F(HomeAssistantTest, leaves_one_that_says_nothing_at_once) {
  HomeServer server(after_the_handshake([](HomeClient& client) { (void)client.hear(); }));
  connect(server);
  transport_->abandon();
  EXPECT_EQ(next().kind, Event::closed);
  EXPECT_THROW(transport_->send(0, {.destination = {}, .payload = {}}), TransportError);
}

TEST_F(HomeAssistantTest, needs_its_tokens_file) {
  HomeServer server(keeping_to_the_protocol());
  connect(server);
  ASSERT_EQ(next().kind, Event::connected);
  fs::remove(directory_.path / "token");
  const auto ending = transport_->connect(2);
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->kind, Ending::Kind::denied);
}

}  // namespace
}  // namespace twinsky::testing_world
