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
        intake_(store_of_test_, latest_values_, bulletin_, clock_),
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
      if (change.posting.topic == topic) return change.posting.payload;
    }
    return {};
  }

  Device device_;
  Store& store_of_test_;
  LatestValues latest_values_;
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
  EXPECT_EQ(with_case, (std::set<std::string>{"pms5003 pms5003st", "pms5003 pms5003t", "scd30 ",
                                              "scd4x ", "sfa30 "}));
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
class IdleLink final : public TransferLink {
 public:
  explicit IdleLink(const Clock& clock) : clock_(clock) {}

  milliseconds first_after{0};  // it was started
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
    started_ = clock_.now();
  }
  void read(std::span<std::byte> rx) override {
    for (std::size_t at = 0; at + 3 <= rx.size(); at += 3) {
      const bool is_ready = is_measuring && clock_.now() - started_ >= first_after;
      const std::uint16_t word = last_ == 0xE4B8 ? (is_ready ? 0x8006 : 0x8000) : 0x6667;
      rx[at] = static_cast<std::byte>(word >> 8);
      rx[at + 1] = static_cast<std::byte>(word & 0xFF);
      rx[at + 2] = static_cast<std::byte>(crc8_sensirion(Bytes(rx).subspan(at, 2)));
    }
  }
  void exchange(Bytes, std::span<std::byte>) override {}
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

 private:
  const Clock& clock_;
  MonotonicTime started_{};
  std::uint16_t last_ = 0;
};

TEST_F(TaskTest, a_device_that_fell_idle_and_is_started_again_gets_the_time_to_measure) {
  SensorSettings sensor{.id = "room", .driver = "scd4x", .bus = "i2c-1", .every = 5s};
  sensor.settings = Settings::defaults(driver_named("scd4x")->settings);
  auto owned = std::make_unique<IdleLink>(clock_);
  IdleLink& link = *owned;
  link.first_after = 5s;
  Task task(sensor, std::move(owned), intake_, clock_, log_);
  const auto run = [&](milliseconds duration) {
    const MonotonicTime end = clock_.now() + duration;
    while (clock_.now() < end) {
      if (task.due() > clock_.now()) {
        clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
      }
      task.step();
    }
  };
  run(60s);
  const auto before = task.counters().samples;
  EXPECT_GE(before, 10U);
  link.is_measuring = false;
  run(60s);
  EXPECT_EQ(link.starts, 2);
  EXPECT_GE(task.counters().samples, before + 2);
  EXPECT_EQ(posted("sensor/room/status"), "online");
}

TEST_F(TaskTest, a_device_that_fell_idle_is_started_again_with_ever_longer_pauses) {
  SensorSettings sensor{.id = "room", .driver = "scd4x", .bus = "i2c-1", .every = 10s};
  sensor.settings = Settings::defaults(driver_named("scd4x")->settings);
  auto owned = std::make_unique<IdleLink>(clock_);
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

TEST_F(TaskTest, jitter_is_the_mean_of_its_polls_from_the_first_one_on) {
  run_for(0s);
  for (int poll = 0; poll < 3; ++poll) {
    clock_.advance(std::chrono::ceil<milliseconds>(task_.due() - clock_.now()) + 100ms);
    task_.step();
  }
  EXPECT_NEAR(task_.counters().jitter_ms, 75, 1e-6);  // one in time, three that were late
}

TEST_F(TaskTest, asks_a_garbled_device_once_more_and_then_waits) {
  run_for(0s);
  device_.mood = Device::Mood::garbled;
  run_for(10s);
  EXPECT_EQ(device_.measurements, 3);
  EXPECT_EQ(task_.counters().faults.at("checksum"), 2U);
  EXPECT_EQ(posted("sensor/air/status"), "online");  // once is no loss of the sensor
}

TEST_F(TaskTest, a_frame_that_ends_too_early_is_a_fault_of_the_frame) {
  run_for(0s);
  device_.mood = Device::Mood::cut_short;
  run_for(10s);
  EXPECT_GT(task_.counters().faults.at("framing"), 0U);
  device_.mood = Device::Mood::well;
  run_for(1min);
  EXPECT_GT(task_.counters().samples, 1U);
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

// A weather station that refuses some of its registers, or leaves out their answers.
class PartialLink final : public RequestLink {
 public:
  enum class Rest { told, refused, unanswered } rest = Rest::told;

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds) override {
    const bool is_rain = be16(tx, 1) == 600;
    if (is_rain && rest == Rest::refused) {
      throw LinkError(Fault::exception, "unit 1: answered with exception 2 (no such register)");
    }
    if (is_rain && rest == Rest::unanswered) {
      throw LinkError(Fault::no_response, "unit 1: no answer within 500 ms");
    }
    const std::size_t size = 2 * std::size_t{be16(tx, 3)};
    std::ranges::fill(rx.first(2 + size), std::byte{0});
    rx[0] = tx[0];
    rx[1] = static_cast<std::byte>(size);
    return 2 + size;
  }
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }
};

TEST_F(TaskTest, registers_that_a_device_refuses_are_told_once_and_so_is_their_return) {
  SensorSettings sensor{.id = "roof", .driver = "modbus", .bus = "rs485", .every = 10s};
  sensor.settings = Settings::defaults(driver_named("modbus")->settings);
  sensor.settings.set("map", std::string("renke-rs-fsxcs"));
  sensor.settings.set("map_override", std::string(R"({"rain_total": {"register": 600}})"));
  auto owned = std::make_unique<PartialLink>();
  PartialLink& link = *owned;
  Task task(sensor, std::move(owned), intake_, clock_, log_);
  const auto poll = [&](int times) {
    for (int time = 0; time < times; ++time) {
      if (task.due() > clock_.now()) {
        clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
      }
      task.step();
    }
  };
  const auto told = [&] {
    EXPECT_TRUE(commit());
    std::vector<std::string> bodies;
    for (const Row& row : rows_of("event")) bodies.push_back(row.body);
    return bodies;
  };
  poll(3);
  EXPECT_TRUE(told().empty());
  link.rest = PartialLink::Rest::refused;
  poll(20);
  ASSERT_EQ(told().size(), 1U);
  EXPECT_NE(told()[0].find("readings_lost"), std::string::npos) << told()[0];
  EXPECT_NE(told()[0].find("register 600: unit 1: answered with exception 2"), std::string::npos);
  EXPECT_EQ(posted("sensor/roof/status"), "online");
  link.rest = PartialLink::Rest::told;
  poll(20);
  ASSERT_EQ(told().size(), 2U);
  EXPECT_NE(told()[1].find("readings_back"), std::string::npos) << told()[1];

  // An answer that is left out now and then is no transition; one that does not come any more is.
  for (int time = 0; time < 10; ++time) {
    link.rest = PartialLink::Rest::unanswered;
    poll(2);
    link.rest = PartialLink::Rest::told;
    poll(2);
  }
  EXPECT_EQ(told().size(), 2U);
  link.rest = PartialLink::Rest::unanswered;
  poll(20);
  ASSERT_EQ(told().size(), 3U);
  EXPECT_NE(told()[2].find("register 600"), std::string::npos) << told()[2];
}

// An SHT4x that is heard, but most times only after it was given up.
class LateLink final : public TransferLink {
 public:
  explicit LateLink(Device& device) : link_(device) {}
  void write(Bytes tx) override {
    if (is_late) {
      ++late_;
      throw LinkError(Fault::no_response, "no answer within 500ms");
    }
    link_.write(tx);
  }
  void read(std::span<std::byte> rx) override { link_.read(rx); }
  void exchange(Bytes, std::span<std::byte>) override {}
  void pause(milliseconds) override {}
  [[nodiscard]] AnswerTimes answer_times() const override { return {.late = late_}; }
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

  bool is_late = false;

 private:
  DeviceLink link_;
  std::uint64_t late_ = 0;
};

TEST_F(TaskTest, who_answers_too_late_is_not_lost_and_that_is_told_once) {
  auto owned = std::make_unique<LateLink>(device_);
  LateLink& link = *owned;
  Task task(moody_sensor(10s, "late"), std::move(owned), intake_, clock_, log_);
  for (int step = 0; step < 300; ++step) {
    link.is_late = step > 5 && step % 20 != 0;
    if (task.due() > clock_.now()) {
      clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
    }
    task.step();
  }
  EXPECT_EQ(posted("sensor/late/status"), "online");
  ASSERT_TRUE(commit());
  const auto events = rows_of("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_NE(events[0].body.find("answers_late"), std::string::npos) << events[0].body;
  EXPECT_NE(events[0].body.find("no answer within 500ms"), std::string::npos) << events[0].body;
}

TEST_F(TaskTest, a_broken_element_is_told_as_that_and_nobody_is_called_lost) {
  run_for(20s);
  device_.mood = Device::Mood::failed;
  run_for(10min);
  EXPECT_EQ(posted("sensor/air/status"), "fault");
  device_.mood = Device::Mood::well;
  run_for(1min);
  EXPECT_EQ(posted("sensor/air/status"), "online");
  ASSERT_TRUE(commit());
  const auto events = rows_of("event");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_NE(events[0].body.find("sensor_fault\",\"subject"), std::string::npos) << events[0].body;
  EXPECT_NE(events[0].body.find("an element is broken"), std::string::npos) << events[0].body;
  EXPECT_NE(events[1].body.find("sensor_back"), std::string::npos) << events[1].body;
}

TEST_F(TaskTest, a_sample_is_either_taken_or_missed_however_long_its_period_is) {
  Task task(moody_sensor(10min, "slow"), std::make_unique<DeviceLink>(device_), intake_, clock_,
            log_);
  const MonotonicTime start = clock_.now();
  for (int step = 0; step < 400; ++step) {
    device_.mood = step % 7 == 3 ? Device::Mood::silent : Device::Mood::well;
    if (task.due() > clock_.now()) {
      clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
    }
    task.step();
  }
  device_.mood = Device::Mood::well;
  clock_.advance(std::chrono::ceil<milliseconds>(task.due() - clock_.now()));
  task.step();  // what was missed before it goes on record
  ASSERT_TRUE(commit());
  std::uint64_t missed = 0;
  for (const auto& row : read_ledger(settings_.path)) missed += row.count;
  EXPECT_GT(missed, 20U);
  EXPECT_EQ(task.counters().samples + missed,
            static_cast<std::uint64_t>((clock_.now() - start) / 10min) + 1);
}

}  // namespace
}  // namespace twinsky
