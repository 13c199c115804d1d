// SPDX-License-Identifier: Apache-2.0
// A sensor's checks get their memory from the disk, and nobody but who opens it waits for that.
#include "gateway/acquire/intake.hpp"
#include "store_fixture.hpp"

#include <thread>

namespace twinsky {
namespace {

// Answers when it is told to.
class SlowPast {
 public:
  Recall::Read read() {
    return [this](StreamId, UtcTime, const std::function<void(const StoredRow&)>&) {
      std::unique_lock lock(mutex_);
      ++asked_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return answers_; });
    };
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return asked_ > 0; });
  }
  void answer() {
    const std::lock_guard lock(mutex_);
    answers_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  bool answers_ = false;
};

class RecallTest : public StoreTest {
 protected:
  RecallTest()
      : store_of_test_(open()),
        intake_(store_of_test_, latest_values_, bulletin_, clock_, {}, past_.read()) {}
  ~RecallTest() override { past_.answer(); }

  static StreamDescription described(const std::string& name) {
    return {.name = name,
            .title = "air",
            .columns = {{Quantity::temperature, 2}},
            .ranges = {{Quantity::temperature, {-40, 85}}},
            .period = 10s};
  }
  Sample sample(double degc) const {
    return {.time = clock_.utc(), .readings = {reading(Quantity::temperature, degc)}};
  }

  Store& store_of_test_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  SlowPast past_;
  Intake intake_;
};

TEST_F(RecallTest, other_buses_hand_in_their_samples_meanwhile) {
  intake_.open({.name = "ref/hk-epd/mong-kok", .title = "", .columns = {{Quantity::pm2_5, 1}}});
  std::jthread bus([&] { intake_.open(described("sensor/air")); });
  past_.wait_until_asked();
  // Would wait for the bus's thread, for ever, if that held the lock.
  intake_.take("ref/hk-epd/mong-kok", {.time = clock_.utc(), .readings = {}});
  intake_.set_state("sensor/air", SensorState::online);
  intake_.refresh_states();
  intake_.close("sensor/air");
  EXPECT_FALSE(intake_.recall().has_stopped());
  past_.answer();
  bus.join();
  EXPECT_TRUE(intake_.recall().has_stopped());
}

TEST_F(RecallTest, a_bus_waits_for_a_moment_only_and_its_sensor_is_checked_without_memory) {
  std::jthread bus([&] {
    intake_.open(described("sensor/air"));
    intake_.open(described("sensor/soil"));  // not once more
    intake_.take("sensor/air", sample(71));
  });
  past_.wait_until_asked();
  clock_.settle(2);  // the bus's thread and the store's writer
  clock_.advance(3s);
  bus.join();
  EXPECT_EQ(past_.asked(), 1);
  EXPECT_FALSE(intake_.recall().has_stopped());
  past_.answer();
  ASSERT_TRUE(commit());
  const auto rows = rows_of("sensor/air");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NE(rows[0].body.find(R"("reasons":{"temperature":"range"})"), std::string::npos);
}

}  // namespace
}  // namespace twinsky
