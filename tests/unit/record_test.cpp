// SPDX-License-Identifier: Apache-2.0
// The record's text, as design and schema promise it. All samples are synthetic.
#include "gateway/text/record.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace twinsky {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

Reading flagged(Reading reading, Flag flag, std::string text = {}) {
  reading.flag = flag;
  reading.text = std::move(text);
  return reading;
}

TEST(record, a_record_is_head_and_body_in_a_fixed_order) {
  Sample sample;
  sample.readings = {absent(Quantity::co2, Fault::warming_up),
                     flagged(reading(Quantity::pm10, 11), Flag::suspect),
                     flagged(reading(Quantity::pm2_5, 9.4), Flag::pass)};
  const Column columns[] = {{Quantity::pm2_5, 1}, {Quantity::pm10, 0}, {Quantity::co2, 0}};
  std::string text;
  append_record(text, record_prefix("mk-roof", "sensor/roof-pm", "7f3a91c2"), 184467,
                at("2026-11-22T02:30:00.123Z"), record_body(sample, columns, "", 7));
  EXPECT_EQ(
      text,
      R"({"gateway":"mk-roof","sensor":"roof-pm","epoch":"7f3a91c2","seq":184467,)"
      R"("ts":1795314600123,"time":"2026-11-22T02:30:00.123Z","pm2_5":9.4,"pm10":11.0,)"
      R"("co2":null,"flag":3,"flags":{"pm10":3,"co2":9},"faults":{"co2":"warming_up"},"meta":7})");
}

TEST(record, an_official_record_says_where_when_and_in_which_state_of_gases) {
  Sample sample;
  sample.readings = {
      flagged(reading(Quantity::aqhi, 11), Flag::pass, "10+"),
      flagged(absent(Quantity::wind_dir, Fault::unsupported), Flag::missing, "Variable")};
  sample.readings[1].fault.reset();  // the source gave no reason that we have a word for
  sample.official = Official{.station = "mong-kok",
                             .start = at("2026-11-22T01:00Z"),
                             .end = at("2026-11-22T02:00Z"),
                             .fetched = at("2026-11-22T02:21:07.5Z"),
                             .issued = at("2026-11-22T02:20Z"),
                             .gas_reference_k = 293.15};
  EXPECT_EQ(
      record_prefix("mk-roof", "ref/hk-epd/mong-kok", "7f3a91c2"),
      R"({"gateway":"mk-roof","feed":"hk-epd","station":"mong-kok","epoch":"7f3a91c2","seq":)");
  EXPECT_EQ(
      record_body(sample, {}, "", 2),
      R"({"start":"2026-11-22T01:00:00.000Z","end":"2026-11-22T02:00:00.000Z",)"
      R"("issued":"2026-11-22T02:20:00.000Z","fetched":"2026-11-22T02:21:07.500Z",)"
      R"("gas_reference_k":293.15,"aqhi":11,"wind_dir":null,)"
      R"("text":{"aqhi":"10+","wind_dir":"Variable"},"flag":9,"flags":{"wind_dir":9},"meta":2})");
}

TEST(record, heads_of_the_other_streams) {
  EXPECT_EQ(record_prefix("g", "ledger", "e"), R"({"gateway":"g","epoch":"e","seq":)");
  EXPECT_EQ(record_prefix("g", "event", "e"), R"({"gateway":"g","epoch":"e","seq":)");
  EXPECT_EQ(record_prefix("g", "index/aqhi-2013/own", "e"),
            R"({"gateway":"g","edition":"aqhi-2013","subject":"own","epoch":"e","seq":)");
  std::string text;
  append_record(text, record_prefix("g", "event", "e"), 1, UtcTime{}, "{}");
  EXPECT_EQ(text,
            R"({"gateway":"g","epoch":"e","seq":1,"ts":0,"time":"1970-01-01T00:00:00.000Z"})");
}

TEST(record, the_flag_is_the_worst_in_the_order_4_3_9_2_1) {
  struct Case {
    std::vector<Flag> flags;
    int worst;
  };
  using enum Flag;
  const Case cases[] = {
      {{pass, pass}, 1},       {{pass, not_evaluated}, 2},    {{not_evaluated, missing}, 9},
      {{missing, suspect}, 3}, {{suspect, fail, missing}, 4}, {{}, 9}};
  constexpr Quantity names[] = {Quantity::pm1, Quantity::pm2_5, Quantity::pm10};
  for (const Case& one : cases) {
    Sample sample;
    for (std::size_t index = 0; index < one.flags.size(); ++index) {
      sample.readings.push_back(flagged(reading(names[index], 5), one.flags[index]));
    }
    EXPECT_EQ(json::parse(record_body(sample, {}, "", 1))["flag"], one.worst);
  }
}

TEST(record, a_failed_value_stays_a_number_and_a_passed_sample_has_no_flags) {
  Sample sample;
  sample.readings = {flagged(reading(Quantity::temperature, 85), Flag::fail)};
  EXPECT_EQ(record_body(sample, {}, "", 1),
            R"({"temperature":85.00,"flag":4,"flags":{"temperature":4},"meta":1})");
  sample.readings[0].flag = Flag::pass;
  EXPECT_EQ(record_body(sample, {}, "", 1), R"({"temperature":85.00,"flag":1,"meta":1})");
}

TEST(record, other_channels_are_left_out_and_an_unset_clock_is_marked) {
  Sample sample;
  sample.readings = {flagged(reading(Quantity::pm2_5, 1), Flag::pass),
                     flagged(reading(Quantity::pm2_5, 2, "b"), Flag::suspect)};
  EXPECT_EQ(record_body(sample, {}, "", 1, true),
            R"({"clock":"unset","pm2_5":1.0,"flag":1,"meta":1})");
  EXPECT_EQ(record_body(sample, {}, "b", 1),
            R"({"pm2_5":2.0,"flag":3,"flags":{"pm2_5":3},"meta":1})");
}

// Whatever comes in, what goes out is JSON, with the keys in the promised order.
TEST(record, a_json_library_reads_every_record) {
  std::mt19937_64 random(20261122);
  const auto pick = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const auto catalogue = quantity_catalogue();
  constexpr Flag flags[] = {Flag::pass, Flag::not_evaluated, Flag::suspect, Flag::fail};
  const std::vector<std::string> head = {"gateway", "sensor", "epoch", "seq", "ts", "time"};
  for (int round = 0; round < 5000; ++round) {
    Sample sample;
    std::vector<Column> columns;
    std::vector<std::size_t> order(catalogue.size());
    for (std::size_t index = 0; index < order.size(); ++index) order[index] = index;
    std::ranges::shuffle(order, random);
    order.resize(pick(12));
    for (const std::size_t index : order) {
      const Quantity quantity = catalogue[index].quantity;
      if (pick(4) != 0) columns.push_back({quantity, static_cast<int>(pick(5))});
      if (pick(5) == 0) {
        sample.readings.push_back(absent(quantity, static_cast<Fault>(pick(fault_count))));
      } else {
        const double value =
            std::ldexp(static_cast<double>(random()) - 9e18, -60 + static_cast<int>(pick(40)));
        sample.readings.push_back(flagged(reading(quantity, value), flags[pick(4)]));
      }
      std::string noise(pick(6), '\0');
      for (char& c : noise) c = static_cast<char>(random());
      sample.readings.back().text = noise;
    }
    const UtcTime time{milliseconds(static_cast<std::int64_t>(random() % 4102444800000))};
    std::string text;
    append_record(text, record_prefix("g", "sensor/s", "e"), random(), time,
                  record_body(sample, columns, "", round));
    const ordered_json record = ordered_json::parse(text);
    EXPECT_EQ(record["ts"], time.time_since_epoch().count());
    EXPECT_EQ(record["time"], iso8601(time));
    std::vector<std::string> keys;
    for (const auto& [key, value] : record.items()) keys.push_back(key);
    ASSERT_TRUE(std::equal(head.begin(), head.end(), keys.begin()));
    EXPECT_EQ(keys.back(), "meta");
    ASSERT_EQ(record.value("/flags"_json_pointer, ordered_json::object()).size(),
              static_cast<std::size_t>(std::ranges::count_if(
                  sample.readings, [](const Reading& one) { return one.flag != Flag::pass; })));
    for (const Reading& one : sample.readings) {
      const auto& value = record[std::string(name_of(one.quantity))];
      EXPECT_EQ(value.is_number(), one.value.has_value());
      if (one.value) {
        EXPECT_NEAR(value.get<double>(), *one.value, 0.5 + std::abs(*one.value) * 1e-9);
      }
    }
  }
}

}  // namespace
}  // namespace twinsky
