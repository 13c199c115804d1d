// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/stage.hpp"

#include "tests/unit/leaping_clock.hpp"

#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

class ToyStage final : public Stage {
 public:
  ToyStage(std::string name, bool hangs) : name_(std::move(name)), hangs_(hangs) {}
  [[nodiscard]] std::string name() const override { return name_; }
  void request_stop() override { is_asked_ = true; }
  [[nodiscard]] bool has_stopped() const override { return is_asked_ && !hangs_; }
  [[nodiscard]] std::string waits_for() const override { return hangs_ ? "the device" : ""; }
  [[nodiscard]] GuardStatus guard_status() const override { return {}; }
  [[nodiscard]] bool is_asked() const { return is_asked_; }

 private:
  const std::string name_;
  const bool hangs_;
  bool is_asked_ = false;
};

TEST(StageTest, AllAreAskedBeforeAnyIsWaitedFor) {
  LeapingClock clock;
  ToyStage hanging("bus a", true);
  ToyStage good("bus b", false);
  Stage* const stages[] = {&hanging, &good};
  const MonotonicTime deadline = clock.now() + 700ms;
  const auto hung = stop_stages(stages, clock, deadline);
  EXPECT_GE(clock.now(), deadline);
  EXPECT_TRUE(good.is_asked());
  EXPECT_EQ(hung, std::vector<std::string>{"bus a (waits for the device)"});
}

TEST(StageTest, NobodyIsWaitedForWhenAllHaveStopped) {
  LeapingClock clock;
  ToyStage good("bus b", false);
  Stage* const stages[] = {&good};
  EXPECT_TRUE(stop_stages(stages, clock, clock.now() + 1h).empty());
  EXPECT_EQ(clock.now(), MonotonicTime{});
}

}  // namespace
}  // namespace twinsky
