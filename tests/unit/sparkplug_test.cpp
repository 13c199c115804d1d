// SPDX-License-Identifier: Apache-2.0
// What an edge node of Sparkplug B says, byte by byte: tests/cases/sparkplug/session.txt. What
// these bytes mean is said by readers that share nothing with what writes them:
// tests/daemon/sparkplug.py and, by hand, npm's sparkplug-payload (tests/contract/run). Values are
// made up.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/sinks/formats/protobuf.hpp"
#include "gateway/sinks/formats/sparkplug_payload.hpp"
#include "tests/unit/places.hpp"

#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace twinsky {
namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view roof_meta =
    R"({"stream":"sensor/roof-pm","name":"Roof dust","official":false,"quantities":{)"
    R"("pm2_5":{"unit":"ug/m3"},"temperature":{"unit":"Cel"}},"corrections":{"pm2_5":"lab@2"},"rev":7})";
constexpr std::string_view roof_state =
    R"({"epoch":"7f3a91c2","ts":1795314600123,"time":"2026-11-22T02:30:00.123Z","pm2_5":9.4,)"
    R"("temperature":null,"flag":9,"flags":{"temperature":9},"faults":{"temperature":"no_response"}})";
constexpr std::string_view station_meta =
    R"({"stream":"ref/hk-epd/mong-kok","name":"Mong Kok","quantities":{"no2":{"unit":"ug/m3"}},)"
    R"("publisher":"EPD","licence":"as it is","gas_reference_k":293.15,)"
    R"("position":{"datum":"wgs84","latitude":22.3226,"longitude":114.1683},"rev":1})";

UtcTime at(std::int64_t second, std::int64_t millisecond = 0) {
  return parse_time("2026-11-22T02:30:00Z").value() + milliseconds(1000 * second + millisecond);
}

class SparkplugTest : public ::testing::Test {
 protected:
  void begin(std::uint64_t earlier = 0, RowId newest = 0) {
    say("will", life_.begin(earlier));
    life_.tell_all(newest);
  }
  // What is said of news; then, where there are rows, they are.
  Texts tell(UtcTime now, std::string_view stream = {}, const std::vector<StoredRow>& rows = {}) {
    said_.clear();
    std::string payload;
    const std::string head = format_->head(stream, "7f3a91c2");
    for (const StoredRow& row : rows) format_->append(payload, head, row);
    const std::string subject = stream.empty() ? std::string() : std::string(stream) + "/obs";
    for (auto& [about, message] : life_.take_news(subject, now)) say(about, message);
    if (rows.empty()) return said_;
    format_->close(payload);
    Message message{.destination = format_->destination(subject), .payload = std::move(payload)};
    life_.number(message, now);
    EXPECT_TRUE(message.is_followed_up);
    say(subject, message);
    return said_;
  }
  static StoredRow row(RowId id, std::uint64_t seq, UtcTime time, std::string_view body) {
    return {.row = id, .stream = {}, .seq = seq, .time = time, .body = body};
  }
  void say(const std::string& about, const Message& message) {
    const std::string kind =
        message.destination.substr(std::string_view("spBv1.0/twinsky/").size());
    said_.push_back(kind);
    last_payload_ = message.payload;
    std::string line = message.destination + (message.is_acknowledged ? " 1 " : " 0 ");
    line += message.retained ? "1 " : "0 ";
    constexpr char digits[] = "0123456789abcdef";
    for (const char byte : message.payload) {
      line += digits[static_cast<unsigned char>(byte) >> 4U];
      line += digits[static_cast<unsigned char>(byte) & 15U];
    }
    account_ += "# " + about + "\n" + line + "\n";
  }
  // How many metrics of the last message are history.
  [[nodiscard]] std::size_t historical() const {
    constexpr unsigned metrics = 2;
    constexpr unsigned is_historical = 5;
    std::size_t count = 0;
    ProtobufReader fields(last_payload_);
    while (const auto field = fields.next()) {
      if (field->number != metrics) continue;
      ProtobufReader metric(field->bytes);
      while (const auto part = metric.next()) count += part->number == is_historical ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] std::uint64_t number() const {
    constexpr unsigned seq = 3;
    std::uint64_t found = 999;
    ProtobufReader fields(last_payload_);
    while (const auto field = fields.next()) {
      if (field->number == seq) found = field->value;
    }
    return found;
  }

  const std::unique_ptr<Format> format_ =
      format_named("sparkplug")
          ->make({.settings = Settings::defaults(format_named("sparkplug")->settings)}, "mk-roof");
  LifeFormat& life_ = *format_->life();
  Texts said_;
  std::string account_;
  std::string last_payload_;
};

TEST_F(SparkplugTest, a_session_is_these_bytes) {
  life_.know("info", R"({"gateway":"mk-roof","name":"Mong Kok roof","config":"one","sensors":[]})");
  life_.know("sensor/roof-pm/meta", roof_meta);
  life_.know("sensor/roof-pm/state", roof_state);
  life_.know("ref/hk-epd/mong-kok/meta", station_meta);
  begin(7, 40);
  EXPECT_EQ(tell(at(60)),
            (Texts{"NBIRTH/mk-roof", "DBIRTH/mk-roof/hk-epd:mong-kok", "DBIRTH/mk-roof/roof-pm"}));
  tell(at(61), "sensor/roof-pm",
       {row(39, 100, at(-90), R"({"pm2_5":8.1,"temperature":-3.4,"flag":1,"meta":7})"),
        row(40, 101, at(0, 123),
            R"({"pm2_5":9.4,"temperature":null,"flag":9,)"
            R"("flags":{"temperature":9},"faults":{"temperature":"no_response"}})")});
  tell(at(62), "sensor/roof-pm",
       {row(41, 102, at(62),
            R"({"pm2_5":500.0,"temperature":-3.5,"pm2_5_corrected":431.2,"flag":3,)"
            R"("flags":{"pm2_5":3,"temperature":2},"reasons":{"pm2_5":"spike"}})")});
  tell(at(63), "ref/hk-epd/mong-kok",
       {row(42, 5, at(0), R"({"no2":null,"text":{"no2":"\"<3\""},"flag":9,"flags":{"no2":9}})")});
  life_.know("info", R"({"gateway":"mk-roof","name":"Mong Kok roof","config":"two","sensors":[]})");
  EXPECT_EQ(tell(at(64)), Texts{"NDATA/mk-roof"});
  life_.know("sensor/roof-pm/meta", "");
  EXPECT_EQ(tell(at(65)), Texts{"DDEATH/mk-roof/roof-pm"});
  life_.tell_all(42);
  EXPECT_EQ(tell(at(66)), (Texts{"NBIRTH/mk-roof", "DBIRTH/mk-roof/hk-epd:mong-kok"}));
  say("status", life_.farewell(at(67)));
  std::ifstream file(tests_directory() + "/cases/sparkplug/session.txt");
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(account_, expected.str()) << account_;
}

TEST_F(SparkplugTest, goes_only_where_a_device_is) {
  EXPECT_EQ(format_->destination("sensor/roof-pm/obs"), "spBv1.0/twinsky/DDATA/mk-roof/roof-pm");
  EXPECT_EQ(format_->destination("ref/hk-epd/mong-kok/obs"),
            "spBv1.0/twinsky/DDATA/mk-roof/hk-epd:mong-kok");
  for (const char* subject :
       {"status", "info", "mark", "ledger", "event", "sensor/roof-pm/hour", "sensor/roof-pm/state",
        "sensor/roof-pm/meta", "index/hk-aqhi-2025/own/obs", "ref/hk-hko/warnings", "doctor"}) {
    EXPECT_EQ(format_->destination(subject), "") << subject;
  }
}

TEST_F(SparkplugTest, numbers_count_through_a_connection_and_begin_again_with_each_birth) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  begin();
  tell(at(0));
  EXPECT_EQ(number(), 1U);  // the birth of the device, behind the node's
  for (RowId id = 1; id <= 254; ++id) {
    tell(at(id), "sensor/roof-pm", {row(id, 1, at(id), R"({"pm2_5":1.0,"flag":1})")});
  }
  EXPECT_EQ(number(), 255U);
  tell(at(300), "sensor/roof-pm", {row(300, 1, at(300), R"({"pm2_5":1.0,"flag":1})")});
  EXPECT_EQ(number(), 0U);
  life_.tell_all(300);
  tell(at(301));
  EXPECT_EQ(number(), 1U);
}

TEST_F(SparkplugTest, what_was_there_before_the_births_is_history) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  begin(0, 10);
  tell(at(0));
  constexpr std::string_view body = R"({"pm2_5":1.0,"flag":1})";
  tell(at(1), "sensor/roof-pm", {row(9, 1, at(-9), body), row(10, 2, at(-8), body)});
  EXPECT_EQ(historical(), 4U);  // a value and a number of each
  tell(at(2), "sensor/roof-pm", {row(11, 3, at(-7), body)});
  EXPECT_EQ(historical(), 0U);
  // Once more in another payload, as where the first one had become too long.
  tell(at(2), "sensor/roof-pm", {row(11, 3, at(-7), body)});
  EXPECT_EQ(historical(), 0U);
  // Of the same time, or of one before: it puts right what was, or is late.
  tell(at(3), "sensor/roof-pm", {row(12, 4, at(-7), R"({"amends":3,"pm2_5":1.0,"flag":3})")});
  EXPECT_EQ(historical(), 2U);
  tell(at(4), "sensor/roof-pm", {row(13, 5, at(-6), R"({"pm2_5":1.0,"flag":1,"clock":"unset"})")});
  EXPECT_EQ(historical(), 2U);
  tell(at(5), "sensor/roof-pm", {row(14, 6, at(5), body)});
  EXPECT_EQ(historical(), 0U);
}

TEST_F(SparkplugTest, what_a_birth_told_as_the_present_is_not_told_as_that_again) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  life_.know("sensor/roof-pm/state", roof_state);
  begin(0, 10);
  tell(at(60));
  constexpr std::string_view body = R"({"pm2_5":9.4,"flag":1})";
  tell(at(61), "sensor/roof-pm", {row(11, 1, at(0, 123), body)});
  EXPECT_EQ(historical(), 2U);
  // It was there before the birth, which did not know of it yet.
  tell(at(61), "sensor/roof-pm", {row(10, 2, at(1), body)});
  EXPECT_EQ(historical(), 0U);
}

TEST_F(SparkplugTest, a_value_that_no_birth_has_told_is_told_by_a_birth_first) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  begin();
  tell(at(0));
  const Texts both = {"DBIRTH/mk-roof/roof-pm", "DDATA/mk-roof/roof-pm"};
  EXPECT_EQ(tell(at(1), "sensor/roof-pm", {row(1, 1, at(1), R"({"co2":420,"flag":1})")}), both);
  EXPECT_EQ(tell(at(2), "sensor/roof-pm", {row(2, 2, at(2), R"({"co2":421,"flag":1})")}),
            Texts{"DDATA/mk-roof/roof-pm"});
}

TEST_F(SparkplugTest, records_of_a_device_that_is_no_more_stand_between_a_birth_and_a_death) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  life_.know("sensor/old/meta", "");
  begin(0, 9);
  tell(at(0));
  const std::vector<StoredRow> rows = {row(1, 1, at(-9), R"({"pm2_5":1.0,"flag":1})")};
  EXPECT_EQ(tell(at(1), "sensor/old", rows), (Texts{"DBIRTH/mk-roof/old", "DDATA/mk-roof/old"}));
  EXPECT_EQ(tell(at(1), "sensor/old", rows), Texts{"DDATA/mk-roof/old"});
  EXPECT_EQ(tell(at(1)), Texts{"DDEATH/mk-roof/old"});
  EXPECT_EQ(tell(at(1)), Texts());
}

TEST_F(SparkplugTest, a_device_dies_while_it_is_offline) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  life_.know("sensor/roof-pm/status", "online");
  begin();
  tell(at(0));
  life_.know("sensor/roof-pm/status", "offline");
  EXPECT_EQ(tell(at(1)), Texts{"DDEATH/mk-roof/roof-pm"});
  life_.tell_all(0);
  EXPECT_EQ(tell(at(2)), Texts{"NBIRTH/mk-roof"});
  life_.know("sensor/roof-pm/status", "online");
  EXPECT_EQ(tell(at(3)), Texts{"DBIRTH/mk-roof/roof-pm"});
  life_.know("sensor/roof-pm/status", "offline");
  tell(at(4));
  // It speaks again before that is said of it.
  tell(at(5), "sensor/roof-pm", {row(9, 1, at(5), R"({"pm2_5":1.0,"flag":1})")});
  EXPECT_EQ(tell(at(6)), Texts());
}

TEST_F(SparkplugTest, where_nothing_is_known_but_records_devices_are_born_by_them) {
  begin();
  EXPECT_EQ(tell(at(0)), Texts{"NBIRTH/mk-roof"});
  EXPECT_EQ(tell(at(1), "sensor/a", {row(1, 1, at(1), R"({"pm2_5":1.0,"flag":1})")}),
            (Texts{"DBIRTH/mk-roof/a", "DDATA/mk-roof/a"}));
  EXPECT_EQ(tell(at(2), "sensor/a", {row(2, 2, at(2), R"({"pm2_5":1.0,"flag":1})")}),
            Texts{"DDATA/mk-roof/a"});
}

TEST_F(SparkplugTest, a_change_of_what_a_device_is_is_a_birth) {
  life_.know("sensor/roof-pm/meta", roof_meta);
  begin();
  tell(at(0));
  life_.know("sensor/roof-pm/meta", roof_meta);
  EXPECT_EQ(tell(at(1)), Texts());
  life_.know("sensor/roof-pm/meta", R"({"name":"moved","quantities":{"pm2_5":{}},"rev":8})");
  EXPECT_EQ(tell(at(2)), Texts{"DBIRTH/mk-roof/roof-pm"});
  // The node has one value more than it was born with.
  life_.know("info", R"({"gateway":"mk-roof"})");
  EXPECT_EQ(tell(at(3)), (Texts{"NBIRTH/mk-roof", "DBIRTH/mk-roof/roof-pm"}));
}

TEST_F(SparkplugTest, nothing_is_said_before_the_node_is_born) {
  life_.begin(0);
  life_.know("sensor/roof-pm/meta", roof_meta);
  EXPECT_EQ(tell(at(0)), Texts());
}

TEST_F(SparkplugTest, only_a_whole_command_asks_for_all) {
  std::string metric;
  ProtobufWriter(metric).put(1, "Node Control/Rebirth").put(4, std::uint64_t{11});
  std::string yes = metric;
  ProtobufWriter(yes).put(14, std::uint64_t{1});
  std::string no = metric;
  ProtobufWriter(no).put(14, std::uint64_t{0});
  std::string other;
  ProtobufWriter(other).put(1, "Node Control/Reboot").put(14, std::uint64_t{1});
  const auto command = [](std::initializer_list<std::string_view> metrics) {
    std::string payload;
    ProtobufWriter writer(payload);
    writer.put(1, std::uint64_t{1795314600123});
    for (const std::string_view each : metrics) writer.put(2, each);
    return payload;
  };
  EXPECT_TRUE(life_.asks_for_all(command({yes})));
  EXPECT_TRUE(life_.asks_for_all(command({other, no, yes})));
  for (const std::string& text : {command({}), command({no}), command({other}), command({metric}),
                                  std::string("online"), std::string(), std::string(200, '\xff')}) {
    EXPECT_FALSE(life_.asks_for_all(text));
  }
  // Cut off anywhere it is nothing, and reads nothing beyond its end.
  const std::string whole = command({yes});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(life_.asks_for_all(std::string(whole, 0, length))) << length;
  }
}

}  // namespace
}  // namespace twinsky
