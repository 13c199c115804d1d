// SPDX-License-Identifier: Apache-2.0
// Threads of: gateway/sinks/delivery.cpp gateway/sinks/transports/mqtt_client.cpp
// The MQTT sink against real mosquittos: what arrives, and what happens when the broker, the way to
// it or its answers are bad. The samples are synthetic.
#include "gateway/text/record.hpp"
#include "tests/unit/certificates.hpp"
#include "tests/unit/memory_peak.hpp"
#include "tests/unit/sink_fixture.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <new>
#include <set>

namespace twinsky {
namespace {

using namespace testing_world;
using nlohmann::json;
using Messages = Subscriber::Messages;

// Every stream's records in the order in which they first arrived. Who waits for many reads each
// message once: reading all of them at every arrival takes minutes under the sanitizers.
class Arrivals {
 public:
  void read(const Messages& messages) {
    for (; messages_ < messages.size(); ++messages_) take(messages[messages_]);
  }
  [[nodiscard]] std::size_t records() const { return records_; }
  [[nodiscard]] const std::map<std::string, std::vector<std::uint64_t>>& numbers() const {
    return numbers_;
  }

 private:
  void take(const Received& message) {
    if (!message.topic.ends_with("/obs")) return;
    for (const json& record : json::parse(message.payload)) {
      const std::uint64_t seq = record["seq"];
      if (!seen_[message.topic].insert(seq).second) continue;
      numbers_[message.topic].push_back(seq);
      ++records_;
    }
  }

  std::size_t messages_ = 0;
  std::size_t records_ = 0;
  std::map<std::string, std::vector<std::uint64_t>> numbers_;
  std::map<std::string, std::set<std::uint64_t>> seen_;
};

std::size_t records_in(const Messages& messages) {
  Arrivals arrivals;
  arrivals.read(messages);
  return arrivals.records();
}

// All of 1 … count of every stream, each in order.
::testing::AssertionResult complete(Subscriber& subscriber, std::size_t streams,
                                    std::size_t count) {
  Arrivals arrivals;
  const bool has_all = subscriber.sees([&](const Messages& all) {
    arrivals.read(all);
    return arrivals.records() >= streams * count;
  });
  if (!has_all) {
    return ::testing::AssertionFailure()
           << arrivals.records() << " of " << streams * count << " records came";
  }
  for (const auto& [topic, numbers] : arrivals.numbers()) {
    if (numbers.size() != count || numbers.back() != count || !std::ranges::is_sorted(numbers)) {
      return ::testing::AssertionFailure() << topic << " is incomplete or out of order";
    }
  }
  return ::testing::AssertionSuccess();
}

TEST(mqtt, says_online_shows_the_bulletin_sends_records_and_says_offline) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.post("info", R"({"gateway":"mk-roof"})");
  gateway.post("sensor/s1/status", "online");
  gateway.post("sensor/s1/state", R"({"pm2_5":9.4})", Retain::expiring);
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  gateway.fill(1, 3);
  ASSERT_TRUE(complete(subscriber, 1, 3));
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/s1/state", R"({"pm2_5":9.4})"));
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_TRUE(shows(sink, "connected to 127.0.0.1:"));
  EXPECT_NE(sink.status().state.find("(MQTT 5)"), std::string::npos);
  EXPECT_TRUE(
      eventually([&] { return sink.status().records_acknowledged == 3; }));  // a moment later

  std::map<std::string, Received> last;
  for (const Received& message : subscriber.messages()) last[message.topic] = message;
  EXPECT_EQ(subscriber.messages().front().topic, std::string(base) + "status");
  EXPECT_EQ(last[std::string(base) + "status"].payload, "online");
  EXPECT_EQ(last[std::string(base) + "info"].content_type, "application/json");
  EXPECT_EQ(last[std::string(base) + "sensor/s1/status"].content_type, "");
  EXPECT_EQ(last[std::string(base) + "sensor/s1/obs"].content_type, "application/json");
  EXPECT_EQ(last[std::string(base) + "sensor/s1/obs"].expiry, "");
  EXPECT_NE(last[std::string(base) + "sensor/s1/state"].expiry, "");

  sink.stop(gateway.clock.now() + 10s);
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "offline"));
  Subscriber late(broker.port);
  ASSERT_TRUE(late.sees([](const Messages& all) { return all.size() >= 5; }));
  std::set<std::string> retained;
  for (const Received& message : late.messages()) {
    EXPECT_TRUE(message.retained);
    retained.insert(message.topic.substr(std::string(base).size()));
  }
  EXPECT_EQ(retained, (std::set<std::string>{"status", "info", "mark", "sensor/s1/status",
                                             "sensor/s1/state"}));
}

// The sink comes to the damage while it sends what waited.
TEST(mqtt, a_damaged_store_costs_what_cannot_be_read_of_it_and_nothing_else) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.store->add_sink("city", true);
  gateway.fill(2, 4000);
  gateway.damage();
  gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(eventually([&] { return gateway.store->status().ledger_sums.contains("salvage"); }));
  gateway.fill(2, 10);
  ASSERT_TRUE(gateway.all_acknowledged());
  const std::uint64_t lost = gateway.store->status().ledger_sums["salvage"];
  EXPECT_LT(lost, 100U);
  std::map<std::pair<std::string, std::string>, std::set<std::uint64_t>> numbers;
  const auto count = [&](const Messages& all) {
    std::size_t records = 0;
    numbers.clear();
    for (const Received& message : all) {
      if (message.topic.find("/sensor/") == std::string::npos) continue;
      for (const json& record : json::parse(message.payload)) {
        auto& of_stream = numbers[{message.topic, record["epoch"]}];
        const std::uint64_t seq = record["seq"];
        const bool is_later = of_stream.empty() || seq > *of_stream.rbegin();
        EXPECT_TRUE(is_later || of_stream.contains(seq)) << message.topic << ' ' << seq;
        if (of_stream.insert(seq).second) ++records;
      }
    }
    return records;
  };
  EXPECT_TRUE(subscriber.sees([&](const Messages& all) { return count(all) >= 8020 - lost; }));
  EXPECT_EQ(count(subscriber.messages()), 8020 - lost);
  EXPECT_EQ(numbers.size(), 4U);  // two sensors, two epochs
}

TEST(mqtt, the_will_says_offline_when_the_connection_breaks) {
  Mosquitto broker;
  Proxy proxy(broker.port);
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.start(gateway.settings(proxy.url()));
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "online"));
  proxy.cut_after = 0;
  gateway.fill(1, 1);
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "offline"));
}

TEST(mqtt, a_backlog_goes_in_full_messages_in_the_order_of_seq) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.fill(10, 1000);
  gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(complete(subscriber, 10, 1000));
  EXPECT_TRUE(gateway.all_acknowledged());
  std::size_t messages = 0;
  for (const Received& message : subscriber.messages()) {
    if (!message.topic.ends_with("/obs")) continue;
    ++messages;
    EXPECT_LE(message.payload.size(), 65536U);
    EXPECT_LE(json::parse(message.payload).size(), 200U);
  }
  EXPECT_LE(messages, 75U);  // 50 when all are full
}

TEST(mqtt, on_mqtt_3_1_1_state_is_sent_but_not_retained) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.post("sensor/s1/state", "{}", Retain::expiring);
  gateway.post("sensor/s1/meta", "{}");
  auto settings = gateway.settings(broker.url());
  settings.settings.set("version", "3.1.1");
  Sink& sink = gateway.start(settings);
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/s1/state", "{}"));
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/s1/meta", "{}"));
  EXPECT_TRUE(shows(sink, "(MQTT 3.1.1)"));
  gateway.fill(1, 10);
  EXPECT_TRUE(complete(subscriber, 1, 10));
  Subscriber late(broker.port);
  ASSERT_TRUE(late.sees(std::string(base) + "sensor/s1/meta", "{}"));
  ASSERT_TRUE(late.sees(std::string(base) + "status", "online"));
  for (const Received& message : late.messages()) EXPECT_FALSE(message.topic.ends_with("/state"));
}

// ---- bad ways and bad brokers -----------------------------------------------------------------

TEST(mqtt, a_way_that_is_cut_again_and_again_loses_nothing) {
  Mosquitto broker;
  Proxy proxy(broker.port);
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.fill(5, 2000);
  proxy.cut_after = 400'000;  // a fifth of the backlog
  gateway.start(gateway.settings(proxy.url()));
  ASSERT_TRUE(complete(subscriber, 5, 2000));
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_GE(proxy.connections, 4);
}

TEST(mqtt, silence_is_noticed_by_the_missing_acknowledgement) {
  Mosquitto broker;
  Proxy proxy(broker.port);
  Subscriber subscriber(broker.port);
  Gateway gateway;
  auto settings = gateway.settings(proxy.url());
  settings.settings.set("acknowledge_within", milliseconds(300ms));
  Sink& sink = gateway.start(settings);
  ASSERT_TRUE(shows(sink, "connected"));
  proxy.swallow = true;
  gateway.fill(1, 10);
  EXPECT_TRUE(eventually([&] { return sink.status().reconnects > 0; }));
  proxy.swallow = false;
  ASSERT_TRUE(complete(subscriber, 1, 10));
  EXPECT_TRUE(gateway.all_acknowledged());
}

TEST(mqtt, a_slow_way_is_filled_by_the_window) {
  Mosquitto broker;
  Proxy proxy(broker.port);
  Subscriber subscriber(broker.port);
  Gateway gateway;
  auto settings = gateway.settings(proxy.url());
  settings.batch_records = 10;
  settings.settings.set("version", "3.1.1");  // the broker's Receive Maximum would be 20
  gateway.fill(1, 2000);
  proxy.delay_ms = 50;
  const auto begun = std::chrono::steady_clock::now();
  gateway.start(settings);
  ASSERT_TRUE(complete(subscriber, 1, 2000));
  // One after the other, 200 messages would take 20 s.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

TEST(mqtt, a_stopped_broker_is_left_and_found_again) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  auto settings = gateway.settings(broker.url());
  settings.settings.set("acknowledge_within", milliseconds(300ms));
  Sink& sink = gateway.start(settings);
  gateway.fill(1, 10);
  ASSERT_TRUE(complete(subscriber, 1, 10));
  broker.signal(SIGSTOP);
  gateway.fill(1, 10);
  EXPECT_TRUE(eventually([&] { return sink.status().reconnects > 0; }));
  broker.signal(SIGCONT);
  ASSERT_TRUE(complete(subscriber, 1, 20));
  EXPECT_TRUE(gateway.all_acknowledged());
}

TEST(mqtt, a_broker_that_is_killed_in_the_middle_of_a_drain_gets_all_afterwards) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    Mosquitto broker;
    Gateway gateway;
    gateway.fill(4, 5000);
    auto settings = gateway.settings(broker.url());
    settings.batch_records = 5;
    Sink& sink = gateway.start(settings);
    ASSERT_TRUE(eventually([&] { return sink.status().records_acknowledged > 1000; }));
    broker.stop(signal);
    ASSERT_TRUE(eventually([&] { return !sink.status().connected; }));
    const RowId cursor = gateway.store->cursor("city");
    EXPECT_LT(cursor, 20000);
    broker.start();
    ASSERT_TRUE(gateway.all_acknowledged());
    // A status is of the turn before the one in which the store hears of it.
    EXPECT_TRUE(eventually([&] { return sink.status().records_acknowledged >= 20000U; }));
    // What was acknowledged before did not go again: no more than what was under way is double.
    EXPECT_LE(sink.status().records_acknowledged, 20000U + 100 * 5);
  }
}

TEST(mqtt, the_brokers_receive_maximum_is_kept_without_stalling) {
  for (const int maximum : {1, 2, 20}) {
    Mosquitto broker("allow_anonymous true\nmax_inflight_messages " + std::to_string(maximum) +
                     "\n");
    Subscriber subscriber(broker.port, "#", {});
    Gateway gateway;
    auto settings = gateway.settings(broker.url());
    settings.batch_records = 1;
    gateway.fill(1, 300);
    const auto begun = std::chrono::steady_clock::now();
    gateway.start(settings);
    ASSERT_TRUE(complete(subscriber, 1, 300));
    // Paho sleeps for a second each time its limit is reached.
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s) << maximum;
  }
}

TEST(mqtt, the_brokers_largest_packet_is_kept) {
  Mosquitto broker("allow_anonymous true\nmax_packet_size 2000\n");
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.fill(2, 100);
  const std::string large = "{\"v\":\"" + std::string(4000, 'x') + "\"}";
  gateway.fill(1, 1, large);
  gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(subscriber.sees([](const Messages& all) { return records_in(all) >= 200; }));
  ASSERT_TRUE(gateway.all_acknowledged());
  // What no message can carry left by the ledger, and the ledger says so to everybody.
  ASSERT_TRUE(subscriber.sees([](const Messages& all) {
    return std::ranges::any_of(all, [](const Received& one) {
      if (one.topic != std::string(base) + "ledger") return false;
      const json row = json::parse(one.payload)[0];
      return row["cause"] == "refused" && row["stream"] == "sensor/s1" && row["count"] == 1 &&
             row["first_seq"] == 101 && row["sink"] == "city";
    });
  }));
}

TEST(mqtt, a_refused_stream_waits_while_others_go_on) {
  Directory rules;
  const std::string file = rules.write("acl",
                                       "topic readwrite twinsky/v1/mk-roof/status\n"
                                       "topic readwrite twinsky/v1/mk-roof/sensor/s2/#\n"
                                       "topic read #\n");
  Mosquitto broker("allow_anonymous true\nacl_file " + file + "\n");
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.fill(2, 500);
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(subscriber.sees([](const Messages& all) { return records_in(all) >= 500; }));
  EXPECT_TRUE(eventually([&] { return sink.status().refused > 0; }));
  EXPECT_TRUE(sink.status().connected);
  EXPECT_EQ(gateway.store->cursor("city"), 0);
  rules.write("acl", "topic readwrite #\n");
  broker.signal(SIGHUP);
  ASSERT_TRUE(complete(subscriber, 2, 500));
  EXPECT_TRUE(gateway.all_acknowledged());
}

// What a broker remembers of somebody's words is no news; and however fast he talks, one word
// waits.
TEST(mqtt, hears_what_is_said_while_it_listens) {
  Mosquitto broker;
  const auto say = [&](const std::string& text, const std::string& topic = "home/status",
                       bool retained = false) {
    std::vector<std::string> command = {
        "mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port), "-q", "1", "-t",
        topic,           "-m", text};
    if (retained) command.emplace_back("-r");
    Process(command).wait();
  };
  say("long ago", "home/status", true);
  SystemClock clock{true};
  Log log{LogLevel::error};
  const auto inbox = std::make_shared<Inbox>();
  const auto transport =
      make_mqtt(mqtt_sink("city", broker.url()),
                {.gateway = "mk-roof", .inbox = inbox, .clock = clock, .log = log}, &resolve_host);
  std::vector<TransportEvent> events;
  const auto next = [&](TransportEvent::Kind wanted) {
    const MonotonicTime deadline = clock.now() + patience;
    while (events.empty() && clock.now() < deadline) events = inbox->wait(clock, deadline);
    if (events.empty()) return std::string("nothing");
    TransportEvent event = events.front();
    events.erase(events.begin());
    if (event.kind == TransportEvent::Kind::shown) transport->explain(event);
    return event.kind == wanted ? event.payload : "another event";
  };
  ASSERT_FALSE(transport->connect(1));
  ASSERT_EQ(next(TransportEvent::Kind::connected), "");
  transport->listen("home/status", false);
  ASSERT_EQ(next(TransportEvent::Kind::asked), "");
  transport->ask("elsewhere");
  ASSERT_EQ(next(TransportEvent::Kind::asked), "");
  say("one");
  EXPECT_EQ(next(TransportEvent::Kind::shown), "one");
  for (const char* text : {"two", "three", "four", "five", "six", "seven"}) say(text);
  say(std::string(1025, 'x'));
  say("past them", "elsewhere");
  // All of them have come when the last has.
  ASSERT_TRUE(eventually([&] {
    for (TransportEvent& event : inbox->wait(clock, clock.now())) events.push_back(event);
    return !events.empty() && events.back().text == "elsewhere";
  }));
  EXPECT_EQ(events.size(), 5U);
  for (const char* text : {"two", "three", "four", "seven"}) {
    EXPECT_EQ(next(TransportEvent::Kind::shown), text);
  }
  EXPECT_EQ(next(TransportEvent::Kind::shown), "past them");
  transport->abandon();
}

TEST(mqtt, a_wrong_password_is_a_clear_state_and_no_tight_loop) {
  Directory files;
  const std::string passwords = files.write("passwords", "");
  Process({"mosquitto_passwd", "-b", passwords, "mk-roof", "right"}).wait();
  fs::permissions(passwords, fs::perms::all);
  Mosquitto broker("password_file " + passwords + "\n");
  for (const char* version : {"5", "3.1.1"}) {
    Proxy proxy(broker.port);
    Gateway gateway;
    const std::string secret = gateway.directory.write("mqtt-password", "wrong\n");
    fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
    auto settings = gateway.settings(proxy.url());
    settings.settings.set("username", "mk-roof");
    settings.settings.set("password_file", "mqtt-password");
    settings.settings.set("version", std::string(version));
    Sink& sink = gateway.start(settings);
    ASSERT_TRUE(shows(sink, "check user name and password")) << sink.status().state;
    const int attempts = proxy.connections;
    EXPECT_FALSE(eventually([&] { return proxy.connections > attempts; }, 2s));
    sink.stop(gateway.clock.now() + 5s);

    // A right one, in a file that everybody may read, is not used.
    gateway.directory.write("mqtt-password", "right\n");
    fs::permissions(secret, fs::perms::owner_read | fs::perms::others_read);
    settings.id = "second";
    Sink& second = gateway.start(settings);
    EXPECT_TRUE(shows(second, "chmod o= ")) << second.status().state;
    EXPECT_EQ(proxy.connections, attempts);
    fs::permissions(secret, fs::perms::owner_read);
    settings.id = "third";
    EXPECT_TRUE(shows(gateway.start(settings), "connected"));
  }
}

TEST(mqtt, a_name_that_does_not_resolve_is_a_clear_state) {
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings("mqtt://no-such-name.invalid"));
  EXPECT_TRUE(shows(sink, "name no-such-name.invalid does not resolve")) << sink.status().state;
}

TEST(mqtt, a_look_up_that_hangs_delays_neither_other_sinks_nor_a_stop) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool is_open = false;
  };
  const auto gate = std::make_shared<Gate>();  // the look-up outlives the test's end
  Gateway gateway;
  Sink& hanging = gateway.start(
      gateway.settings("mqtt://broker.example.org", "hanging"), [gate](const std::string&) {
        std::unique_lock lock(gate->mutex);
        gate->opened.wait(lock, [&] { return gate->is_open; });
        return Result<std::vector<std::string>, std::string>(std::vector<std::string>{"127.0.0.1"});
      });
  gateway.start(gateway.settings(broker.url()));
  gateway.fill(1, 10);
  EXPECT_TRUE(complete(subscriber, 1, 10));
  const auto begun = std::chrono::steady_clock::now();
  hanging.stop(gateway.clock.now() + 30s);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  const std::lock_guard lock(gate->mutex);
  gate->is_open = true;
  gate->opened.notify_all();
}

// As when there is no memory to wait with.
class TroubledClock final : public Clock {
 public:
  [[nodiscard]] UtcTime utc() const override { return real_.utc(); }
  [[nodiscard]] MonotonicTime now() const override { return real_.now(); }
  [[nodiscard]] bool is_set() const override { return true; }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    if (troubles_ > 0 && troubles_.fetch_sub(1) > 0) throw std::bad_alloc();
    real_.wait(lock, changed, deadline);
  }
  void trouble(int times) { troubles_ = times; }

 private:
  SystemClock real_{true};
  std::atomic<int> troubles_{0};
};

TEST(mqtt, what_is_thrown_while_it_rests_does_not_end_the_process) {
  Gateway gateway;
  TroubledClock clock;
  gateway.sinks.push_back(
      make_sink(gateway.settings("mqtt://127.0.0.1:1"),
                {"mk-roof", *gateway.store, gateway.bulletin, clock, gateway.log}));
  Sink& sink = *gateway.sinks.back();
  ASSERT_TRUE(shows(sink, "is not reachable"));
  clock.trouble(5);
  sink.wake();
  EXPECT_TRUE(eventually([&] { return sink.guard_status().exceptions >= 3; }));  // or more
  EXPECT_TRUE(sink.stop(clock.now() + patience));
}

TEST(mqtt, stopping_does_not_wait_for_a_broker_that_is_silent) {
  Mosquitto broker;
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(shows(sink, "connected"));
  broker.signal(SIGSTOP);
  gateway.fill(1, 10);
  const auto begun = std::chrono::steady_clock::now();
  sink.stop(gateway.clock.now() + 30s);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST(mqtt, two_clients_with_one_id_are_noticed_and_slowed_down) {
  for (const char* version : {"5", "3.1.1"}) {
    Mosquitto broker;
    Proxy proxy(broker.port);
    Gateway gateway;
    auto settings = gateway.settings(proxy.url(), "one");
    settings.settings.set("client_id", "twinsky-same");
    settings.settings.set("version", std::string(version));
    Sink& one = gateway.start(settings);
    ASSERT_TRUE(shows(one, "connected"));
    settings.id = "two";
    Sink& two = gateway.start(settings);
    EXPECT_TRUE(eventually([&] {
      return (one.status().state + two.status().state).find("give each gateway an id of its own") !=
             std::string::npos;
    })) << one.status().state
        << " / " << two.status().state;
    EXPECT_LT(proxy.connections, 12);
  }
}

// ---- retained topics ----------------------------------------------------------------------------

TEST(mqtt, topics_of_removed_things_are_cleared_also_after_a_crash) {
  Mosquitto broker;
  Gateway gateway;
  gateway.post("sensor/gone/meta", "{}");
  gateway.post("sensor/gone/state", "{}", Retain::expiring);
  gateway.post("sensor/kept/meta", "{}");
  gateway.post("ref/hk-epd/mong-kok/meta", "{}");
  {
    Subscriber subscriber(broker.port);
    gateway.start(gateway.settings(broker.url()));
    ASSERT_TRUE(subscriber.sees(std::string(base) + "ref/hk-epd/mong-kok/meta", "{}"));
  }
  gateway.sinks.clear();

  // Another run, in which one sensor is not configured any more and a feed has yet to answer.
  Bulletin& bulletin = gateway.bulletin;
  bulletin.~Bulletin();
  new (&bulletin) Bulletin;
  Subscriber subscriber(broker.port);
  gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "online"));
  gateway.post("sensor/kept/meta", "{}");
  gateway.bulletin.declare_complete({"ref/hk-epd/"});
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/gone/meta", ""));
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/gone/state", ""));
  const auto is_settled = [&] {
    return gateway.store->retained_topics("city") ==
           std::vector<std::string>{std::string("//").append(base), "ref/hk-epd/mong-kok/meta",
                                    "sensor/kept/meta"};
  };
  EXPECT_TRUE(eventually(is_settled));
  for (const Received& message : subscriber.messages()) {
    if (message.topic == std::string(base) + "sensor/kept/meta") {
      EXPECT_EQ(message.payload, "{}");
    }
  }

  // Removed while running.
  gateway.bulletin.withdraw("sensor/kept/meta");
  ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/kept/meta", ""));
}

TEST(mqtt, what_may_not_go_any_more_is_cleared_and_the_rest_stays) {
  Mosquitto broker;
  Gateway gateway;
  gateway.post("info", "{}");
  gateway.post("sensor/s1/meta", "{}");
  SinkSettings settings = gateway.settings(broker.url());
  {
    Subscriber subscriber(broker.port);
    gateway.start(settings);
    ASSERT_TRUE(subscriber.sees(std::string(base) + "sensor/s1/meta", "{}"));
    ASSERT_TRUE(subscriber.sees(std::string(base) + "info", "{}"));
  }
  gateway.sinks.clear();

  settings.allow = {"sensor/+/meta"};
  gateway.post("event", "not for this sink");
  Subscriber subscriber(broker.port);
  ASSERT_TRUE(subscriber.sees(std::string(base) + "info", "{}"));
  gateway.start(settings);
  ASSERT_TRUE(subscriber.sees(std::string(base) + "info", ""));
  gateway.fill(1, 3);
  EXPECT_TRUE(gateway.all_acknowledged());  // passed, though nothing of it went
  EXPECT_EQ(records_in(subscriber.messages()), 0U);
  Subscriber late(broker.port);
  ASSERT_TRUE(late.sees(std::string(base) + "sensor/s1/meta", "{}"));
  for (const Received& message : late.messages()) {
    EXPECT_NE(message.topic, base + std::string("info"));
  }
}

TEST(mqtt, a_sink_to_which_nothing_may_go_is_not_even_looked_up) {
  Gateway gateway;
  SinkSettings settings = gateway.settings("mqtt://broker.example.org");
  settings.allow.clear();
  std::atomic<int> look_ups = 0;
  const auto resolver = [&](const std::string&) -> Result<std::vector<std::string>, std::string> {
    ++look_ups;
    return Unexpected{std::string("asked")};
  };
  Sink& sink = gateway.start(settings, resolver);
  gateway.fill(1, 3);
  EXPECT_EQ(sink.status().state, "closed: nothing may go there");
  EXPECT_FALSE(sink.status().connected);
  EXPECT_TRUE(gateway.store->status().sinks.empty());  // no row waits for it
  EXPECT_EQ(look_ups, 0);
  settings.allow = {"info"};
  settings.id = "other";
  Sink& open = gateway.start(settings, resolver);
  EXPECT_TRUE(shows(open, "asked"));
  EXPECT_GE(look_ups, 1);
}

// ---- TLS ----------------------------------------------------------------------------------------

class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { made = new Certificates; }
  static void TearDownTestSuite() { delete made; }

  static std::string file(const std::string& name) { return made->file(name); }
  static std::string broker_with(const std::string& certificate, const std::string& more = "") {
    return made->broker_with(certificate, "allow_anonymous true\n" + more);
  }
  static std::string url(const Mosquitto& broker, const std::string& host = "127.0.0.1") {
    return "mqtts://" + host + ":" + std::to_string(broker.port);
  }
  static Certificates* made;
};

Certificates* Tls::made = nullptr;

TEST_F(Tls, a_certificate_that_is_trusted_and_for_this_host_is_taken) {
  Mosquitto broker(broker_with("server"));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Gateway gateway;
    auto settings = gateway.settings(url(broker, host));
    settings.settings.set("ca_file", file("good.pem"));
    gateway.fill(1, 10);
    Sink& sink = gateway.start(settings);
    EXPECT_TRUE(shows(sink, "connected")) << sink.status().state;
    EXPECT_TRUE(gateway.all_acknowledged());
  }
}

// No resolver knows this name: were it looked up a second time, there would be no connection.
TEST_F(Tls, connects_to_what_was_resolved_and_the_name_serves_the_certificate) {
  Mosquitto broker(broker_with("elsewhere"));
  Gateway gateway;
  gateway.fill(1, 10);
  const auto resolver = [](const std::string&) -> Result<std::vector<std::string>, std::string> {
    return std::vector<std::string>{"127.0.0.2", "127.0.0.1"};  // nobody listens at the first
  };
  auto settings = gateway.settings(url(broker, "elsewhere.example.org"));
  settings.settings.set("ca_file", file("good.pem"));
  Sink& sink = gateway.start(settings, resolver);
  EXPECT_TRUE(shows(sink, "connected to elsewhere.example.org")) << sink.status().state;
  EXPECT_TRUE(gateway.all_acknowledged());
  settings = gateway.settings(url(broker, "other.example.org"), "other");
  settings.settings.set("ca_file", file("good.pem"));
  Sink& other = gateway.start(settings, resolver);
  EXPECT_TRUE(shows(other, "no TLS connection")) << other.status().state;
}

TEST_F(Tls, a_giant_retained_message_costs_no_memory) {
  Mosquitto broker(broker_with("server"));
  Gateway gateway;
  gateway.fill(1, 10);
  const std::string giant = gateway.directory.write("giant", std::string().append(60'000'000, 'x'));
  Process({"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port), "--cafile",
           file("good.pem"), "-q", "1", "-r", "-t", std::string(base) + "info", "-f", giant})
      .wait();
  for (const char* version : {"5", "3.1.1"}) {
    auto settings = gateway.settings(url(broker), std::string("v") + version[0]);
    settings.settings.set("ca_file", file("good.pem"));
    settings.settings.set("version", std::string(version));
    const MemoryPeak peak;
    gateway.start(settings);
    EXPECT_TRUE(gateway.all_acknowledged(settings.id)) << version;
    EXPECT_LT(peak.megabytes_more(), 20) << version;
  }
}

TEST_F(Tls, any_other_is_refused) {
  const struct {
    const char* what;
    const char* certificate;
    const char* ca;
    const char* reason;  // of the library that knows it
  } cases[] = {{"another CA", "server", "other.pem", "unable to get local issuer certificate"},
               {"the system's CAs", "server", "", "unable to get local issuer certificate"},
               {"another host name", "elsewhere", "good.pem", "is for another name"},
               {"expired", "expired", "good.pem", "certificate has expired"}};
  for (const auto& one : cases) {
    Mosquitto broker(broker_with(one.certificate));
    Gateway gateway;
    gateway.fill(1, 10);
    auto settings = gateway.settings(url(broker));
    if (*one.ca != '\0') settings.settings.set("ca_file", file(one.ca));
    Sink& sink = gateway.start(settings);
    EXPECT_TRUE(shows(sink, "no TLS connection")) << one.what << ": " << sink.status().state;
    EXPECT_NE(sink.status().state.find(one.reason), std::string::npos) << sink.status().state;
    EXPECT_EQ(gateway.store->cursor("city"), 0) << one.what;
    // With verification switched off, the same broker is taken: it was the certificate.
    settings.settings.set("verify", false);
    settings.id = "careless";
    EXPECT_TRUE(shows(gateway.start(settings), "connected")) << one.what;
  }
}

TEST_F(Tls, a_port_that_speaks_without_is_told) {
  Mosquitto broker;
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings(url(broker)));
  EXPECT_TRUE(shows(sink, "at this port it speaks without")) << sink.status().state;
}

TEST_F(Tls, a_client_certificate_lets_us_in) {
  Mosquitto broker(
      broker_with("server", "cafile " + file("good.pem") + "\nrequire_certificate true\n"));
  Gateway gateway;
  auto settings = gateway.settings(url(broker));
  settings.settings.set("ca_file", file("good.pem"));
  EXPECT_TRUE(shows(gateway.start(settings), "no TLS connection"));
  settings.id = "known";
  settings.settings.set("client_certificate", file("client.pem"));
  settings.settings.set("client_key", file("client.key"));
  EXPECT_TRUE(shows(gateway.start(settings), "chmod o= "));  // everybody may read the key
  fs::permissions(file("client.key"), fs::perms::owner_read | fs::perms::owner_write);
  settings.id = "private";
  Sink& sink = gateway.start(settings);
  EXPECT_TRUE(shows(sink, "connected")) << sink.status().state;
}

}  // namespace
}  // namespace twinsky
