// SPDX-License-Identifier: Apache-2.0
// Every way from one state of a session to another, without a transport, a broker or a thread:
// events go in, actions come out.
#include "gateway/sinks/session.hpp"

#include "tests/unit/store_fixture.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using State = Session::State;
using Event = TransportEvent::Kind;

class SessionTest : public StoreTest {
 protected:
  SessionTest() {
    open().add_sink("city", true);
    begin();
  }

  void begin(SessionSettings settings = {}) {
    settings.sink = settings.outbox.sink = "city";
    settings.outbox.records = 10;
    settings.quarrel = "; is there another one?";
    surroundings_.emplace(SinkSurroundings{"mk-roof", *store_, bulletin_, clock_, told_});
    session_.emplace(std::move(settings), *surroundings_, *native_, egress_);
  }

  // What is to be done, once all is done that is due.
  std::vector<std::string> actions() {
    session_->proceed(clock_.now());
    std::vector<std::string> texts;
    for (const auto& [kind, place, message] : session_->take_actions()) {
      constexpr const char* names[] = {"connect", "ask",        "stop asking", "listen",
                                       "send",    "disconnect", "abandon"};
      std::string text = names[static_cast<int>(kind)];
      const std::string_view base = "twinsky/v1/mk-roof/";
      const bool is_ours = message.destination.starts_with(base);
      if (!message.destination.empty()) {
        text += " " + message.destination.substr(is_ours ? base.size() : 0);
      }
      const bool is_status = message.destination.ends_with("/status");
      if (is_status && !message.payload.empty()) text += " " + message.payload;
      if (kind == Session::Action::Kind::send) places_[text] = place;
      if (kind == Session::Action::Kind::connect) session_->begun("broker b", clock_.now());
      texts.push_back(text);
    }
    return texts;
  }
  void take(TransportEvent event) {
    if (event.connection == 0) event.connection = session_->connection();
    session_->take(std::move(event), "broker b", clock_.now());
  }
  void tell(Event kind) { take({.kind = kind}); }
  void arrive(const std::string& sent) {
    take({.kind = Event::arrived, .place = places_.at(sent)});
  }
  void fail(Ending::Kind kind, bool has_another_way = false, Event event = Event::failed) {
    take({.kind = event, .ending = {kind, "broker b is away", has_another_way}});
  }
  void connect(std::size_t places = 100) {
    actions();
    take({.kind = Event::connected,
          .text = "b (MQTT 5)",
          .limits = {.places = places,
                     .acknowledge_within = 20s,
                     .largest_message = 65536,
                     .largest_payload = 65000,
                     .size_of = [](const Message& message) { return message.payload.size(); }}});
  }
  // What it does until the store has released its rows.
  std::vector<std::string> release() {
    auto done = actions();
    for (int n = 0; n < 1000 && state() == State::releasing; ++n) {
      commit();
      std::ranges::move(actions(), std::back_inserter(done));
    }
    return done;
  }
  // Until records go.
  std::vector<std::string> serve(std::size_t places = 100) {
    connect(places);
    if (session_->state() == State::asking) tell(Event::not_asked);
    auto done = release();
    std::erase(done, "ask mark");
    std::erase(done, "stop asking mark");
    return done;
  }
  [[nodiscard]] State state() const { return session_->state(); }
  [[nodiscard]] const std::string& words() const { return session_->status().state; }
  [[nodiscard]] MonotonicTime::duration rest() const { return session_->wakes_at() - clock_.now(); }

  // From now on sensors are announced to Home Assistant; there is one.
  void announce() {
    native_ = format_named("native")->make(
        {.settings = Settings::defaults(format_named("native")->settings)}, "mk-roof");
    bulletin_.post({.topic = "sensor/a/discovery",
                    .payload = R"({"state_topic":"sensor/a/state",)"
                               R"("components":{"pm10":{"platform":"sensor"}}})"});
    begin();
  }

  // From now on a database may ask for records.
  void let_ask() {
    Settings settings = Settings::defaults(format_named("native")->settings);
    settings.set("replay_for", std::vector<std::string>{"database"});
    native_ = format_named("native")->make({.settings = settings}, "mk-roof");
    begin();
  }

  // From now on the far end has to be told who is there, of which there is one with three rows.
  void tell_who_is_there() {
    native_ = format_named("sparkplug")
                  ->make({.settings = Settings::defaults(format_named("sparkplug")->settings)},
                         "mk-roof");
    bulletin_.post({.topic = "sensor/a/meta", .payload = R"({"quantities":{"pm10":{}}})"});
    fill("sensor/a", 3);
    begin();
  }
  void let_listen() { take({.kind = Event::asked, .text = commands}); }
  static constexpr const char* commands = "spBv1.0/twinsky/NCMD/mk-roof";

  std::unique_ptr<Format> native_ = format_named("native")->make({}, "mk-roof");
  const Egress egress_{SinkSettings{}};
  Log told_{LogLevel::warning};
  Bulletin bulletin_;
  std::optional<SinkSurroundings> surroundings_;
  std::optional<Session> session_;
  std::map<std::string, Place> places_;
};

using Texts = std::vector<std::string>;

// ---- resting, connecting ------------------------------------------------------------------------

TEST_F(SessionTest, connects_at_once_and_rests_when_nobody_answers) {
  EXPECT_EQ(state(), State::resting);
  EXPECT_EQ(actions(), Texts{"connect"});
  EXPECT_EQ(state(), State::connecting);
  EXPECT_EQ(rest(), 20s);
  pass(20s);
  EXPECT_EQ(actions(), Texts{"abandon"});
  EXPECT_EQ(state(), State::resting);
  EXPECT_EQ(words(), "broker b does not answer");
  EXPECT_LE(rest(), 500ms);
  pass(500ms);
  EXPECT_EQ(actions(), Texts{"connect"});
}

TEST_F(SessionTest, another_way_is_tried_at_once) {
  actions();
  const std::uint64_t first = session_->connection();
  fail(Ending::Kind::unreachable, true);
  EXPECT_EQ(state(), State::connecting);
  EXPECT_EQ(actions(), (Texts{"abandon", "connect"}));
  EXPECT_NE(session_->connection(), first);
  EXPECT_EQ(words(), "");
}

TEST_F(SessionTest, what_does_not_pass_by_itself_makes_it_patient) {
  actions();
  fail(Ending::Kind::denied);
  EXPECT_EQ(state(), State::resting);
  EXPECT_GE(rest(), 5s);
  pass(10s);
  actions();
  fail(Ending::Kind::taken_over);
  EXPECT_GE(rest(), 10s);
  EXPECT_EQ(words(), "broker b is away; is there another one?");
}

TEST_F(SessionTest, events_of_an_earlier_connection_are_not_heard) {
  actions();
  fail(Ending::Kind::unreachable, true);
  actions();
  take({.kind = Event::lost, .connection = 1, .ending = {Ending::Kind::lost, "long ago"}});
  EXPECT_EQ(state(), State::connecting);
}

// ---- asking, releasing --------------------------------------------------------------------------

TEST_F(SessionTest, asks_for_its_past_before_it_serves) {
  connect();
  EXPECT_EQ(state(), State::asking);
  EXPECT_EQ(actions(), Texts{"ask mark"});
  EXPECT_EQ(rest(), 5s);
  tell(Event::asked);
  actions();
  EXPECT_EQ(rest(), 500ms);
  take({.kind = Event::shown, .text = "somebody/else", .payload = "{}"});
  EXPECT_EQ(state(), State::asking);
  take({.kind = Event::shown,
        .text = "twinsky/v1/mk-roof/mark",
        .payload = native_->mark(store_->mark("city"))});
  EXPECT_EQ(release(), (Texts{"stop asking mark", "send status online", "send mark"}));
  EXPECT_EQ(words(), "connected to b (MQTT 5)");
  EXPECT_TRUE(session_->status().connected);
}

TEST_F(SessionTest, a_later_past_than_the_stores_begins_a_new_epoch_before_it_serves) {
  const std::string before = store_->epoch();
  Mark later = store_->mark("city");
  later.row = 1000;
  connect();
  take({.kind = Event::shown, .text = "twinsky/v1/mk-roof/mark", .payload = native_->mark(later)});
  for (int n = 0; n < 1000 && state() == State::releasing; ++n) {
    pass(20ms);
    commit();
    actions();
  }
  EXPECT_EQ(state(), State::serving);
  EXPECT_NE(store_->epoch(), before);
}

TEST_F(SessionTest, goes_on_where_nobody_answers_what_it_asks) {
  for (const Event answer : {Event::not_asked, Event::resolved}) {
    begin();
    connect();
    actions();
    tell(answer);
    if (answer == Event::resolved) pass(5s);
    release();
    EXPECT_EQ(state(), State::serving);
  }
}

TEST_F(SessionTest, asks_no_more_after_three_connections_that_ended_by_it) {
  for (int n = 0; n < 3; ++n) {
    connect();
    EXPECT_EQ(state(), State::asking);
    fail(Ending::Kind::lost, false, Event::lost);
    EXPECT_EQ(state(), State::resting);
    pass(60s);
  }
  connect();
  release();
  EXPECT_EQ(state(), State::serving);
  fail(Ending::Kind::lost, false, Event::lost);
  pass(60s);
  connect();
  EXPECT_EQ(state(), State::asking);
}

TEST_F(SessionTest, waits_a_while_for_sinks_whose_brokers_may_know_better) {
  store_->add_sink("other", true);
  connect();
  tell(Event::not_asked);
  EXPECT_EQ(state(), State::releasing);
  actions();
  EXPECT_EQ(rest(), 20ms);
  pass(2s);
  release();
  EXPECT_EQ(state(), State::serving);
}

TEST_F(SessionTest, a_connection_that_is_lost_before_it_serves_is_over) {
  store_->add_sink("other", true);
  connect();
  tell(Event::not_asked);
  fail(Ending::Kind::lost, false, Event::lost);
  EXPECT_EQ(state(), State::resting);
  EXPECT_EQ(actions(), Texts{"abandon"});
}

// ---- announcing ---------------------------------------------------------------------------------

const char* const announcement = "send homeassistant/device/twinsky_mk-roof_sensor_a/config";

TEST_F(SessionTest, listens_to_whoever_asks_for_announcements_once_it_has_made_one) {
  announce();
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark", announcement,
                            "listen homeassistant/status"}));
  take({.kind = Event::asked, .text = "homeassistant/status"});
  for (const char* sent : {"send status online", "send mark", announcement}) arrive(sent);
  EXPECT_EQ(actions(), Texts{});
  take({.kind = Event::shown, .text = "homeassistant/status", .payload = "offline"});
  take({.kind = Event::shown, .text = "somewhere/status", .payload = "online"});
  pass(10s);
  EXPECT_EQ(actions(), Texts{});
  take({.kind = Event::shown, .text = "homeassistant/status", .payload = "online"});
  EXPECT_EQ(actions(), Texts{});
  EXPECT_GE(rest(), 1s);
  EXPECT_LE(rest(), 10s);
  pass(10s);
  EXPECT_EQ(actions(), Texts{announcement});
}

TEST_F(SessionTest, listens_to_nobody_where_nothing_is_announced) {
  bulletin_.post({.topic = "sensor/a/discovery", .payload = "{}"});
  announce();
  bulletin_.withdraw("sensor/a/discovery");
  begin();
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark"}));
}

// There are brokers that hang up on who says, or asks, what he may not: records go all the same.
TEST_F(SessionTest,
       does_without_announcements_for_an_hour_after_two_connections_that_ended_by_them) {
  announce();
  const auto lose = [&] {
    fail(Ending::Kind::lost, false, Event::lost);
    actions();
    pass(60s);
  };
  for (int n = 0; n < 2; ++n) {
    EXPECT_EQ(std::ranges::count(serve(), announcement), 1) << n;
    if (n == 1) arrive(announcement);  // and nobody says whether we may listen
    lose();
  }
  fill("sensor/s1", 10);
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark", "send sensor/s1/obs"}));
  arrive("send sensor/s1/obs");
  actions();
  EXPECT_EQ(store_->cursor("city"), 10);
  lose();
  EXPECT_EQ(std::ranges::count(serve(), announcement), 0);
  lose();
  pass(1h);
  EXPECT_EQ(std::ranges::count(serve(), announcement), 1) << "it tries again";
}

TEST_F(SessionTest, a_refusal_that_was_heard_is_not_told_a_second_time) {
  announce();
  for (int n = 0; n < 2; ++n) {
    serve();
    if (n == 1) {
      take({.kind = Event::refused, .place = places_.at(announcement), .text = "code 135"});
    }
    fail(Ending::Kind::lost, false, Event::lost);
    actions();
    pass(60s);
  }
  EXPECT_EQ(std::ranges::count_if(told_.lines_after(0),
                                  [](const LogLine& line) {
                                    return line.message.find("home_assistant") != std::string::npos;
                                  }),
            1);
}

TEST_F(SessionTest, goes_on_announcing_when_connections_end_by_something_else) {
  announce();
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(std::ranges::count(serve(), announcement), 1) << n;
    arrive(announcement);
    take({.kind = Event::not_asked, .text = "homeassistant/status"});
    fail(Ending::Kind::lost, false, Event::lost);
    actions();
    pass(60s);
  }
}

// ---- what is asked for again --------------------------------------------------------------------

const char* const question = "twinsky/v1/mk-roof/cmd/replay/database";
const char* const answer = "send reply/replay/database";

TEST_F(SessionTest, gives_again_what_is_asked_for_once_all_that_is_new_is_on_its_way) {
  let_ask();
  fill("sensor/a", 40);
  EXPECT_EQ(serve(), (Texts{"send status online", "listen cmd/replay/database", "send mark",
                            "send sensor/a/obs", "send sensor/a/obs", "send sensor/a/obs",
                            "send sensor/a/obs"}));
  const std::string request =
      R"({"stream":"sensor/a","epoch":")" + store_->epoch() + R"(","first":1,"last":40})";
  take({.kind = Event::shown, .text = question, .payload = request});
  EXPECT_EQ(actions(), Texts{}) << "nothing has arrived yet";
  pass(1s);
  EXPECT_EQ(actions(), Texts{"send reply/replay/database"}) << "so there is nothing: the end";
  arrive(answer);
  for (Place place = 0; place < 6; ++place) take({.kind = Event::arrived, .place = place});
  actions();
  take({.kind = Event::shown, .text = question, .payload = request});
  int answers = 0;
  for (int n = 0; n < 100; ++n) {
    for (const std::string& done : actions()) {
      answers += done == answer ? 1 : 0;
      if (done.starts_with("send")) arrive(done);
    }
    pass(20ms);
  }
  EXPECT_EQ(answers, 5) << "four of 10 records, and the end";
  EXPECT_EQ(store_->cursor("city"), 40);
}

TEST_F(SessionTest, what_was_asked_on_a_connection_is_not_answered_on_the_next) {
  let_ask();
  fill("sensor/a", 5);
  serve();
  arrive("send sensor/a/obs");
  take({.kind = Event::shown,
        .text = question,
        .payload = R"({"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"})"});
  fail(Ending::Kind::lost, false, Event::lost);
  actions();
  pass(60s);
  EXPECT_EQ(std::ranges::count(serve(), "listen cmd/replay/database"), 1);
  pass(60s);
  EXPECT_EQ(std::ranges::count(actions(), answer), 0);
}

TEST_F(SessionTest, the_newest_numbers_stand_there_once_all_has_arrived) {
  let_ask();
  fill("sensor/a", 5);
  serve();
  EXPECT_EQ(actions(), Texts{});
  for (const char* sent : {"send status online", "send mark", "send sensor/a/obs"}) arrive(sent);
  EXPECT_EQ(actions(), Texts{"send newest"});
  arrive("send newest");
  fill("sensor/a", 5);
  EXPECT_EQ(actions(), Texts{"send sensor/a/obs"});
  arrive("send sensor/a/obs");
  pass(50s);
  EXPECT_EQ(actions(), Texts{}) << "not more than once a minute";
  pass(10s);
  EXPECT_EQ(actions(), (Texts{"send mark", "send newest"}));
  for (const char* sent : {"send mark", "send newest"}) arrive(sent);
  pass(10min);
  EXPECT_EQ(actions(), Texts{}) << "nothing is new";
  for (int n = 0; n < 2; ++n) {
    fill("sensor/a", 1);
    actions();
    arrive("send sensor/a/obs");
    EXPECT_EQ(std::ranges::count(actions(), "send newest"), n == 0 ? 1 : 0);
  }
  session_->stop(clock_.now(), clock_.now() + 1s);
  EXPECT_EQ(std::ranges::count(actions(), "send newest"), 1) << "however soon, before it leaves";
}

// As a mark that comes later than it was waited for.
TEST_F(SessionTest, what_is_said_where_nobody_may_ask_is_no_question) {
  let_ask();
  serve();
  for (const char* sent : {"send status online", "send mark"}) arrive(sent);
  for (const char* topic :
       {"twinsky/v1/mk-roof/mark", "x", "twinsky/v1/mk-roof/cmd/replay/school"}) {
    take({.kind = Event::shown, .text = topic, .payload = "{}"});
    take({.kind = Event::not_asked, .text = topic});
    pass(1s);
    EXPECT_EQ(actions(), Texts{}) << topic;
  }
  EXPECT_TRUE(told_.lines_after(0).empty());
}

TEST_F(SessionTest, rests_while_rows_wait_for_the_right_clock) {
  let_ask();
  fill("sensor/a", 5);
  serve();
  for (const char* sent : {"send status online", "send mark", "send sensor/a/obs"}) arrive(sent);
  clock_.set_trust(false);
  fill("sensor/a", 5);
  actions();
  EXPECT_GE(rest(), 500ms);
  pass(1s);
  actions();
  EXPECT_GE(rest(), 500ms);
}

TEST_F(SessionTest, answers_where_two_messages_may_be_under_way_and_rests_meanwhile) {
  let_ask();
  fill("sensor/a", 5);
  serve(2);
  for (const char* sent : {"send status online", "send mark"}) arrive(sent);
  actions();
  arrive("send sensor/a/obs");
  for (int n = 0; n < 10; ++n) {
    for (const std::string& done : actions()) {
      if (done.starts_with("send")) arrive(done);
    }
    pass(20ms);
  }
  take({.kind = Event::shown,
        .text = question,
        .payload = R"({"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"})"});
  int answers = 0;
  for (int n = 0; n < 20; ++n) {
    for (const std::string& done : actions()) {
      answers += done == answer ? 1 : 0;
      if (done.starts_with("send")) arrive(done);
    }
    EXPECT_GT(rest(), 0ms);
    pass(20ms);
  }
  EXPECT_EQ(answers, 2);
}

TEST_F(SessionTest, where_nobody_may_ask_nothing_of_it_goes) {
  fill("sensor/a", 5);
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark", "send sensor/a/obs"}));
  arrive("send sensor/a/obs");
  take({.kind = Event::shown,
        .text = question,
        .payload = R"({"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"})"});
  pass(1min);
  EXPECT_EQ(std::ranges::count(actions(), answer), 0);
  EXPECT_EQ(std::ranges::count(actions(), "send newest"), 0);
}

// ---- serving ------------------------------------------------------------------------------------

TEST_F(SessionTest, keeps_to_its_pace_and_lets_records_and_documents_take_turns) {
  fill("sensor/s1", 100);
  begin({.pace = 1s});
  serve();
  int records = 0;
  int documents = 0;
  for (int second = 0; second < 20; ++second) {
    for (int n = 0; n < 5; ++n) {
      bulletin_.post({.topic = "state" + std::to_string(n), .payload = std::to_string(second)});
    }
    const Texts sent = actions();
    EXPECT_EQ(sent.size(), second == 0 ? 0U : 1U) << second;
    for (const std::string& one : sent) {
      (one == "send sensor/s1/obs" ? records : documents) += 1;
      arrive(one);
    }
    EXPECT_EQ(rest(), 1s) << second;  // and it does not turn meanwhile
    pass(1s);
  }
  EXPECT_EQ(records, 10);
  EXPECT_EQ(documents, 9);
}

TEST_F(SessionTest, says_its_last_words_without_minding_its_pace) {
  bulletin_.post({.topic = "info", .payload = "{}"});
  begin({.pace = 1h});
  serve();
  session_->stop(clock_.now(), clock_.now() + 500ms);
  EXPECT_EQ(actions(), (Texts{"send info", "send status offline"}));
}

TEST_F(SessionTest, what_has_arrived_moves_the_cursor_and_is_counted) {
  fill("sensor/s1", 10);
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark", "send sensor/s1/obs"}));
  EXPECT_EQ(store_->cursor("city"), 0);
  arrive("send sensor/s1/obs");
  actions();
  EXPECT_EQ(store_->cursor("city"), 10);
  EXPECT_EQ(session_->status().records_acknowledged, 10U);
  EXPECT_EQ(session_->status().messages_acknowledged, 1U);
  arrive("send sensor/s1/obs");  // twice is once
  EXPECT_EQ(session_->status().messages_acknowledged, 1U);
}

TEST_F(SessionTest, what_is_refused_is_tried_again_and_holds_up_nobody) {
  fill("sensor/s1", 1);
  fill("sensor/s2", 1);
  serve();
  take({.kind = Event::refused, .place = places_.at("send sensor/s1/obs"), .text = "code 135"});
  arrive("send sensor/s2/obs");
  arrive("send mark");
  arrive("send status online");
  EXPECT_EQ(state(), State::serving);
  EXPECT_EQ(session_->status().refused, 1U);
  pass(1s);
  EXPECT_EQ(actions(), Texts{"send sensor/s1/obs"});
}

// Else a stream that was refused came back at one message a second.
TEST_F(SessionTest, what_follows_a_refusal_goes_as_soon_as_it_may) {
  fill("sensor/s1", 30);  // three messages
  serve();
  arrive("send mark");
  arrive("send status online");
  for (const Place place : {2U, 3U, 4U}) {
    take({.kind = Event::refused, .place = place, .text = "code 135"});
  }
  pass(1s);
  for (int n = 0; n < 2; ++n) {
    EXPECT_EQ(actions(), Texts{"send sensor/s1/obs"});
    actions();
    EXPECT_TRUE(session_->awaits_arrivals());
    arrive("send sensor/s1/obs");
  }
}

TEST_F(SessionTest, a_full_window_leaves_two_places_to_what_is_no_record) {
  fill("sensor/s1", 100);
  EXPECT_EQ(serve(5), (Texts{"send status online", "send mark", "send sensor/s1/obs",
                             "send sensor/s1/obs", "send sensor/s1/obs"}));
  arrive("send status online");
  EXPECT_EQ(actions(), Texts{});
  bulletin_.post({.topic = "info", .payload = "{}"});
  EXPECT_EQ(actions(), Texts{"send info"});
}

TEST_F(SessionTest, silence_ends_it) {
  serve();
  arrive("send status online");
  pass(19s);
  actions();
  EXPECT_EQ(state(), State::serving);
  EXPECT_EQ(rest(), 1s);
  pass(1s);
  actions();
  EXPECT_EQ(state(), State::resting);
  EXPECT_EQ(words(), "broker b acknowledged nothing for 20s");
  EXPECT_EQ(session_->status().reconnects, 1U);
}

TEST_F(SessionTest, what_was_under_way_when_it_was_lost_goes_again) {
  fill("sensor/s1", 10);
  serve();
  fail(Ending::Kind::lost, false, Event::lost);
  EXPECT_EQ(state(), State::resting);
  EXPECT_EQ(store_->cursor("city"), 0);
  pass(60s);
  EXPECT_EQ(serve(), (Texts{"send status online", "send mark", "send sensor/s1/obs"}));
}

TEST_F(SessionTest, connections_that_break_at_once_look_like_a_quarrel) {
  for (int n = 0; n < 3; ++n) {
    serve();
    fail(Ending::Kind::lost, false, Event::lost);
    EXPECT_EQ(words().ends_with("another one?"), n == 2);
    pass(60s);
  }
}

// A backlog over a way that is cut again and again: the pauses do not grow while it gets on.
TEST_F(SessionTest, connections_that_carry_much_are_followed_by_others_soon) {
  const auto longest_rest_after = [&](std::size_t padding) {
    MonotonicTime::duration longest{0};
    for (int n = 0; n < 12; ++n) {
      fill("sensor/s1", 10, padding);
      serve();
      arrive("send sensor/s1/obs");
      fill("sensor/s1", 10, padding);
      actions();
      arrive("send sensor/s1/obs");
      fail(Ending::Kind::lost, false, Event::lost);
      longest = std::max(longest, rest());
      pass(60s);
    }
    return longest;
  };
  EXPECT_LE(longest_rest_after(4000), 500ms);
  EXPECT_GE(longest_rest_after(40), 5s);
}

// ---- leaving, closing, stopped ------------------------------------------------------------------

TEST_F(SessionTest, says_offline_then_lets_the_connection_go_then_stops) {
  serve();
  session_->stop(clock_.now(), clock_.now() + 10s);
  EXPECT_EQ(state(), State::leaving);
  EXPECT_EQ(actions(), Texts{"send status offline"});
  EXPECT_EQ(rest(), 500ms);
  for (const char* sent : {"send mark", "send status online", "send status offline"}) arrive(sent);
  EXPECT_EQ(state(), State::closing);
  EXPECT_EQ(actions(), (Texts{"disconnect", "abandon"}));
  tell(Event::closed);
  EXPECT_EQ(state(), State::stopped);
  EXPECT_EQ(words(), "stopped");
}

TEST_F(SessionTest, a_farewell_that_nobody_hears_ends_all_the_same) {
  serve();
  session_->stop(clock_.now(), clock_.now() + 200ms);
  actions();
  pass(200ms);
  EXPECT_EQ(actions(), (Texts{"disconnect", "abandon"}));
  EXPECT_EQ(state(), State::stopped);
}

TEST_F(SessionTest, a_connection_that_is_lost_in_the_farewell_stops) {
  serve();
  session_->stop(clock_.now(), clock_.now() + 10s);
  fail(Ending::Kind::lost, true, Event::lost);
  EXPECT_EQ(state(), State::stopped);
}

TEST_F(SessionTest, stops_at_once_where_it_does_not_serve) {
  session_->stop(clock_.now(), clock_.now() + 10s);
  EXPECT_EQ(state(), State::stopped);
  EXPECT_EQ(actions(), Texts{});
  begin();
  actions();
  session_->stop(clock_.now(), clock_.now() + 10s);
  EXPECT_EQ(state(), State::stopped);
  EXPECT_EQ(actions(), Texts{"abandon"});
  begin();
  connect();
  session_->stop(clock_.now(), clock_.now() + 10s);
  EXPECT_EQ(state(), State::stopped);
}

// ---- where the far end is told who is there
// ------------------------------------------------------

const Texts births = {"send spBv1.0/twinsky/NBIRTH/mk-roof",
                      "send spBv1.0/twinsky/DBIRTH/mk-roof/a"};
constexpr const char* data = "send spBv1.0/twinsky/DDATA/mk-roof/a";

TEST_F(SessionTest,
       nothing_is_said_before_we_are_heard_and_no_record_before_it_is_told_whose_it_is) {
  tell_who_is_there();
  connect();
  EXPECT_EQ(actions(), Texts{std::string("listen ") + commands});
  EXPECT_EQ(state(), State::asking);
  tell(Event::shown);  // it speaks before it says that we may listen
  EXPECT_EQ(state(), State::asking);
  let_listen();
  Texts expected = births;
  expected.emplace_back(data);
  EXPECT_EQ(release(), expected);
  // Births take no place: nobody tells what became of them.
  EXPECT_EQ(places_.at(births[0]), nowhere);
  arrive(data);
  actions();
  EXPECT_EQ(store_->cursor("city"), store_->status().last_row);
}

TEST_F(SessionTest, where_we_may_not_be_heard_nothing_is_said) {
  tell_who_is_there();
  connect();
  actions();
  take({.kind = Event::not_asked, .text = commands});
  EXPECT_EQ(state(), State::resting);
  EXPECT_NE(words().find("does not let us listen at spBv1.0/twinsky/NCMD/mk-roof"),
            std::string::npos);
  EXPECT_EQ(actions(), Texts{"abandon"});
  begin();
  connect();
  actions();
  pass(5s);
  EXPECT_EQ(actions(), Texts{"abandon"});
  EXPECT_EQ(state(), State::resting);
}

TEST_F(SessionTest, who_is_there_is_told_again_where_it_is_asked_for) {
  tell_who_is_there();
  connect();
  actions();
  let_listen();
  release();
  arrive(data);
  const std::string command = "\x12\x18\x0a\x14Node Control/Rebirth\x70\x01";
  take({.kind = Event::shown, .text = "elsewhere", .payload = command});
  EXPECT_EQ(actions(), Texts());
  take({.kind = Event::shown, .text = commands, .payload = command});
  EXPECT_EQ(actions(), births);
}

TEST_F(SessionTest, each_connection_has_its_number_and_what_came_to_none_has_not) {
  tell_who_is_there();
  actions();
  const std::string first = session_->last_word().payload;
  EXPECT_EQ(session_->last_word().destination, "spBv1.0/twinsky/NDEATH/mk-roof");
  EXPECT_FALSE(session_->last_word().retained);
  EXPECT_TRUE(session_->is_last_word_always_said());
  fail(Ending::Kind::unreachable, true);
  EXPECT_EQ(actions(), (Texts{"abandon", "connect"}));
  EXPECT_EQ(session_->last_word().payload, first);
  connect();
  fail(Ending::Kind::lost, true, Event::lost);
  EXPECT_EQ(actions(), (Texts{"abandon", "connect"}));
  const std::string second = session_->last_word().payload;
  EXPECT_NE(second, first);
  // It is on the disk by now: a crash changes nothing.
  session_.reset();
  crash();
  open().add_sink("city", true);
  begin();
  actions();
  EXPECT_NE(session_->last_word().payload, first);
  EXPECT_NE(session_->last_word().payload, second);
  EXPECT_EQ(store_->remembered("connections of city"), "3");
}

TEST_F(SessionTest, takes_leave_in_the_words_of_its_format) {
  tell_who_is_there();
  connect();
  actions();
  let_listen();
  release();
  session_->stop(clock_.now(), clock_.now() + 10s);
  const std::string farewell = "send spBv1.0/twinsky/NDEATH/mk-roof";
  EXPECT_EQ(actions(), Texts{farewell});
  EXPECT_EQ(state(), State::leaving);
  arrive(farewell);
  EXPECT_EQ(actions(), (Texts{"disconnect", "abandon"}));
}

}  // namespace
}  // namespace twinsky
