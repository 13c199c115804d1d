// SPDX-License-Identifier: Apache-2.0
// What a far end is told to look for and how that is taken back, also after a crash: without a
// broker; the test takes what would be sent and says what became of it.
#include "gateway/sinks/bulletin_copy.hpp"

#include "gateway/sinks/discovery.hpp"
#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

class AnnouncementsTest : public StoreTest {
 protected:
  AnnouncementsTest() { open().add_sink("city", true); }

  // The format of a sink with these settings.
  void write_as(const std::string& prefix, std::optional<bool> home_assistant = {},
                bool is_reticent = false) {
    SinkSettings sink{.settings = Settings::defaults(format_named("native")->settings),
                      .is_reticent = is_reticent};
    sink.settings.set("home_assistant_prefix", prefix);
    if (home_assistant) sink.settings.set("home_assistant", *home_assistant);
    copy_.reset();
    format_ = format_named("native")->make(sink, "g");
  }
  void allow(std::vector<std::string> filters, std::vector<std::string> quantities = {}) {
    copy_.reset();
    egress_.emplace(SinkSettings{.allow = std::move(filters), .quantities = std::move(quantities)});
  }
  // A new connection.
  void connect(bool announces = true) {
    copy_.emplace(*bulletin_, *store_, *format_, "city", *egress_, 7);
    copy_->start(true, true, announces);
  }
  // As a crash leaves it, with what was in force then.
  void restart() {
    copy_.reset();
    crash();
    open().add_sink("city", true);
    bulletin_.emplace();
  }

  void post(const std::string& sensor, const std::vector<Quantity>& quantities) {
    StreamDescription stream;
    stream.name = "sensor/" + sensor;
    stream.status_of = stream.name;
    for (const Quantity each : quantities) stream.columns.push_back({each, 1});
    bulletin_->post(
        {.topic = stream.name + "/discovery", .payload = discovery_document("g", stream)});
  }

  struct Sent {
    OutgoingPosting posting;
    std::string text;
  };
  // "a: pm2_5 -pm10" for a device with a component and one that is gone; "a: nothing" for its end.
  static std::string text_of(const Message& message) {
    std::string text = message.destination;
    const std::string_view end = "/config";
    if (text.ends_with(end)) text.resize(text.size() - end.size());
    text = text.substr(text.rfind('_') + 1) + ":";
    if (message.payload.empty()) return text + " nothing";
    const json document = json::parse(message.payload);
    for (const auto& [name, component] : document["components"].items()) {
      text.append(component.size() == 1 ? " -" : " ").append(name);
    }
    return text;
  }
  // What goes now, and has not met its fate.
  std::vector<Sent> taken() {
    copy_->refresh();
    std::vector<Sent> all;
    while (auto posting = copy_->take(clock_.now())) {
      EXPECT_TRUE(posting->message.retained);
      std::string text = text_of(posting->message);
      all.push_back({std::move(*posting), std::move(text)});
    }
    return all;
  }
  // All of it arrives.
  Texts sent() {
    Texts texts;
    while (true) {
      const auto all = taken();
      if (all.empty()) return texts;
      for (const Sent& each : all) {
        texts.push_back(each.text);
        copy_->acknowledged(each.posting.change, false);
      }
    }
  }
  [[nodiscard]] std::size_t notes() const { return store_->retained_topics("city").size(); }
  // With topics such as "city/{topic}".
  void write_below(const std::string& topics) {
    SinkSettings sink{.settings = Settings::defaults(format_named("native")->settings)};
    sink.settings.set("topics", topics);
    copy_.reset();
    format_ = format_named("native")->make(sink, "g");
  }
  // "city/info: {}"; all of it arrives.
  Texts sent_whole() {
    Texts texts;
    copy_->refresh();
    while (auto posting = copy_->take(clock_.now())) {
      texts.push_back(posting->message.destination + ": " + posting->message.payload);
      copy_->acknowledged(posting->change, false);
    }
    std::ranges::sort(texts);
    return texts;
  }

  std::unique_ptr<Format> format_ = [] {
    return format_named("native")->make(
        {.settings = Settings::defaults(format_named("native")->settings)}, "g");
  }();
  std::optional<Egress> egress_{SinkSettings{}};
  std::optional<Bulletin> bulletin_{std::in_place};
  std::optional<BulletinCopy> copy_;
};

using enum Quantity;

TEST_F(AnnouncementsTest, go_once_a_connection_and_when_they_change) {
  post("a", {pm2_5});
  post("b", {pm2_5, pm10});
  connect();
  EXPECT_EQ(sent(), (Texts{"a: pm2_5", "b: pm10 pm2_5"}));
  post("a", {pm2_5});
  EXPECT_EQ(sent(), Texts{});
  post("a", {pm2_5, co2});
  EXPECT_EQ(sent(), Texts{"a: co2 pm2_5"});
  EXPECT_EQ(notes(), 2U);
  connect();
  EXPECT_EQ(sent(), (Texts{"b: pm10 pm2_5", "a: co2 pm2_5"}));
}

TEST_F(AnnouncementsTest, say_first_which_parts_are_gone) {
  post("a", {pm2_5, pm10, co2});
  connect();
  sent();
  post("a", {pm10});
  EXPECT_EQ(sent(), (Texts{"a: -co2 pm10 -pm2_5", "a: pm10"}));
  post("a", {pm10, co2});
  EXPECT_EQ(sent(), Texts{"a: co2 pm10"});
  EXPECT_EQ(notes(), 1U);
}

TEST_F(AnnouncementsTest, are_taken_back_with_their_sensor) {
  post("a", {pm2_5});
  post("b", {pm2_5});
  connect();
  sent();
  bulletin_->withdraw("sensor/a/discovery");
  EXPECT_EQ(sent(), Texts{"a: nothing"});
  EXPECT_EQ(notes(), 1U);
  post("a", {pm2_5});
  EXPECT_EQ(sent(), Texts{"a: pm2_5"});
}

// Whether it had arrived or was only under way.
TEST_F(AnnouncementsTest, are_taken_back_after_a_crash) {
  post("a", {pm2_5, pm10});
  post("b", {pm2_5});
  post("gone", {pm2_5});
  connect();
  EXPECT_EQ(taken().size(), 3U);
  restart();
  post("a", {pm10});
  post("b", {pm2_5});
  connect();
  EXPECT_EQ(sent(), (Texts{"a: pm10 -pm2_5", "a: pm10", "b: pm2_5"}));
  bulletin_->declare_complete({"sensor/a/", "sensor/b/"});
  EXPECT_EQ(sent(), Texts{"gone: nothing"});
  EXPECT_EQ(notes(), 2U);
}

// It is not known that the far end has heard of it.
TEST_F(AnnouncementsTest, say_again_what_is_gone_when_the_connection_was_lost_meanwhile) {
  post("a", {pm2_5, pm10});
  connect();
  sent();
  post("a", {pm10});
  const auto first = taken();
  ASSERT_EQ(first.size(), 2U);
  copy_->acknowledged(first[0].posting.change, false);
  connect();
  EXPECT_EQ(sent(), (Texts{"a: pm10 -pm2_5", "a: pm10"}));
  connect();
  EXPECT_EQ(sent(), Texts{"a: pm10"});
}

TEST_F(AnnouncementsTest, that_change_under_way_lose_nothing) {
  post("a", {pm2_5, pm10});
  connect();
  const auto first = taken();
  post("a", {pm2_5, co2});
  const auto second = taken();
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].text, "a: co2 -pm10 pm2_5");
  copy_->acknowledged(first[0].posting.change, false);
  copy_->acknowledged(second[0].posting.change, false);
  EXPECT_EQ(notes(), 2U);  // until all has arrived
  copy_->acknowledged(second[1].posting.change, false);
  EXPECT_EQ(notes(), 1U);
  EXPECT_FALSE(copy_->is_announcing());
}

TEST_F(AnnouncementsTest, move_to_another_prefix_and_end_when_they_are_turned_off) {
  post("a", {pm2_5});
  connect();
  auto all = taken();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].posting.message.destination, "homeassistant/device/twinsky_g_sensor_a/config");
  copy_->acknowledged(all[0].posting.change, false);
  write_as("ha/two");
  connect();
  all = taken();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].posting.message.destination, "homeassistant/device/twinsky_g_sensor_a/config");
  EXPECT_EQ(all[0].posting.message.payload, "");
  EXPECT_EQ(all[1].posting.message.destination, "ha/two/device/twinsky_g_sensor_a/config");
  for (const Sent& each : all) copy_->acknowledged(each.posting.change, false);
  write_as("elsewhere", false);
  connect();
  all = taken();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].posting.message.destination, "ha/two/device/twinsky_g_sensor_a/config");
  EXPECT_EQ(all[0].posting.message.payload, "");
  copy_->acknowledged(all[0].posting.change, false);
  EXPECT_EQ(notes(), 0U);
}

TEST_F(AnnouncementsTest, are_made_in_shanghai_only_where_that_was_asked_for) {
  post("a", {pm2_5});
  write_as("homeassistant", {}, true);
  connect();
  EXPECT_EQ(sent(), Texts{});
  EXPECT_EQ(format_->announcements()->roll_call(), "");
  write_as("homeassistant", true, true);
  connect();
  EXPECT_EQ(sent(), Texts{"a: pm2_5"});
}

TEST_F(AnnouncementsTest, name_only_what_may_go) {
  post("a", {pm2_5, pm10});
  post("b", {co2});
  connect();
  sent();
  const struct {
    std::vector<std::string> allow;
    std::vector<std::string> quantities;
    Texts sent;
  } cases[] = {
      {{"sensor/+/obs"}, {}, {"a: nothing", "b: nothing"}},
      {{"sensor/a/#"}, {}, {"a: pm10 pm2_5"}},
      // What never says that a sensor is there would keep it away for ever.
      {{"sensor/+/state", "sensor/+/discovery"}, {}, {"a: nothing"}},
      {{"sensor/+/state", "sensor/+/status", "sensor/+/discovery"},
       {},
       {"a: pm10 pm2_5", "b: co2"}},
      {{"#"}, {"pm10"}, {"a: pm10 -pm2_5", "a: pm10", "b: nothing"}},
  };
  for (const auto& one : cases) {
    allow(one.allow, one.quantities);
    connect();
    Texts found = sent();
    std::ranges::sort(found);
    Texts wanted = one.sent;
    std::ranges::sort(wanted);
    EXPECT_EQ(found, wanted) << one.allow.front();
  }
}

TEST_F(AnnouncementsTest, that_are_refused_wait_for_an_hour_and_nothing_else_does) {
  post("a", {pm2_5});
  post("b", {pm2_5});
  connect();
  const auto all = taken();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(copy_->refused(all[0].posting.change, clock_.now()));
  EXPECT_FALSE(copy_->refused(all[1].posting.change, clock_.now()));  // no news
  EXPECT_FALSE(copy_->is_announcing());
  bulletin_->post({.topic = "info", .payload = R"({"components":{}})"});
  post("c", {pm2_5});
  EXPECT_EQ(sent(), Texts{"twinsky/v1/g/info:"});
  EXPECT_EQ(copy_->next_due(), clock_.now() + 1h);
  copy_->start(true, true);  // on a new connection too: this one may have ended by it
  EXPECT_EQ(sent(), Texts{"twinsky/v1/g/info:"});
  pass(1h);
  EXPECT_EQ(sent(), (Texts{"a: pm2_5", "b: pm2_5", "c: pm2_5"}));
}

TEST_F(AnnouncementsTest, asked_for_again_go_once_each_at_a_time_of_their_own) {
  for (int n = 10; n < 30; ++n) post("s" + std::to_string(n), {pm2_5});
  bulletin_->post({.topic = "info", .payload = R"({"components":{}})"});
  connect();
  EXPECT_EQ(sent().size(), 21U);
  const MonotonicTime asked = clock_.now();
  copy_->announce_again(asked);
  std::set<std::string> seen;
  int seconds_with_some = 0;
  for (int second = 0; second < 11; ++second) {
    const Texts now = sent();
    if (second == 0) {
      EXPECT_EQ(now, Texts{}) << "nobody is answered within a second";
    }
    EXPECT_LE(now.size(), 8U) << "no storm";
    seconds_with_some += now.empty() ? 0 : 1;
    for (const std::string& one : now) EXPECT_TRUE(seen.insert(one).second) << one;
    copy_->announce_again(clock_.now());  // whoever asks again meanwhile changes nothing
    if (second < 10) pass(1s);
  }
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_GE(seconds_with_some, 5);
  EXPECT_FALSE(seen.contains("twinsky/v1/g/info:"));
  // Who asked when the round was over is answered, but not more than once a minute.
  EXPECT_GE(copy_->next_due(), asked + 61s);
  EXPECT_LE(copy_->next_due(), asked + 70s);
}

TEST_F(AnnouncementsTest, asked_for_again_do_not_delay_what_changes) {
  post("a", {pm2_5});
  connect();
  sent();
  copy_->announce_again(clock_.now());
  post("a", {pm2_5, pm10});
  EXPECT_EQ(sent(), Texts{"a: pm10 pm2_5"});
}

// Nobody else would ever take away what stands there: it would look as if it were of now.
TEST_F(AnnouncementsTest, what_is_retained_moves_when_topics_get_another_form) {
  const Texts of_usual = {"twinsky/v1/g/info: {}", "twinsky/v1/g/sensor/a/meta: {}"};
  const Texts of_usual_cleared = {
      "twinsky/v1/g/info: ", "twinsky/v1/g/mark: ", "twinsky/v1/g/newest: ",
      "twinsky/v1/g/sensor/a/meta: ", "twinsky/v1/g/status: "};
  for (const char* topic : {"info", "sensor/a/meta"}) {
    bulletin_->post({.topic = topic, .payload = "{}"});
  }
  connect();
  EXPECT_EQ(sent_whole(), of_usual);
  connect();
  EXPECT_EQ(sent_whole(), of_usual) << "nothing has moved";
  write_below("city/{topic}");
  connect();
  bulletin_->withdraw("info");
  copy_.reset();
  crash();  // before anything of it went
  open().add_sink("city", true);
  write_below("town/{gateway}/{topic}");
  connect();
  Texts all = of_usual_cleared;
  all.emplace_back("town/g/sensor/a/meta: {}");
  std::ranges::sort(all);
  EXPECT_EQ(sent_whole(), all);
  connect();
  EXPECT_EQ(sent_whole(), Texts{"town/g/sensor/a/meta: {}"});
  bulletin_->withdraw("sensor/a/meta");
  EXPECT_EQ(sent_whole(), Texts{"town/g/sensor/a/meta: "});
}

TEST_F(AnnouncementsTest, name_topics_as_the_sink_has_them) {
  post("a", {pm2_5});
  write_below("city/{gateway}/{topic}");
  connect();
  const auto all = taken();
  ASSERT_EQ(all.size(), 1U);
  const json document = json::parse(all[0].posting.message.payload);
  EXPECT_EQ(document["state_topic"], "city/g/sensor/a/state");
  EXPECT_EQ(document["availability"][1]["topic"], "city/g/sensor/a/status");
}

TEST_F(AnnouncementsTest, can_be_left_out_of_a_connection) {
  post("a", {pm2_5});
  bulletin_->post({.topic = "info", .payload = R"({"components":{}})"});
  connect(false);
  EXPECT_EQ(sent(), Texts{"twinsky/v1/g/info:"});
  bulletin_->withdraw("sensor/a/discovery");
  EXPECT_EQ(sent(), Texts{});
}

}  // namespace
}  // namespace twinsky
