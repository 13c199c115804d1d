// SPDX-License-Identifier: Apache-2.0
// The MQTT sink against brokers that do what no honest one does, or that know only some of MQTT.
#include "tests/unit/memory_peak.hpp"
#include "tests/unit/scripted_broker.hpp"
#include "tests/unit/sink_fixture.hpp"

#include <thread>

namespace twinsky {
namespace {

using namespace testing_world;
using Connect = ScriptedBroker::Connect;

constexpr std::size_t giant = 200'000'000;

std::string giant_topic() {
  return std::string(base) + "mark";
}

// How many bytes of a packet may lie in the kernel's buffers on both sides.
constexpr std::size_t under_way_at_most = 16U << 20U;

// ---- memory -------------------------------------------------------------------------------------

TEST(mqtt, a_giant_packet_ends_the_connection_before_it_is_stored) {
  for (const char* version : {"5", "3.1.1"}) {
    std::atomic<std::size_t> sent = 0;
    ScriptedBroker broker({.connected = [&](int socket, const Connect& connect) {
      if (connect.number > 0) return;
      sent = ScriptedBroker::send_giant(socket, connect.level, giant_topic(), giant);
    }});
    Gateway gateway;
    gateway.fill(1, 10);
    auto settings = gateway.settings(broker.url());
    settings.settings.set("version", std::string(version));
    const MemoryPeak peak;
    gateway.start(settings);
    EXPECT_TRUE(gateway.all_acknowledged()) << version;
    EXPECT_EQ(broker.connects().size(), 2U) << version;
    EXPECT_LT(sent, under_way_at_most) << version;
    EXPECT_LT(peak.megabytes_more(), 20) << version;
  }
}

// A broker of MQTT 3.1.1 cannot be told how much we take.
TEST(mqtt, a_giant_answer_costs_the_question_and_not_the_records) {
  std::atomic<int> asked = 0;
  ScriptedBroker broker({.subscribed = [&](int socket, const Connect& connect) {
    if (asked++ < 12) ScriptedBroker::send_giant(socket, connect.level, giant_topic(), giant);
  }});
  Gateway gateway;
  gateway.fill(1, 10);
  auto settings = gateway.settings(broker.url());
  settings.settings.set("version", "3.1.1");
  const MemoryPeak peak;
  gateway.start(settings);
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_EQ(broker.connects().size(), 4U);
  EXPECT_LT(peak.megabytes_more(), 20);
}

TEST(mqtt, a_flood_of_what_nobody_asked_for_is_not_kept) {
  ScriptedBroker broker({.connected = [&](int socket, const Connect& connect) {
    if (connect.number > 0) return;
    for (int count = 0; count < 1000; ++count) {
      if (ScriptedBroker::send_giant(socket, connect.level, giant_topic(), 200'000) < 200'000)
        return;
    }
  }});
  Gateway gateway;
  gateway.fill(1, 10);
  const MemoryPeak peak;
  gateway.start(gateway.settings(broker.url()));
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_EQ(broker.connects().size(), 1U);
  EXPECT_LT(peak.megabytes_more(), 20);
}

// ---- versions -----------------------------------------------------------------------------------

TEST(mqtt, falls_back_to_3_1_1_where_5_is_not_known) {
  for (const int answer : {1, -1}) {  // "unacceptable protocol version", and a hang-up
    ScriptedBroker broker(
        {.answer = [&](const Connect& connect) { return connect.level == 5 ? answer : 0; }});
    Gateway gateway;
    gateway.fill(1, 10);
    Sink& sink = gateway.start(gateway.settings(broker.url()));
    ASSERT_TRUE(shows(sink, "(MQTT 3.1.1)")) << sink.status().state;
    EXPECT_TRUE(gateway.all_acknowledged());
    EXPECT_GE(broker.published, 2);
  }
}

TEST(mqtt, does_not_fall_back_where_only_5_is_wanted) {
  ScriptedBroker broker({.answer = [](const Connect& connect) { return connect.level == 5; }});
  Gateway gateway;
  auto settings = gateway.settings(broker.url());
  settings.settings.set("version", "5");
  EXPECT_TRUE(shows(gateway.start(settings), "does not speak this version of MQTT"));
}

TEST(mqtt, one_lost_first_connection_does_not_make_a_broker_an_old_one) {
  ScriptedBroker broker(
      {.answer = [](const Connect& connect) { return connect.number == 0 ? -1 : 0; }});
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  EXPECT_TRUE(shows(sink, "(MQTT 5)")) << sink.status().state;
}

TEST(mqtt, mqtt_5_is_tried_again_at_the_next_connection) {
  std::atomic<bool> is_old = true;
  std::atomic<int> client = -1;
  ScriptedBroker broker(
      {.answer = [&](const Connect& connect) { return connect.level == 5 && is_old ? -1 : 0; },
       .connected = [&](int socket, const Connect&) { client = socket; }});
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(shows(sink, "(MQTT 3.1.1)")) << sink.status().state;
  is_old = false;
  ::shutdown(client, SHUT_RDWR);
  EXPECT_TRUE(shows(sink, "(MQTT 5)")) << sink.status().state;
}

TEST(mqtt, a_broker_that_has_spoken_5_is_not_taken_for_an_old_one_when_it_hangs_up) {
  std::atomic<int> client = -1;
  ScriptedBroker broker({.answer =
                             [](const Connect& connect) {
                               return connect.number >= 1 && connect.number <= 3 ? -1 : 0;
                             },
                         .connected = [&](int socket, const Connect&) { client = socket; }});
  Gateway gateway;
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  ASSERT_TRUE(shows(sink, "(MQTT 5)"));
  ::shutdown(client, SHUT_RDWR);
  ASSERT_TRUE(eventually([&] { return broker.connects().size() >= 5; }));
  for (const Connect& connect : broker.connects()) EXPECT_EQ(connect.level, 5);
}

// ---- what a broker says it can do ---------------------------------------------------------------

TEST(mqtt, a_broker_that_takes_no_record_is_told_of_and_nothing_is_given_up) {
  for (const char size : {'\x14', '\x64'}) {
    ScriptedBroker broker({.properties = {'\x27', 0, 0, 0, size}});
    Gateway gateway;
    gateway.post("info", "{}");
    gateway.fill(1, 10);
    Sink& sink = gateway.start(gateway.settings(broker.url()));
    EXPECT_TRUE(shows(sink, "too few for a record")) << sink.status().state;
    EXPECT_EQ(broker.published, 0);
    EXPECT_LE(broker.longest, static_cast<std::size_t>(size));
    EXPECT_EQ(gateway.store->cursor("city"), 0);
    EXPECT_TRUE(gateway.store->status().ledger_sums.empty());
  }
}

TEST(mqtt, what_is_larger_than_a_broker_takes_is_not_sent_and_the_rest_is) {
  ScriptedBroker broker({.properties = {'\x27', 0, 0, 3, 0}});  // 768 bytes
  Gateway gateway;
  gateway.post("info", "{\"text\":\"" + std::string(800, 'x') + "\"}");
  gateway.post("sensor/s1/meta", "{}");
  gateway.fill(1, 100);
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_TRUE(eventually([&] { return broker.published_retained >= 2; }));  // status, meta
  EXPECT_TRUE(sink.status().connected);
  EXPECT_LE(broker.longest, 768U);
  EXPECT_EQ(broker.connects().size(), 1U);
}

TEST(mqtt, nothing_is_retained_where_the_broker_retains_nothing) {
  ScriptedBroker broker(
      {.answer = [](const Connect& connect) { return connect.will_retained ? 0x9A : 0; },
       .properties = {'\x25', 0}});
  Gateway gateway;
  gateway.store->add_sink("city", true);
  gateway.store->note_retained("city", "sensor/gone/meta");  // of another broker, or another time
  gateway.bulletin.declare_complete({});
  gateway.post("info", "{}");
  gateway.fill(1, 10);
  Sink& sink = gateway.start(gateway.settings(broker.url()));
  EXPECT_TRUE(shows(sink, "(MQTT 5)")) << sink.status().state;
  EXPECT_TRUE(gateway.all_acknowledged());
  EXPECT_TRUE(eventually([&] { return broker.published >= 3; }));  // status, info, records
  EXPECT_EQ(broker.published_retained, 0);
  EXPECT_EQ(broker.connects().size(), 2U);
}

// ---- the sink's own thread ----------------------------------------------------------------------

TEST(mqtt, what_a_resolver_throws_is_said_and_ends_nothing) {
  ScriptedBroker broker({});
  std::atomic<int> asked = 0;
  Gateway gateway;
  gateway.fill(1, 10);
  const std::string port = broker.url().substr(broker.url().rfind(':'));
  Sink& sink =
      gateway.start(gateway.settings("mqtt://broker.example.org" + port),
                    [&](const std::string&) -> Result<std::vector<std::string>, std::string> {
                      if (asked++ == 0) throw std::runtime_error("out of names");
                      return std::vector<std::string>{"127.0.0.1"};
                    });
  EXPECT_TRUE(shows(sink, "out of names"));
  EXPECT_TRUE(gateway.all_acknowledged());
}

// Stands in the way of every thread but the one that made it.
class StickyClock final : public Clock {
 public:
  [[nodiscard]] UtcTime utc() const override { return system_.utc(); }
  [[nodiscard]] MonotonicTime now() const override {
    if (std::this_thread::get_id() != free_) {
      std::unique_lock lock(mutex_);
      loose_.wait(lock, [&] { return !is_stuck_; });
    }
    return system_.now();
  }
  [[nodiscard]] bool is_set() const override { return true; }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    system_.wait(lock, changed, deadline);
  }
  void set_stuck(bool is_stuck) {
    const std::lock_guard lock(mutex_);
    is_stuck_ = is_stuck;
    loose_.notify_all();
  }

 private:
  const std::thread::id free_ = std::this_thread::get_id();
  mutable SystemClock system_{true};
  mutable std::mutex mutex_;
  mutable std::condition_variable loose_;
  bool is_stuck_ = false;  // guarded by mutex_
};

TEST(mqtt, a_stop_says_whether_the_thread_has_ended) {
  ScriptedBroker broker({});
  Gateway gateway;
  StickyClock clock;
  const auto sink = make_sink(gateway.settings(broker.url()),
                              {"mk-roof", *gateway.store, gateway.bulletin, clock, gateway.log});
  ASSERT_TRUE(shows(*sink, "connected"));
  clock.set_stuck(true);
  EXPECT_FALSE(sink->stop(clock.now() + 100ms));  // and what it uses may not go yet
  clock.set_stuck(false);
  EXPECT_TRUE(sink->stop(clock.now() + patience));
}

}  // namespace
}  // namespace twinsky
