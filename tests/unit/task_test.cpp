// SPDX-License-Identifier: Apache-2.0
// One sensor on its bus's thread, without the thread: what it asks for when, how it fails, what
// goes on record of it.
#include "gateway/acquire/task.hpp"

#include "moody_device.hpp"
#include "store_fixture.hpp"

#include <algorithm>

namespace twinsky {
namespace {

class TaskTest : public StoreTest {
 protected:
  TaskTest()
      : store_of_test_(open()),
        intake_(store_of_test_, board_, bulletin_, clock_),
        task_(moody_sensor(), std::make_unique<DeviceLink>(device_), intake_, clock_, log_) {}

  // Lets time pass as the bus's thread would: every step when it is due.
  void run_for(milliseconds duration) {
    const MonotonicTime end = clock_.now() + duration;
    while (task_.due() <= end) {
      if (task_.due() > clock_.now()) {
        clock_.advance(std::chrono::ceil<milliseconds>(task_.due() - clock_.now()));
      }
      task_.step();
    }
    clock_.advance(std::chrono::floor<milliseconds>(end - clock_.now()));
  }

  std::string posted(std::string_view topic) {
    std::uint64_t version = 0;
    for (const auto& change : bulletin_.changes_since(version)) {
      if (change.notice.topic == topic) return change.notice.payload;
    }
    return {};
  }

  Device device_;
  Store& store_of_test_;
  Board board_;
  Bulletin bulletin_;
  Intake intake_;
  Task task_;
};

TEST_F(TaskTest, polls_once_a_period_without_creeping) {
  run_for(10min);
  EXPECT_EQ(device_.measurements, 61);  // at 0 s and every 10 s
  EXPECT_EQ(device_.starts, 1);
  EXPECT_EQ(task_.counters().samples, 61U);
  EXPECT_EQ(task_.counters().worst_jitter_ms, 0);
  EXPECT_EQ(posted("sensor/air/status"), "online");
}

TEST_F(TaskTest, asks_a_garbled_device_once_more_and_then_waits) {
  run_for(0s);
  device_.mood = Device::Mood::garbled;
  run_for(10s);
  EXPECT_EQ(device_.measurements, 3);
  EXPECT_EQ(task_.counters().faults.at("checksum"), 2U);
  EXPECT_EQ(posted("sensor/air/status"), "online");  // once is no loss of the sensor
}

TEST_F(TaskTest, a_silent_device_is_offline_after_five_polls_and_asked_ever_less_often) {
  run_for(0s);
  device_.mood = Device::Mood::silent;
  run_for(49s);
  EXPECT_EQ(posted("sensor/air/status"), "online");
  run_for(1s);
  EXPECT_EQ(posted("sensor/air/status"), "offline");
  const auto asked = task_.counters().faults.at("no_response");
  run_for(10min);
  const auto later = task_.counters().faults.at("no_response") - asked;
  EXPECT_GE(later, 10U);  // at least once a minute
  EXPECT_LE(later, 14U);  // 10, 20, 40, 60, 60 …
}

TEST_F(TaskTest, what_was_missed_is_one_row_of_the_ledger_when_it_is_back) {
  run_for(20s);
  device_.mood = Device::Mood::silent;
  run_for(10min);
  device_.mood = Device::Mood::well;
  run_for(2min);
  EXPECT_EQ(posted("sensor/air/status"), "online");
  ASSERT_TRUE(commit());
  const auto rows = read_ledger(settings_.path);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "no_response");
  EXPECT_EQ(rows[0].stream, "sensor/air");
  const auto missing = static_cast<std::int64_t>(rows[0].count);
  EXPECT_EQ(missing, (rows[0].end - rows[0].start) / 10s);
  EXPECT_GE(missing, 60);
}

TEST_F(TaskTest, a_lost_bus_makes_it_offline_at_once_and_it_starts_anew) {
  run_for(20s);
  device_.mood = Device::Mood::gone;
  EXPECT_THROW(run_for(10s), BusError);
  task_.lose_bus("/dev/i2c-1: unplugged");
  EXPECT_EQ(posted("sensor/air/status"), "offline");
  device_.mood = Device::Mood::well;
  run_for(0s);
  EXPECT_EQ(device_.starts, 2);
  EXPECT_EQ(posted("sensor/air/status"), "online");
}

TEST_F(TaskTest, polls_that_a_busy_bus_did_not_let_happen_are_on_record) {
  run_for(20s);
  clock_.advance(60s);  // a neighbour held the bus
  run_for(30s);
  ASSERT_TRUE(commit());
  const auto rows = read_ledger(settings_.path);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "bus_busy");
  const auto spoken = task_.counters().samples;
  EXPECT_EQ(spoken + rows[0].count, 12U);  // 110 s, from 0 s on
}

}  // namespace
}  // namespace twinsky
