// SPDX-License-Identifier: Apache-2.0
// One sensor on its bus's thread, without the thread: what it asks for when, how it fails, what
// goes on record of it.
#include "gateway/acquire/task.hpp"

#include "drivers/checksum.hpp"
#include "gateway/acquire/poller.hpp"
#include "moody_device.hpp"
#include "store_fixture.hpp"

#include <algorithm>
#include <set>

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

// Every way in which a sensor can be set up that changes what it measures.
std::vector<SensorSettings> every_kind_of_sensor() {
  std::vector<SensorSettings> all;
  for (const DriverInfo* info : driver_registry()) {
    SensorSettings plain{.id = "x", .driver = std::string(info->name), .bus = "b", .every = 1min};
    plain.settings = Settings::defaults(info->settings);
    if (info->name == "modbus") {
      for (const char* map : {"renke-rs-fsxcs", "teledyne-t640"}) {
        plain.settings.set("map", std::string(map));
        all.push_back(plain);
      }
      continue;
    }
    all.push_back(plain);
    for (const Setting& setting : info->settings) {
      if (setting.name != "variant") continue;
      for (const auto choice : setting.choices) {
        all.push_back(plain);
        all.back().settings.set("variant", std::string(choice));
      }
    }
  }
  return all;
}

TEST(published_quantities, nothing_that_is_measured_in_a_case_is_called_air_by_driver_or_stream) {
  std::set<std::string> with_case;
  for (SensorSettings& sensor : every_kind_of_sensor()) {
    const DriverInfo& info = *driver_named(sensor.driver);
    const auto measured = quantities_of(info, sensor.settings);
    const bool has_case = std::ranges::any_of(measured, &DriverQuantity::internal);
    if (has_case) {
      with_case.insert(sensor.driver + " " +
                       (sensor.settings.has("variant") ? sensor.settings.text("variant") : ""));
    }
    for (const bool ambient : {false, true}) {
      sensor.ambient = ambient;
      const auto streams = streams_of(sensor);
      ASSERT_EQ(streams[0].columns.size(), measured.size()) << sensor.driver;
      for (std::size_t at = 0; at < measured.size(); ++at) {
        const Quantity quantity = streams[0].columns[at].quantity;
        EXPECT_EQ(quantity, published(measured[at], ambient));
        if (!measured[at].internal || ambient) {
          EXPECT_EQ(quantity, measured[at].quantity);
        } else {
          EXPECT_TRUE(name_of(quantity).starts_with("internal_")) << sensor.driver;
        }
      }
    }
  }
  EXPECT_EQ(with_case, (std::set<std::string>{"pms5003 pms5003st", "pms5003 pms5003t", "scd4x "}));
}

TEST(published_quantities, what_is_computed_with_others_is_declared) {
  SensorSettings sensor{.id = "x", .driver = "bme280", .bus = "b", .every = 1min};
  sensor.settings = Settings::defaults(driver_named("bme280")->settings);
  const auto made_of = streams_of(sensor)[0].made_of;
  EXPECT_EQ(made_of.at(Quantity::pressure), std::vector{Quantity::temperature});
  EXPECT_EQ(made_of.at(Quantity::humidity), std::vector{Quantity::temperature});
  EXPECT_FALSE(made_of.contains(Quantity::temperature));
}

// An SCD4x that fell idle: it answers, and never measures until it is started.
class IdleLink final : public Link {
 public:
  bool is_measuring = true;
  bool can_start = true;
  int questions = 0;
  int starts = 0;

  void write(Bytes tx) override {
    const auto command = be16(tx, 0);
    last_ = command;
    if (command == 0xE4B8) ++questions;
    if (command != 0x21B1) return;
    ++starts;
    is_measuring = can_start;
  }
  std::size_t read(std::span<std::byte> rx, milliseconds) override {
    for (std::size_t at = 0; at + 3 <= rx.size(); at += 3) {
      const std::uint16_t word = last_ == 0xE4B8 ? (is_measuring ? 0x8006 : 0x8000) : 0x6667;
      rx[at] = static_cast<std::byte>(word >> 8);
      rx[at + 1] = static_cast<std::byte>(word & 0xFF);
      rx[at + 2] = static_cast<std::byte>(crc8_sensirion(Bytes(rx).subspan(at, 2)));
    }
    return rx.size();
  }
  std::size_t exchange(Bytes, std::span<std::byte>, milliseconds) override { return 0; }
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

 private:
  std::uint16_t last_ = 0;
};

TEST_F(TaskTest, a_device_that_fell_idle_is_started_again_with_ever_longer_pauses) {
  SensorSettings sensor{.id = "room", .driver = "scd4x", .bus = "i2c-1", .every = 10s};
  sensor.settings = Settings::defaults(driver_named("scd4x")->settings);
  auto owned = std::make_unique<IdleLink>();
  IdleLink& link = *owned;
  Task task(sensor, std::move(owned), intake_, clock_, log_);
  const auto run = [&](milliseconds duration) {
    const MonotonicTime end = clock_.now() + duration;
    while (task.due() <= end) {
      if (task.due() > clock_.now()) {
        clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
      }
      task.step();
    }
    clock_.advance(std::chrono::floor<milliseconds>(end - clock_.now()));
  };
  run(60s);
  EXPECT_EQ(link.starts, 1);
  const auto before = task.counters().samples;
  link.is_measuring = false;
  run(60s);
  EXPECT_EQ(link.starts, 2);
  EXPECT_GE(task.counters().samples, before + 2);

  link.is_measuring = link.can_start = false;
  run(60s);
  const int asked = link.questions;
  const int started = link.starts;
  run(10min);
  EXPECT_LE(link.questions - asked, 40);
  EXPECT_GE(link.starts - started, 9);
  EXPECT_LE(link.starts - started, 30);
}

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
