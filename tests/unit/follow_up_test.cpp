// SPDX-License-Identifier: Apache-2.0
// How it is known that messages of QoS 0 have arrived, and what is said when a connection ends, as
// a broker sees it.
#include "gateway/sinks/transports/mqtt.hpp"
#include "gateway/system/reach.hpp"
#include "tests/unit/mqtt_sink.hpp"
#include "tests/unit/scripted_broker.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace testing_world;

// A transport by itself, and what it tells.
struct Alone {
  explicit Alone(const std::string& url, const std::string& version) {
    SinkSettings settings = mqtt_sink("city", url);
    settings.settings.set("version", version);
    transport =
        make_mqtt(settings, {.gateway = "mk-roof", .inbox = inbox, .clock = clock, .log = log},
                  &resolve_host);
  }
  // Until something of the kind comes; all that came by then.
  bool comes(TransportEvent::Kind kind) {
    return eventually([&] {
      for (TransportEvent& event : inbox->wait(clock, clock.now())) {
        transport->explain(event);
        events.push_back(event);
      }
      return has(kind);
    });
  }
  [[nodiscard]] bool has(TransportEvent::Kind kind) const {
    return std::ranges::find(events, kind, &TransportEvent::kind) != events.end();
  }
  void send(Place place) {
    transport->send(
        place,
        {.destination = "data", .payload = "x", .is_acknowledged = false, .is_followed_up = true});
  }

  SystemClock clock{true};
  Log log{LogLevel::error};
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::unique_ptr<Transport> transport;
  std::vector<TransportEvent> events;
};

TEST(follow_up, what_is_not_acknowledged_has_arrived_when_a_question_behind_it_is_answered) {
  using enum TransportEvent::Kind;
  for (const char* version : {"5", "3.1.1"}) {
    std::mutex mutex;
    std::string order;  // guarded by mutex
    bool answers = true;
    const auto note = [&](char what) {
      const std::lock_guard lock(mutex);
      order += what;
    };
    const auto noted = [&] {
      const std::lock_guard lock(mutex);
      return order;
    };
    ScriptedBroker broker({.publish =
                               [&](const ScriptedBroker::Publish& said) {
                                 note(said.qos == 0 ? 'p' : 'P');
                                 return 0;
                               },
                           .unsubscribe =
                               [&](const std::string&) {
                                 note('u');
                                 const std::lock_guard lock(mutex);
                                 return answers;
                               }});
    Alone alone(broker.url(), version);
    ASSERT_FALSE(alone.transport->connect(1));
    ASSERT_TRUE(alone.comes(connected));
    alone.send(0);
    ASSERT_TRUE(alone.comes(arrived));
    EXPECT_EQ(alone.events.back().place, 0U);
    EXPECT_EQ(noted(), "pu");
    // One question at a time, for all that was sent meanwhile.
    alone.events.clear();
    for (const Place place : {1, 2, 3}) alone.send(place);
    ASSERT_TRUE(eventually([&] { return alone.comes(arrived) && alone.events.size() == 3; }));
    EXPECT_EQ(std::ranges::count(noted(), 'u'), 3);
    EXPECT_EQ(noted().back(), 'u');
    // What nobody answers is not known to have arrived.
    {
      const std::lock_guard lock(mutex);
      order.clear();
      answers = false;
    }
    alone.events.clear();
    alone.send(4);
    ASSERT_TRUE(eventually([&] { return noted() == "pu"; })) << noted();
    alone.transport->listen("elsewhere", true);
    ASSERT_TRUE(alone.comes(asked));
    EXPECT_FALSE(alone.has(arrived));
    alone.transport->abandon();
  }
}

TEST(last_word_of_a_connection,
     what_is_said_when_a_connection_breaks_may_also_be_said_when_we_end_it) {
  using enum TransportEvent::Kind;
  struct Case {
    const char* version;
    bool always;
    std::string packet;  // DISCONNECT, as MQTT 5.0 (3.14) has it
  };
  for (const auto& [version, always, packet] : {Case{"5", true, std::string("\xE0\x01\x04", 3)},
                                                Case{"5", false, std::string("\xE0\x00", 2)},
                                                Case{"3.1.1", true, std::string("\xE0\x00", 2)}}) {
    std::mutex mutex;
    std::string last;  // guarded by mutex
    ScriptedBroker broker({.other = [&](const std::string& said) {
      const std::lock_guard lock(mutex);
      last = said;
    }});
    Alone alone(broker.url(), version);
    alone.transport->leave_word({.destination = "dead", .payload = "b"}, always);
    ASSERT_FALSE(alone.transport->connect(1));
    ASSERT_TRUE(alone.comes(connected));
    alone.transport->disconnect();
    const bool is_said = eventually([&] {
      const std::lock_guard lock(mutex);
      return last.substr(0, 1) == "\xE0";
    });
    ASSERT_TRUE(is_said);
    // A DISCONNECT of MQTT 5 may have an empty list of properties, which says nothing.
    const std::lock_guard lock(mutex);
    if (last == std::string("\xE0\x02\x04\x00", 4)) last = std::string("\xE0\x01\x04", 3);
    if (last == std::string("\xE0\x02\x00\x00", 4)) last = std::string("\xE0\x00", 2);
    EXPECT_EQ(last, packet) << version;
    alone.transport->abandon();
  }
}

}  // namespace
}  // namespace twinsky
