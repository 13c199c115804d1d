// SPDX-License-Identifier: Apache-2.0
// Devices that talk by themselves, that sleep, and that have a rhythm of their own: a week of each
// on a clock that the test moves. Every value is right or null with its reason, and nothing that
// answers is called lost.
#include "drivers/checksum.hpp"
#include "gateway/acquire/task.hpp"
#include "gateway/text/stored_readings.hpp"
#include "store_fixture.hpp"

#include <cmath>
#include <map>

namespace twinsky {
namespace {

// A laser counter at wire level: when it is on, when it speaks, what it says.
class Counter {
 public:
  explicit Counter(ManualClock& clock) : clock_(clock) {}
  virtual ~Counter() = default;
  virtual void hear(Bytes command) = 0;
  // The next frame; nullopt: it will not speak until it is told to.
  [[nodiscard]] virtual std::optional<MonotonicTime> speaks_at() const = 0;
  virtual std::vector<std::byte> speak() = 0;
  virtual void power_up() = 0;

  int value = 20;  // PM2.5, ug/m3; while it warms up it says 1
  bool is_mute = false;
  milliseconds worked{0};
  std::vector<std::byte> answers;  // to commands

 protected:
  [[nodiscard]] MonotonicTime now() const { return clock_.now(); }
  ManualClock& clock_;
};

class Plantower final : public Counter {
 public:
  explicit Plantower(ManualClock& clock, bool has_counts = true)
      : Counter(clock), has_counts_(has_counts), next_(now()), on_since_(now()) {}
  void hear(Bytes command) override {
    const bool wakes = to_hex(command) == "424de400010174";
    if (wakes && !is_on_) power_up();
    if (to_hex(command) == "424de400000173" && is_on_) {
      is_on_ = false;
      worked += std::chrono::round<milliseconds>(now() - on_since_);
    }
  }
  void power_up() override {
    is_on_ = true;
    on_since_ = now();
    next_ = now() + 800ms;
  }
  [[nodiscard]] std::optional<MonotonicTime> speaks_at() const override {
    if (!is_on_ || is_mute) return std::nullopt;
    return next_;
  }
  std::vector<std::byte> speak() override {
    next_ = std::max(next_ + 2300ms, now());
    const auto on = now() - on_since_;
    return frame(on < 3s ? 0 : on < 29s ? 1 : value);
  }
  [[nodiscard]] std::vector<std::byte> frame(int value_now) const {
    std::vector<std::byte> bytes{std::byte{0x42}, std::byte{0x4D}, std::byte{0},
                                 std::byte(has_counts_ ? 0x1C : 0x14)};
    for (int word = 0; word < (has_counts_ ? 13 : 9); ++word) {
      bytes.push_back(std::byte{0});
      bytes.push_back(static_cast<std::byte>(word < 6 ? value_now : 0));
    }
    const auto sum = sum16(bytes);
    bytes.push_back(static_cast<std::byte>(sum >> 8));
    bytes.push_back(static_cast<std::byte>(sum & 0xFF));
    return bytes;
  }

 private:
  bool has_counts_;
  bool is_on_ = true;
  MonotonicTime next_;
  MonotonicTime on_since_;
};

class Nova final : public Counter {
 public:
  explicit Nova(ManualClock& clock, int period_min = 0)
      : Counter(clock), period_min_(period_min), next_(now() + 1s), on_since_(now()) {
    if (period_min_ > 0) next_ = now() + 30s;
  }
  void hear(Bytes command) override {
    if (command.size() != 19 || is_mute) return;
    ++commands;
    const int item = u8(command, 2);
    const bool sets = u8(command, 3) != 0;
    const int wanted = u8(command, 4);
    if (!is_on_ && item != 6) return;
    if (item == 6 && sets && is_on_ != (wanted == 1)) {
      if (is_on_) worked += std::chrono::round<milliseconds>(now() - on_since_);
      is_on_ = wanted == 1;
      on_since_ = now();
      next_ = now() + (period_min_ > 0 ? 30s : 1s);
    }
    if (item == 8 && sets) {
      period_min_ = wanted;
      next_ = now() + 30s;
    }
    const int answer = item == 2 ? 0 : item == 6 ? (is_on_ ? 1 : 0) : period_min_;
    const auto bytes = finished(0xC5, {item, sets ? 1 : 0, answer, 0});
    answers.insert(answers.end(), bytes.begin(), bytes.end());
  }
  void power_up() override {
    is_on_ = true;
    on_since_ = now();
    next_ = now() + (period_min_ > 0 ? 30s : 1s);
  }
  [[nodiscard]] std::optional<MonotonicTime> speaks_at() const override {
    if (!is_on_ || is_mute) return std::nullopt;
    return next_;
  }
  std::vector<std::byte> speak() override {
    next_ += period_min_ > 0 ? milliseconds(std::chrono::minutes(period_min_)) : 1000ms;
    const int tenths = period_min_ > 0 || now() - on_since_ >= 29s ? 10 * value : 10;
    return finished(0xC0, {tenths & 0xFF, tenths >> 8, tenths & 0xFF, tenths >> 8});
  }
  int commands = 0;

 private:
  static std::vector<std::byte> finished(int kind, std::vector<int> content) {
    content.insert(content.end(), {0xA1, 0x60});
    int sum = 0;
    for (const int byte : content) sum += byte;
    content.insert(content.begin(), {0xAA, kind});
    content.insert(content.end(), {sum & 0xFF, 0xAB});
    std::vector<std::byte> bytes;
    for (const int byte : content) bytes.push_back(static_cast<std::byte>(byte));
    return bytes;
  }
  int period_min_;
  bool is_on_ = true;
  MonotonicTime next_;
  MonotonicTime on_since_;
};

// Waits by moving the clock.
class CounterLink final : public StreamLink {
 public:
  CounterLink(Counter& counter, ManualClock& clock) : counter_(counter), clock_(clock) {}
  void write(Bytes tx) override { counter_.hear(tx); }
  std::size_t read(std::span<std::byte> rx, milliseconds patience) override {
    if (!counter_.answers.empty()) return give(rx, std::exchange(counter_.answers, {}));
    const MonotonicTime deadline = clock_.now() + patience;
    const auto next = counter_.speaks_at();
    if (!next || *next > deadline) {
      clock_.advance(patience);
      return 0;
    }
    if (*next > clock_.now()) {
      clock_.advance(std::chrono::ceil<milliseconds>(*next - clock_.now()));
    }
    auto frame = counter_.speak();
    if (is_noisy) frame[4] ^= std::byte{0x55};
    return give(rx, frame);
  }
  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    write(tx);
    return read(rx, patience);
  }
  void pause(milliseconds duration) override { clock_.advance(duration); }
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

  bool is_noisy = false;

 private:
  static std::size_t give(std::span<std::byte> rx, const std::vector<std::byte>& bytes) {
    std::ranges::copy(bytes, rx.begin());
    return bytes.size();
  }
  Counter& counter_;
  ManualClock& clock_;
};

class DutyCycleTest : public StoreTest {
 protected:
  DutyCycleTest()
      : store_of_test_(open()), intake_(store_of_test_, latest_values_, bulletin_, clock_) {}
  ~DutyCycleTest() override { task_.reset(); }

  static SensorSettings sensor(const std::string& driver, std::optional<milliseconds> every,
                               bool sleeps = false) {
    SensorSettings settings{.id = "pm", .driver = driver, .bus = "port", .every = every};
    settings.settings = Settings::defaults(driver_named(driver)->settings);
    settings.sleep_between = sleeps;
    return settings;
  }
  void begin(const SensorSettings& settings, Counter& counter) {
    auto link = std::make_unique<CounterLink>(counter, clock_);
    link_ = link.get();
    task_ = std::make_unique<Task>(settings, std::move(link), intake_, clock_, log_);
  }
  // As the bus's thread: what is due, else listening, else a wait.
  void run_for(milliseconds duration) {
    const MonotonicTime end = clock_.now() + duration;
    while (clock_.now() < end) {
      if (task_->due() <= clock_.now()) {
        task_->step();
        continue;
      }
      const auto left = std::chrono::ceil<milliseconds>(std::min(task_->due(), end) - clock_.now());
      if (task_->listens()) {
        task_->listen(std::clamp<milliseconds>(left, 1ms, 500ms));
      } else {
        clock_.advance(left);
      }
    }
  }
  struct Taken {
    UtcTime time{};
    std::optional<double> value;
    std::optional<Fault> fault;
  };
  std::vector<Taken> taken(Quantity quantity = Quantity::pm2_5) {
    EXPECT_TRUE(commit());
    std::vector<Taken> all;
    StoredReadings stored;
    for (const Row& row : rows_of("sensor/pm")) {
      if (!read_body(row.body, stored) || stored.amends) continue;
      for (const Reading& each : stored.readings) {
        if (each.quantity == quantity) all.push_back({row.time, each.value, each.fault});
      }
    }
    return all;
  }
  std::size_t events(std::string_view name) {
    EXPECT_TRUE(commit());
    return static_cast<std::size_t>(std::ranges::count_if(rows_of("event"), [&](const Row& row) {
      return row.body.find(name) != std::string::npos;
    }));
  }
  // Its supply is gone for so long.
  void cut(Counter& counter, milliseconds duration) {
    counter.is_mute = true;
    run_for(duration);
    counter.is_mute = false;
    counter.power_up();
  }
  std::uint64_t missed() {
    std::uint64_t count = 0;
    for (const LedgerRow& row : ledger()) count += row.count;
    return count;
  }
  // All are `value`, but for nulls that warm up, at most so many.
  void expect_right(double value, std::size_t most_cold) {
    std::size_t cold = 0;
    for (const Taken& one : taken()) {
      if (one.value) {
        EXPECT_EQ(*one.value, value) << iso8601(one.time);
      } else {
        EXPECT_EQ(one.fault, Fault::warming_up) << iso8601(one.time);
        ++cold;
      }
    }
    EXPECT_LE(cold, most_cold);
  }

  Store& store_of_test_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  Intake intake_;
  CounterLink* link_ = nullptr;
  std::unique_ptr<Task> task_;
};

TEST_F(DutyCycleTest, a_week_of_sleep_between_samples_has_a_value_at_each_period) {
  Plantower counter(clock_);
  begin(sensor("pms5003", 5min, true), counter);
  run_for(7 * 24h);
  const auto all = taken();
  EXPECT_GE(all.size(), 7 * 24 * 12 - 1U);
  expect_right(20, 0);
  for (std::size_t at = 1; at < all.size(); ++at) {
    EXPECT_LE(std::chrono::abs(all[at].time - all[at - 1].time - 5min), 2300ms)  // between frames
        << iso8601(all[at].time);
  }
  EXPECT_EQ(events("sensor_lost"), 0U);
  EXPECT_TRUE(ledger().empty());
  // The laser works its warm-up and a moment for each sample: 1100 h instead of 8000 in a year.
  EXPECT_LT(counter.worked, 7 * 24 * 12 * 35s);
}

// Its fan pulls the supply down as it starts: what it says a little later is of a cold device.
TEST_F(DutyCycleTest, a_reset_while_it_warms_up_gives_no_value_of_a_cold_device) {
  Plantower counter(clock_);
  begin(sensor("pms5003", 5min, true), counter);
  run_for(1h);
  for (int cycle = 0; cycle < 20; ++cycle) {
    while (!counter.speaks_at()) run_for(1s);  // until it is awake
    run_for((6 + cycle) * 1s);                 // it has said something
    counter.power_up();
    while (counter.speaks_at()) run_for(1s);
  }
  const auto all = taken();
  EXPECT_GE(all.size(), 30U);
  expect_right(20, 0);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(DutyCycleTest, the_other_family_sleeps_as_well) {
  Nova counter(clock_);
  begin(sensor("sds011", 45s, true), counter);
  run_for(24h);
  EXPECT_GE(taken().size(), 24 * 80 - 2U);
  expect_right(20, 0);
  EXPECT_EQ(events("sensor_lost"), 0U);
  EXPECT_TRUE(ledger().empty());
  EXPECT_LT(counter.worked, 24 * 80 * 35s);
}

TEST_F(DutyCycleTest, a_period_that_leaves_no_time_to_sleep_has_a_value_all_the_same) {
  Plantower counter(clock_);
  begin(sensor("pms5003", 31s, true), counter);
  run_for(31s * 100);
  EXPECT_GE(taken().size(), 97U);
  expect_right(20, 0);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(DutyCycleTest, a_work_period_in_the_device_is_its_rhythm_and_no_silence) {
  for (const auto every : {std::optional<milliseconds>(10s), std::optional<milliseconds>()}) {
    Nova counter(clock_, 5);
    begin(sensor("sds011", every), counter);
    run_for(24h);
    EXPECT_GE(taken().size(), 24 * 12 - 1U);
    expect_right(20, 0);
    EXPECT_EQ(events("sensor_lost"), 0U);
    EXPECT_EQ(counter.commands, 2);  // how it is set up was asked once
    task_.reset();
    EXPECT_TRUE(commit());
    EXPECT_TRUE(ledger().empty());
  }
}

TEST_F(DutyCycleTest, a_work_period_that_is_set_gives_its_values) {
  Nova counter(clock_);
  auto settings = sensor("sds011", std::nullopt);
  settings.settings.set("work_period_min", std::int64_t{1});
  begin(settings, counter);
  run_for(3h);
  EXPECT_GE(taken().size(), 178U);
  expect_right(20, 0);
  EXPECT_EQ(events("sensor_lost"), 0U);
}

TEST_F(DutyCycleTest, clean_air_is_a_value_once_the_device_is_warm) {
  for (const bool has_counts : {false, true}) {
    Plantower counter(clock_, has_counts);
    counter.value = 0;
    auto settings = sensor("pms5003", has_counts ? std::optional<milliseconds>(10s) : std::nullopt);
    if (!has_counts) settings.settings.set("variant", std::string("pms3003"));
    begin(settings, counter);
    run_for(1h);
    const auto all = taken();
    const auto values =
        std::ranges::count_if(all, [](const Taken& one) { return one.value == 0.0; });
    EXPECT_GE(values, has_counts ? 350 : 1500);
    EXPECT_EQ(std::ranges::count_if(all, [](const Taken& one) { return one.value == 1.0; }), 0);
    EXPECT_EQ(events("sensor_lost"), 0U);
    task_.reset();
  }
}

TEST_F(DutyCycleTest, a_mean_is_of_warm_frames_alone) {
  Plantower counter(clock_);
  auto settings = sensor("pms5003", 1min);
  settings.mean = true;
  begin(settings, counter);
  run_for(10min);
  EXPECT_GE(taken().size(), 9U);
  expect_right(20, 0);
}

// What it says while it warms up is a twentieth: one such frame in a mean would be seen.
TEST_F(DutyCycleTest, a_mean_has_no_frame_of_a_device_that_was_off_for_some_seconds) {
  Plantower counter(clock_);
  auto settings = sensor("pms5003", 1min);
  settings.mean = true;
  begin(settings, counter);
  run_for(5min);
  for (int seconds = 1; seconds <= 12; ++seconds) {
    cut(counter, seconds * 1s);
    run_for(3min + seconds * 7s);  // at ever another moment of the period
  }
  EXPECT_GE(taken().size(), 45U);
  expect_right(20, 12);
}

// Of some there are no zeros by which they could be known.
TEST_F(DutyCycleTest, a_pause_that_is_longer_than_its_own_tells_that_it_was_off) {
  Nova counter(clock_);
  auto settings = sensor("sds011", 1min);
  settings.mean = true;
  begin(settings, counter);
  run_for(5min);
  for (int seconds = 4; seconds <= 12; ++seconds) {
    cut(counter, seconds * 1s);
    run_for(3min + seconds * 7s);
  }
  EXPECT_GE(taken().size(), 35U);
  expect_right(20, 9);
}

TEST_F(DutyCycleTest, a_work_period_is_remembered_while_the_device_is_silent) {
  Nova counter(clock_, 1);
  begin(sensor("sds011", 10s), counter);
  run_for(1h);
  counter.is_mute = true;
  run_for(18min);
  counter.is_mute = false;
  counter.power_up();
  run_for(2h);
  expect_right(20, 0);
  task_.reset();
  const auto all = taken();
  EXPECT_NEAR(static_cast<double>(all.size() + missed()), 60 + 18 + 120, 2);
  EXPECT_NEAR(static_cast<double>(missed()), 18, 1);
  EXPECT_EQ(events("sensor_lost"), 1U);
}

// A particle counter that is asked: it measures a second after it has power, and too little for
// half a minute.
class AskedCounter final : public TransferLink {
 public:
  explicit AskedCounter(ManualClock& clock) : clock_(clock), counter_(clock) {}
  void read(std::span<std::byte> rx) override {
    if (!has_power) throw LinkError(Fault::nack, "0x12 does not answer");
    std::ranges::copy(counter_.frame(clock_.now() - on_since < 29s ? 1 : 20), rx.begin());
  }
  void write(Bytes) override {}
  void exchange(Bytes, std::span<std::byte>) override {}
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

  bool has_power = true;
  MonotonicTime on_since{};

 private:
  ManualClock& clock_;
  Plantower counter_;
};

TEST_F(DutyCycleTest, what_is_asked_and_did_not_answer_warms_up_again) {
  auto owned = std::make_unique<AskedCounter>(clock_);
  AskedCounter& link = *owned;
  link.on_since = clock_.now();
  task_ = std::make_unique<Task>(sensor("pmsa003i", 10s), std::move(owned), intake_, clock_, log_);
  run_for(5min);
  for (int cycle = 0; cycle < 5; ++cycle) {
    link.has_power = false;
    run_for(10s);
    link.has_power = true;
    link.on_since = clock_.now();
    run_for(3min);
  }
  EXPECT_GE(taken().size(), 100U);
  expect_right(20, 5 * 5 + 3);
}

TEST_F(DutyCycleTest, noise_on_the_line_is_no_new_warm_up_but_a_pause_in_which_it_was_off_is) {
  Plantower counter(clock_);
  begin(sensor("pms5003", std::nullopt), counter);
  run_for(5min);
  const auto before = taken().size();
  link_->is_noisy = true;
  run_for(2min);
  link_->is_noisy = false;
  run_for(20s);
  auto all = taken();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before));
  ASSERT_GE(all.size(), 7U);
  for (const Taken& one : all) EXPECT_EQ(one.value, 20.0) << iso8601(one.time);

  counter.is_mute = true;  // its supply was gone
  run_for(2min);
  counter.is_mute = false;
  counter.power_up();
  run_for(5min);
  for (const Taken& one : taken()) {
    EXPECT_EQ(one.value.value_or(20.0), 20.0) << iso8601(one.time);
  }
  EXPECT_EQ(taken().back().value, 20.0);
}

TEST_F(DutyCycleTest, a_device_that_was_off_for_a_moment_says_so_by_its_zeros) {
  Plantower counter(clock_);
  begin(sensor("pms5003", 10s), counter);
  run_for(5min);
  counter.is_mute = true;
  run_for(13s);
  counter.is_mute = false;
  counter.power_up();
  run_for(3min);
  for (const Taken& one : taken()) {
    EXPECT_EQ(one.value.value_or(20.0), 20.0) << iso8601(one.time);
  }
  EXPECT_EQ(taken().back().value, 20.0);
}

}  // namespace
}  // namespace twinsky
