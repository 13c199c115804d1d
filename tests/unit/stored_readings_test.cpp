// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/stored_readings.hpp"

#include "gateway/text/record.hpp"

#include <gtest/gtest.h>
#include <random>

namespace twinsky {
namespace {

TEST(stored_readings, are_what_was_written) {
  std::mt19937 random(11);
  constexpr Flag flags[] = {Flag::pass, Flag::not_evaluated, Flag::suspect, Flag::fail};
  StoredReadings stored;
  for (int round = 0; round < 500; ++round) {
    Sample sample;
    for (const QuantityInfo& info : quantity_catalogue()) {
      if (random() % 4 != 0) continue;
      Reading one = reading(info.quantity, static_cast<double>(random() % 2000) - 500);
      one.flag = flags[random() % 4];
      if (one.flag == Flag::suspect) one.reason = "flat_line";
      if (random() % 8 == 0) one = absent(info.quantity, Fault::overrange);
      if (random() % 8 == 0) one.text = R"(odd "text", {with} \ all)";
      sample.readings.push_back(one);
    }
    const std::string body = record_body(sample, {}, "", round, round % 7 == 0);
    ASSERT_TRUE(read_body(body, stored)) << body;
    EXPECT_EQ(stored.clock_unset, round % 7 == 0);
    ASSERT_EQ(stored.readings.size(), sample.readings.size());
    for (std::size_t n = 0; n < sample.readings.size(); ++n) {
      const Reading& written = sample.readings[n];
      const Reading& read = stored.readings[n];
      EXPECT_EQ(read.quantity, written.quantity);
      EXPECT_EQ(read.value, written.value);
      EXPECT_EQ(read.flag, written.flag);
      EXPECT_EQ(read.reason, written.reason);
      EXPECT_EQ(read.fault, written.value ? std::nullopt : written.fault);
    }
  }
}

TEST(stored_readings, know_what_they_amend_and_leave_corrections_out) {
  StoredReadings stored;
  ASSERT_TRUE(read_body(R"({"amends":184467,"pm2_5":9.4,"pm2_5_corrected":7.2,"flag":1,"meta":7})",
                        stored));
  EXPECT_EQ(stored.amends, 184467U);
  EXPECT_EQ(amended_by(R"({"amends":12,"flag":1})"), 12U);
  EXPECT_EQ(amended_by(R"({"pm2_5":9.4})"), std::nullopt);
  ASSERT_EQ(stored.readings.size(), 1U);
  EXPECT_EQ(stored.readings[0].value, 9.4);
}

TEST(stored_readings, of_something_else_are_refused_whatever_it_is) {
  const std::string body = R"({"pm2_5":9.4,"text":{"aqhi":"10+"},"flag":3,"flags":{"pm2_5":3}})";
  StoredReadings stored;
  EXPECT_TRUE(read_body(body, stored));
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(read_body(std::string_view(body).substr(0, length), stored)) << length;
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string broken = body;
    broken[random() % broken.size()] = static_cast<char>(random() % 256);
    (void)read_body(broken, stored);
  }
}

}  // namespace
}  // namespace twinsky
