// SPDX-License-Identifier: Apache-2.0
// Stores that are set back, against real mosquittos: the marks are those that the sink itself
// publishes. The samples are synthetic.
#include "gateway/sinks/documents.hpp"
#include "gateway/sinks/sink.hpp"
#include "tests/unit/mosquitto.hpp"
#include "tests/unit/mqtt_sink.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace twinsky {
namespace {

using namespace testing_world;
using nlohmann::json;
using Messages = Subscriber::Messages;

constexpr const char* base = "twinsky/v1/mk-roof/";

// A gateway without sensors whose store can be set back.
class Gateway {
 public:
  Gateway() {
    stored_.path = (directory_.path / "store.db").string();
    stored_.commit_every = 20ms;
    stored_.machine_id = "test";
  }
  ~Gateway() { stop(); }

  // With a sink for each of these brokers.
  void start(const std::vector<std::string>& urls) {
    store_ = std::make_unique<Store>(stored_, clock_, log_);
    for (const std::string& url : urls) {
      SinkSettings sink = mqtt_sink("sink-" + std::to_string(sinks_.size()), url);
      sink.allow = allow;
      sinks_.push_back(make_sink(sink, {"mk-roof", *store_, bulletin_, clock_, log_}));
    }
    store_->on_commit([this] {
      for (const auto& one : sinks_) one->wake();
    });
  }
  void stop() {
    for (const auto& one : sinks_) one->stop(clock_.now() + patience);
    sinks_.clear();
    if (store_) store_->on_commit({});
    store_.reset();
  }
  // Samples that are unlike all others.
  void measure(int count) {
    const StreamId stream = store_->stream("sensor/s1");
    for (int n = 0; n < count; ++n) {
      store_->append({.stream = stream,
                      .time = clock_.utc(),
                      .body = R"({"n":)" + std::to_string(++samples_) + "}",
                      .official_key = {}});
    }
    ASSERT_TRUE(store_->flush(clock_.now() + patience));
  }
  bool has_sent_all(std::size_t sink = 0) {
    return eventually([&] {
      return store_->cursor("sink-" + std::to_string(sink)) >= store_->status().last_row;
    });
  }
  [[nodiscard]] std::string epoch() const { return store_->epoch(); }
  [[nodiscard]] RowId last_row() const { return store_->status().last_row; }

  void back_up() { copy(stored_.path, backup()); }
  // A whole card brings its witness along; here it has none, so that only the brokers tell.
  void put_back_card() {
    copy(backup(), stored_.path);
    std::filesystem::remove(stored_.path + ".witness");
  }
  void put_back_file() { copy(backup(), stored_.path); }

  std::vector<std::string> allow = {"#"};

 private:
  [[nodiscard]] std::string backup() const { return (directory_.path / "backup.db").string(); }
  static void copy(const std::string& from, const std::string& to) {
    for (const char* companion : {"", "-wal"}) {
      std::filesystem::remove(to + companion);
      if (std::filesystem::exists(from + companion)) {
        std::filesystem::copy_file(from + companion, to + companion);
      }
    }
  }

  Directory directory_;
  SystemClock clock_{true};
  Log log_{LogLevel::error};
  StoreSettings stored_;
  std::unique_ptr<Store> store_;
  Bulletin bulletin_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  int samples_ = 0;
};

// Samples that came under numbers that another sample had come under.
int clashes_in(const Messages& messages) {
  std::map<std::string, int> known;
  int clashes = 0;
  for (const Received& message : messages) {
    if (!message.topic.ends_with("/obs")) continue;
    for (const json& record : json::parse(message.payload)) {
      const std::string key =
          record["epoch"].get<std::string>() + ' ' + std::to_string(record["seq"].get<int>());
      const int sample = record["n"];
      if (known.try_emplace(key, sample).first->second != sample) ++clashes;
    }
  }
  return clashes;
}
bool has_heard(Subscriber& subscriber, int samples) {
  return subscriber.sees([&](const Messages& all) {
    std::set<int> heard;
    for (const Received& message : all) {
      if (!message.topic.ends_with("/obs")) continue;
      for (const json& record : json::parse(message.payload)) heard.insert(record["n"].get<int>());
    }
    return static_cast<int>(heard.size()) >= samples;
  });
}
std::vector<Mark> marks_in(const Messages& messages) {
  std::vector<Mark> marks;
  for (const Received& message : messages) {
    if (message.topic != base + std::string("mark")) continue;
    const auto mark = mark_of(message.payload);
    if (mark) marks.push_back(*mark);
  }
  return marks;
}

TEST(marks, one_stands_before_the_first_record_and_tells_of_the_last_at_the_end) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.start({broker.url()});
  gateway.measure(50);
  ASSERT_TRUE(gateway.has_sent_all());
  ASSERT_TRUE(has_heard(subscriber, 50));
  const Messages so_far = subscriber.messages();
  std::size_t first_mark = 0;
  std::size_t first_record = 0;
  for (std::size_t at = 0; at < so_far.size(); ++at) {
    if (so_far[at].topic.ends_with("/mark") && first_mark == 0) first_mark = at;
    if (so_far[at].topic.ends_with("/obs") && first_record == 0) first_record = at;
  }
  EXPECT_GT(first_mark, 0U);
  EXPECT_LT(first_mark, first_record);
  EXPECT_EQ(marks_in(so_far).size(), 1U);  // not with each row
  const std::string epoch = gateway.epoch();
  const RowId last = gateway.last_row();
  gateway.stop();
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "offline"));
  const auto marks = marks_in(subscriber.messages());
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[1].epoch, epoch);
  EXPECT_EQ(marks[1].row, last);
  EXPECT_NE(marks[1].hash, 0U);
  EXPECT_EQ(marks[1].run, marks[0].run);
  Subscriber late(broker.port);
  ASSERT_TRUE(late.sees([](const Messages& all) { return !marks_in(all).empty(); }));
  EXPECT_EQ(marks_in(late.messages())[0], marks[1]);
  for (const Received& message : subscriber.messages()) {
    if (message.topic.ends_with("/mark")) {
      EXPECT_LE(message.payload.size(), 250U);
    }
  }
}

TEST(marks, starts_with_them_and_where_they_may_not_be_read_begin_no_epoch) {
  Mosquitto open;
  // Everything may be published, nothing may be read.
  Mosquitto writable("allow_anonymous true\nacl_file " +
                     open.directory().write("acl", "topic write twinsky/#\n") + "\n");
  Gateway gateway;
  std::set<std::string> epochs;
  for (int n = 0; n < 20; ++n) {
    gateway.start({open.url(), writable.url()});
    gateway.measure(n % 3);
    ASSERT_TRUE(gateway.has_sent_all(0));
    ASSERT_TRUE(gateway.has_sent_all(1));
    epochs.insert(gateway.epoch());
    gateway.stop();
  }
  EXPECT_EQ(epochs.size(), 1U);
}

TEST(marks, a_card_that_comes_back_clashes_with_nothing) {
  for (const int since : {1, 10, 1000}) {
    Mosquitto broker;
    Subscriber subscriber(broker.port);
    Gateway gateway;
    gateway.start({broker.url()});
    gateway.measure(20);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();
    gateway.back_up();
    gateway.start({broker.url()});
    gateway.measure(since);
    ASSERT_TRUE(gateway.has_sent_all());
    const std::string epoch = gateway.epoch();
    gateway.stop();

    gateway.put_back_card();
    gateway.start({broker.url()});
    gateway.measure(since + 5);
    ASSERT_TRUE(has_heard(subscriber, 20 + 2 * since + 5));
    EXPECT_NE(gateway.epoch(), epoch);
    EXPECT_EQ(clashes_in(subscriber.messages()), 0) << since;
    const std::string after = gateway.epoch();
    gateway.stop();
    gateway.start({broker.url()});
    gateway.measure(1);
    ASSERT_TRUE(gateway.has_sent_all());
    EXPECT_EQ(gateway.epoch(), after) << "one doubt, one epoch";
  }
}

TEST(marks, so_it_is_when_the_broker_is_away_longer_than_what_was_set_back) {
  for (const bool is_card : {true, false}) {
    Mosquitto broker;
    Subscriber subscriber(broker.port);
    Gateway gateway;
    gateway.start({broker.url()});
    gateway.measure(20);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();
    gateway.back_up();
    gateway.start({broker.url()});
    gateway.measure(10);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();

    is_card ? gateway.put_back_card() : gateway.put_back_file();
    const std::string nowhere = "mqtt://127.0.0.1:" + std::to_string(free_port());
    for (int n = 0; n < 2; ++n) {
      gateway.start({nowhere});
      gateway.measure(20);
      gateway.stop();
    }
    gateway.start({broker.url()});
    gateway.measure(5);
    ASSERT_TRUE(has_heard(subscriber, 20 + 10 + 40 + 5));
    EXPECT_EQ(clashes_in(subscriber.messages()), 0) << is_card;
  }
}

TEST(marks, of_two_brokers_the_one_that_has_seen_more_is_asked_before_anything_leaves) {
  for (const bool knows_first : {true, false}) {
    Mosquitto informed;
    Mosquitto other;
    Subscriber one(informed.port);
    Subscriber two(other.port);
    const std::string nowhere = "mqtt://127.0.0.1:" + std::to_string(free_port());
    const auto urls = [&](const std::string& second) {
      return knows_first ? std::vector{informed.url(), second}
                         : std::vector{second, informed.url()};
    };
    Gateway gateway;
    gateway.start(urls(other.url()));
    gateway.measure(20);
    ASSERT_TRUE(gateway.has_sent_all(0));
    ASSERT_TRUE(gateway.has_sent_all(1));
    gateway.stop();
    gateway.back_up();
    gateway.start(urls(nowhere));
    gateway.measure(10);
    ASSERT_TRUE(gateway.has_sent_all(knows_first ? 0 : 1));
    gateway.stop();

    gateway.put_back_card();
    gateway.start(urls(other.url()));
    gateway.measure(15);
    ASSERT_TRUE(has_heard(one, 45));
    ASSERT_TRUE(has_heard(two, 35));
    Messages all = one.messages();
    for (const Received& message : two.messages()) all.push_back(message);
    EXPECT_EQ(clashes_in(all), 0) << knows_first;
  }
}

TEST(marks, where_they_may_not_be_read_the_witness_beside_the_store_tells) {
  Mosquitto readable;
  Mosquitto broker("allow_anonymous true\nacl_file " +
                   readable.directory().write("acl",
                                              "topic write twinsky/#\n"
                                              "topic readwrite twinsky/v1/mk-roof/sensor/#\n") +
                   "\n");
  Subscriber subscriber(broker.port);
  for (const int since : {1, 10, 1000}) {
    Gateway gateway;
    gateway.start({broker.url()});
    gateway.measure(20);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();
    gateway.back_up();
    gateway.start({broker.url()});
    gateway.measure(since);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();
    gateway.put_back_file();
    gateway.start({broker.url()});
    gateway.measure(since);
    ASSERT_TRUE(gateway.has_sent_all());
    gateway.stop();
    EXPECT_EQ(clashes_in(subscriber.messages()), 0) << since;
  }
}

TEST(marks, a_sink_to_which_they_may_not_go_shows_none) {
  Mosquitto broker;
  Subscriber subscriber(broker.port);
  Gateway gateway;
  gateway.allow = {"sensor/+/obs"};
  gateway.start({broker.url()});
  gateway.measure(5);
  ASSERT_TRUE(gateway.has_sent_all());
  gateway.stop();
  ASSERT_TRUE(subscriber.sees(std::string(base) + "status", "offline"));
  EXPECT_TRUE(marks_in(subscriber.messages()).empty());
}

}  // namespace
}  // namespace twinsky
