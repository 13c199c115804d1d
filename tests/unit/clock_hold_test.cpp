// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_fixture.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr const char* marked = R"({"pm2_5":9.4,"clock":"unset","meta":1})";
constexpr const char* unmarked = R"({"pm2_5":9.4,"meta":1})";

class ClockHoldTest : public StoreTest {
 protected:
  ClockHoldTest() { clock_.set_trust(false); }

  void sample(const char* body = marked) {
    store_->append(entry(store_->stream("sensor/a"), body));
    ASSERT_TRUE(commit());
  }
  // Time goes on; the store looks at the clock once a second.
  void pass(milliseconds step) {
    clock_.advance(step);
    settle();
  }
  std::vector<std::string> summary() {
    std::vector<std::string> lines;
    for (const Row& row : rows()) {
      lines.push_back(std::to_string(row.seq) + '@' +
                      std::to_string((row.time - right_).count() / 1000) + row.body);
    }
    return lines;
  }
  const UtcTime right_{milliseconds(1795314600000)};
};
using clock_hold = ClockHoldTest;

TEST_F(clock_hold, waiting_samples_get_the_right_time_when_the_clock_is_set) {
  clock_.step_utc(-365 * 24h);  // as a board without a battery clock starts
  open();
  sample();
  pass(10s);
  sample();
  EXPECT_EQ(store_->sendable(), 0);
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(store_->status().clock_waiting);
  clock_.step_utc(365 * 24h);
  clock_.set_trust(true);
  pass(1s);
  EXPECT_EQ(store_->sendable(), 2);
  EXPECT_FALSE(store_->status().clock_waiting);
  EXPECT_EQ(summary(), (std::vector<std::string>{std::string("1@0") + unmarked,
                                                 std::string("2@10") + unmarked}));
  EXPECT_EQ(store_->last_time(store_->stream("sensor/a")), right_ + 10s);
}

TEST_F(clock_hold, several_steps_of_the_clock_come_out_right) {
  clock_.step_utc(-1000h);
  open();
  sample();
  clock_.step_utc(400h);
  clock_.advance(10s);
  sample();
  clock_.step_utc(800h);  // too far
  clock_.advance(10s);
  sample();
  clock_.step_utc(-200h);
  clock_.set_trust(true);
  pass(10s);
  settle();
  settle();
  std::vector<std::int64_t> at;
  for (const Row& row : rows()) at.push_back((row.time - right_).count());
  EXPECT_EQ(at, (std::vector<std::int64_t>{0, 10'000, 20'000}));
}

TEST_F(clock_hold, rows_behind_waiting_ones_wait_too) {
  open();
  store_->add_sink("city", true);
  sample();
  Entry official = entry(store_->stream("ref/hk-epd/mong-kok"), R"({"no2":40})");
  official.clock_unset = false;
  store_->append(official);
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->sendable(), 0);
  clock_.step_utc(50h);
  clock_.set_trust(true);
  pass(1s);
  EXPECT_EQ(store_->sendable(), 2);
  EXPECT_EQ(rows()[1].time, right_);  // its own time was right
}

TEST_F(clock_hold, after_clock_wait_samples_go_out_marked_and_are_amended_later) {
  clock_.step_utc(-100h);
  open();
  sample();
  pass(9min);
  EXPECT_EQ(store_->sendable(), 0);
  pass(1min);
  EXPECT_EQ(store_->sendable(), 1);
  sample(R"({"clock":"unset","meta":1})");  // does not wait any more
  EXPECT_EQ(store_->sendable(), 2);
  sample(R"({"meta":1})");  // the mark is never forgotten
  clock_.step_utc(100h);
  clock_.set_trust(true);
  pass(1min);
  settle();
  EXPECT_EQ(summary(),
            (std::vector<std::string>{
                std::string("1@-360000") + marked, R"(2@-359400{"clock":"unset","meta":1})",
                R"(3@-359400{"clock":"unset","meta":1})", R"(4@0{"amends":1,"pm2_5":9.4,"meta":1})",
                R"(5@600{"amends":2,"meta":1})", R"(6@600{"amends":3,"meta":1})"}));
  sample(unmarked);
  EXPECT_EQ(rows().size(), 7U);
}

TEST_F(clock_hold, more_samples_than_one_step_amends_are_each_amended_once) {
  clock_.step_utc(-100h);
  settings_.clock_wait = 0ms;
  open();
  const StreamId id = store_->stream("sensor/a");
  for (int n = 0; n < 2500; ++n) store_->append(entry(id, marked));
  settle();
  clock_.step_utc(100h);
  clock_.set_trust(true);
  pass(1s);
  settle();
  const auto all = rows();
  ASSERT_EQ(all.size(), 5000U);
  for (std::size_t at = 0; at < 2500; ++at) {
    EXPECT_EQ(all[2500 + at].body,
              R"({"amends":)" + std::to_string(at + 1) + R"(,"pm2_5":9.4,"meta":1})");
    EXPECT_EQ(all[2500 + at].time, right_);
  }
}

TEST_F(clock_hold, a_restart_in_the_same_boot_knows_the_right_time_still) {
  clock_.step_utc(-100h);
  open();
  sample();
  crash();
  open();
  pass(30s);
  sample();
  EXPECT_EQ(store_->sendable(), 0);
  clock_.step_utc(100h);
  clock_.set_trust(true);
  pass(1s);
  settle();
  EXPECT_EQ(summary(), (std::vector<std::string>{std::string("1@0") + unmarked,
                                                 std::string("2@30") + unmarked}));
}

TEST_F(clock_hold, samples_of_another_boot_go_out_marked) {
  clock_.step_utc(-100h);
  open();
  sample();
  settings_.boot_id = "boot-2";
  open();
  EXPECT_EQ(store_->sendable(), 1);
  clock_.step_utc(100h);
  clock_.set_trust(true);
  pass(1s);
  EXPECT_EQ(summary(), (std::vector<std::string>{std::string("1@-360000") + marked}));
}

TEST_F(clock_hold, a_gap_keeps_its_mark) {
  clock_.step_utc(-100h);
  open();
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 3, true, "", 0, 0, ""});
  ASSERT_TRUE(commit());
  clock_.step_utc(100h);
  clock_.set_trust(true);
  pass(1s);
  const auto all = rows();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body.starts_with(R"({"clock":"unset","cause":"no_response")"));
  EXPECT_EQ(all[0].time, right_);
}

}  // namespace
}  // namespace twinsky
