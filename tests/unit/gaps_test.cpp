// SPDX-License-Identifier: Apache-2.0
// Whatever happens between a sensor and the store: what was kept and what the ledger has is what
// there was. Time goes on as the test says; UTC and monotonic time may say something else.
#include "gateway/acquire/task.hpp"
#include "moody_device.hpp"
#include "store_fixture.hpp"

#include <random>

namespace twinsky {
namespace {

constexpr milliseconds period = 10s;
constexpr UtcTime beginning{milliseconds(1795314600000)};  // 2026-11-22T02:30:00Z

class Gaps : public ::testing::Test {
 protected:
  Gaps() {
    std::string pattern = (std::filesystem::temp_directory_path() / "twinsky-gaps-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    settings_.path = (directory_ / "store.db").string();
    settings_.machine_id = "one";
    settings_.minimum_free_bytes = 0;
    settings_.keep = std::chrono::days(100'000);
    boot();
    start();
  }
  ~Gaps() override {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // Monotonic time begins anew.
  void boot() {
    clock_ = std::make_unique<ManualClock>(beginning + passed_);
    settings_.boot_id = "boot-" + std::to_string(++boots_);
  }
  void start() {
    store_ = std::make_unique<Store>(settings_, *clock_, log_);
    intake_ =
        std::make_unique<Intake>(*store_, latest_values_, bulletin_, *clock_, settings_.boot_id);
    task_ = std::make_unique<Task>(moody_sensor(period), std::make_unique<DeviceLink>(device_),
                                   *intake_, *clock_, log_);
  }
  void stop() {
    task_.reset();
    intake_.reset();
    store_.reset();
  }
  void restart(milliseconds pause) {
    stop();
    pass(pause);
    start();
  }
  void reboot(milliseconds pause) {
    stop();
    passed_ += pause;
    boot();
    start();
  }
  // Time goes on and nobody does anything.
  void pass(milliseconds step) {
    clock_->advance(step);
    passed_ += step;
  }
  // As the bus's thread and the main loop would.
  void run(milliseconds duration) {
    const milliseconds end = passed_ + duration;
    while (passed_ < end) {
      work();
      auto until_due = std::chrono::ceil<milliseconds>(task_->due() - clock_->now());
      if (device_.mood == Device::Mood::gone) until_due = 500ms;  // the bus is tried again
      pass(std::clamp<milliseconds>(until_due, 1ms, end - passed_));
    }
  }
  void work() {
    try {
      while (task_->due() <= clock_->now()) task_->step();
    } catch (const BusError& problem) {
      task_->lose_bus(problem.what());
    }
    intake_->refresh_states();
  }
  void step_utc(milliseconds step) { clock_->step_utc(step); }

  std::string state() {
    std::uint64_t version = 0;
    for (const auto& change : bulletin_.changes_since(version)) {
      if (change.posting.topic == "sensor/air/state") return change.posting.payload;
    }
    return {};
  }
  std::vector<LedgerRow> ledger() {
    EXPECT_TRUE(store_->flush(clock_->now() + 10s));
    return read_ledger(settings_.path);
  }
  std::uint64_t in_ledger() {
    std::uint64_t count = 0;
    for (const LedgerRow& row : ledger()) {
      EXPECT_EQ(row.stream, "sensor/air");
      EXPECT_LE(static_cast<std::int64_t>(row.count), passed_ / period) << row.cause;
      EXPECT_GE(row.end, row.start) << row.cause;
      count += row.count;
    }
    return count;
  }
  // Kept, in the order of their numbers; what was amended counts once.
  std::uint64_t kept() {
    EXPECT_TRUE(store_->flush(clock_->now() + 10s));
    clock_->advance(0ms);
    std::uint64_t count = 0;
    std::uint64_t seq = 0;
    const auto reader = open_store_reader(settings_.path);
    RowId after = 0;
    for (bool any = true; any;) {
      any = false;
      for (const StoredRow& row : reader->page(after, 500)) {
        after = row.row;
        any = true;
        if (reader->name_of(row.stream) != "sensor/air") continue;
        EXPECT_EQ(row.seq, ++seq);
        if (row.body.find("\"amends\"") == std::string_view::npos) ++count;
      }
    }
    return count;
  }

  std::filesystem::path directory_;
  StoreSettings settings_;
  Log log_{LogLevel::error};
  milliseconds passed_{0};
  int boots_ = 0;
  Device device_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<ManualClock> clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Task> task_;
};

TEST_F(Gaps, steps_of_utc_are_no_gaps) {
  for (const milliseconds step : {milliseconds(87'600h), milliseconds(-87'600h), milliseconds(1h),
                                  milliseconds(-2h), milliseconds(-17'520h)}) {
    run(1min);
    step_utc(step);
  }
  run(1min);
  EXPECT_EQ(kept(), 36U);
  EXPECT_EQ(in_ledger(), 0U);
}

TEST_F(Gaps, a_silence_is_as_long_as_monotonic_time_says) {
  run(1min);
  device_.mood = Device::Mood::silent;
  run(1min);
  step_utc(87'600h);
  run(1min);
  device_.mood = Device::Mood::well;
  run(2min);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "no_response");
  EXPECT_FALSE(rows[0].estimated);
  EXPECT_EQ(rows[0].end - rows[0].start, static_cast<std::int64_t>(rows[0].count) * period);
  EXPECT_EQ(kept() + in_ledger(), 30U);
}

TEST_F(Gaps, state_goes_on_when_utc_is_set_back_and_ends_with_its_sensor) {
  run(1min);
  step_utc(-1h);
  device_.mood = Device::Mood::well;
  run(10s);
  EXPECT_NE(state().find(R"("temperature":25)"), std::string::npos) << state();
  EXPECT_NE(state().find("2026-11-22T01:3"), std::string::npos) << state();
  step_utc(87'600h);
  run(1s);
  EXPECT_NE(state().find(R"("temperature":25)"), std::string::npos) << state();
  device_.mood = Device::Mood::silent;
  step_utc(-87'600h);
  run(40s);
  EXPECT_NE(state().find(R"("temperature":null)"), std::string::npos) << state();
}

TEST_F(Gaps, a_pause_within_a_boot_is_as_long_as_monotonic_time_says) {
  run(1min);
  stop();
  pass(1min);
  step_utc(17'520h);
  start();
  run(1min);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "gateway_off");
  EXPECT_TRUE(rows[0].estimated);
  EXPECT_EQ(rows[0].count, 6U);
  EXPECT_EQ(rows[0].end - rows[0].start, 1min);
}

TEST_F(Gaps, a_pause_between_boots_is_told_when_the_clock_is_set) {
  run(1min);
  reboot(2h);
  clock_->set_trust(false);
  step_utc(-300'000h);
  run(1min);
  EXPECT_TRUE(ledger().empty());
  step_utc(300'000h);
  clock_->set_trust(true);
  run(1min);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "gateway_off");
  EXPECT_EQ(rows[0].count, 720U);
  EXPECT_EQ(rows[0].start, beginning + 1min);
  EXPECT_EQ(rows[0].end, beginning + 1min + 2h);
}

TEST_F(Gaps, a_pause_that_nobody_can_measure_is_a_row_without_a_number) {
  run(1min);
  clock_->set_trust(false);
  run(1min);
  reboot(2h);
  run(1min);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "gateway_off");
  EXPECT_EQ(rows[0].count, 0U);
  EXPECT_TRUE(rows[0].estimated);
}

TEST_F(Gaps, a_clock_that_is_never_set_leaves_a_row_without_a_number_too) {
  run(1min);
  reboot(2h);
  clock_->set_trust(false);
  run(1min);
  restart(0s);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "gateway_off");
  EXPECT_EQ(rows[0].count, 0U);
}

TEST_F(Gaps, what_is_missed_by_a_sensor_that_never_answers_is_on_record_at_the_end) {
  device_.mood = Device::Mood::silent;
  run(10min);
  restart(10s);
  device_.mood = Device::Mood::well;
  run(1min);
  EXPECT_EQ(kept() + in_ledger(), 67U);
}

TEST_F(Gaps, a_sensor_that_was_taken_out_is_no_gateway_that_was_off) {
  run(1min);
  task_.reset();
  intake_->close("sensor/air");
  pass(10min);
  task_ = std::make_unique<Task>(moody_sensor(period), std::make_unique<DeviceLink>(device_),
                                 *intake_, *clock_, log_);
  run(1min);
  const auto rows = ledger();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cause, "not_configured");
  EXPECT_EQ(rows[0].count, 60U);
}

// Random lives, on a schedule of whole periods: the sum is exact.
class RandomGaps : public Gaps {
 protected:
  milliseconds some_periods(unsigned most) {
    return period * static_cast<int>(1 + random_() % most);
  }
  void set_right() {
    step_utc(beginning + passed_ - clock_->utc());
    intake_->refresh_states();
  }
  void live(bool with_steps) {
    using Mood = Device::Mood;
    switch (random_() % 9) {
      case 0:
      case 1:
        run(some_periods(40));
        return;
      case 2:
      case 3: {
        device_.mood = random_() % 2 == 0 ? Mood::silent : Mood::garbled;
        run(some_periods(500));
        device_.mood = Mood::well;
        run(7 * period);  // asked again within a minute
        return;
      }
      case 4:
        device_.mood = Mood::gone;
        run(some_periods(30));
        device_.mood = Mood::well;
        run(2 * period);
        return;
      case 5:
        pass(some_periods(20));  // another device holds the thread
        run(period);
        return;
      case 6:
        restart(some_periods(100));
        return;
      case 7:
        set_right();
        run(period);
        reboot(some_periods(1000));
        run(period);  // as long as UTC is right it tells how long that was
        return;
      default:
        if (!with_steps) return;
        const std::array<milliseconds, 4> steps = {1h, -1h, 87'600h, -87'600h};
        step_utc(steps.at(random_() % steps.size()));
    }
  }

  std::mt19937 random_;
};

TEST_F(RandomGaps, what_is_kept_and_what_the_ledger_has_is_what_there_was) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    for (int event = 0; event < 25; ++event) live(true);
    set_right();
    run(period);
    ASSERT_EQ(kept() + in_ledger(), static_cast<std::uint64_t>(passed_ / period));
  }
}

}  // namespace
}  // namespace twinsky
