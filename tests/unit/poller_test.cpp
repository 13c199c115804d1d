// SPDX-License-Identifier: Apache-2.0
// A bus's thread: what becomes of an exception that nobody expected, of one sensor or of the bus.
#include "gateway/acquire/poller.hpp"

#include "moody_device.hpp"
#include "store_fixture.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace twinsky {
namespace {

// Two SHT4x on one wire.
struct Wire {
  Device mad;
  Device sane;
  std::atomic<bool> cannot_open = false;
  std::atomic<int> closed = 0;
};

class WireBus final : public Bus {
 public:
  explicit WireBus(Wire& wire) : wire_(wire) {}
  void open() override {
    if (wire_.cannot_open) throw std::length_error("of somebody else");
  }
  void close() noexcept override { ++wire_.closed; }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<DeviceLink>(device.address == 0x44 ? wire_.mad : wire_.sane);
  }

 private:
  Wire& wire_;
};

// Tells when the thread that it is given to has looked at the time and waits again.
class WatchedClock final : public Clock {
 public:
  explicit WatchedClock(ManualClock& clock) : clock_(clock) {}
  [[nodiscard]] UtcTime utc() const override { return clock_.utc(); }
  [[nodiscard]] MonotonicTime now() const override { return clock_.now(); }
  [[nodiscard]] bool is_set() const override { return clock_.is_set(); }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    {
      const std::lock_guard own(mutex_);
      ++waits_;
      waited_.notify_all();
    }
    clock_.wait(lock, changed, deadline);
  }
  // Until it has waited twice from now on: once it may have been about to.
  void settle() {
    std::unique_lock lock(mutex_);
    waited_.wait(lock, [this, twice = waits_ + 2] { return waits_ >= twice; });
  }

 private:
  ManualClock& clock_;
  std::mutex mutex_;
  std::condition_variable waited_;
  std::uint64_t waits_ = 0;
};

class PollerTest : public StoreTest {
 protected:
  PollerTest()
      : store_of_test_(open()), intake_(store_of_test_, latest_values_, bulletin_, clock_) {}

  void start() {
    poller_ = std::make_unique<Poller>(
        BusSettings{.id = "i2c-1", .info = bus_named("i2c"), .address = "/dev/i2c-1"},
        std::vector{moody_sensor(10s, "mad", 0x44), moody_sensor(10s, "sane", 0x45)}, intake_,
        latest_values_, its_clock_, log_, [this](const BusSettings&, const BusSurroundings&) {
          return std::make_unique<WireBus>(wire_);
        });
  }
  // Whole seconds pass, in each of which the poller comes to rest.
  void run_for(int seconds) {
    for (int second = 0; second < seconds; ++second) {
      its_clock_.settle();
      clock_.advance(1s);
    }
    its_clock_.settle();
  }
  std::uint64_t samples_of(const std::string& id) { return poller_->counters()[id].samples; }

  Store& store_of_test_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  Intake intake_;
  Wire wire_;
  WatchedClock its_clock_{clock_};
  std::unique_ptr<Poller> poller_;
};

TEST_F(PollerTest, a_defect_of_one_driver_is_none_of_its_neighbours) {
  wire_.mad.mood = Device::Mood::mad;
  start();
  run_for(65);
  EXPECT_EQ(samples_of("mad"), 0U);
  EXPECT_GE(samples_of("sane"), 6U);
  EXPECT_GT(poller_->guard_status().exceptions, 0U);
  EXPECT_EQ(poller_->guard_status().problem, "std::bad_alloc");
  EXPECT_GT(poller_->counters()["mad"].faults["sensor_fault"], 0U);

  wire_.mad.mood = Device::Mood::well;
  run_for(200);
  EXPECT_GT(samples_of("mad"), 0U);
  EXPECT_EQ(poller_->guard_status().problem, "");
}

TEST_F(PollerTest, an_index_beyond_an_end_is_a_defect_of_ours_and_no_fault_of_a_frame) {
  wire_.mad.mood = Device::Mood::mistaken;
  start();
  run_for(65);
  EXPECT_EQ(poller_->counters()["mad"].faults["framing"], 0U);
  EXPECT_GT(poller_->counters()["mad"].faults["sensor_fault"], 0U);
  EXPECT_GT(poller_->guard_status().exceptions, 0U);
  EXPECT_EQ(poller_->guard_status().problem, "vector::at");
  EXPECT_GE(samples_of("sane"), 6U);
}

TEST_F(PollerTest, what_the_bus_throws_is_survived_and_tried_again) {
  wire_.cannot_open = true;
  start();
  run_for(20);
  EXPECT_EQ(poller_->guard_status().problem, "of somebody else");
  EXPECT_GE(poller_->guard_status().exceptions, 3U);
  EXPECT_LE(poller_->guard_status().exceptions, 6U);  // longer and longer pauses
  wire_.cannot_open = false;
  run_for(40);
  EXPECT_GT(samples_of("sane"), 0U);
}

TEST_F(PollerTest, it_is_a_stage) {
  start();
  EXPECT_EQ(poller_->name(), "bus i2c-1");
  run_for(1);
  EXPECT_FALSE(poller_->has_stopped());
  poller_->request_stop();
  while (!poller_->has_stopped()) std::this_thread::yield();
  EXPECT_GT(wire_.closed, 0);
}

}  // namespace
}  // namespace twinsky
