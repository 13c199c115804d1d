// SPDX-License-Identifier: Apache-2.0
// When a sink's thread wakes.
#include "gateway/sinks/inbox.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

TEST(inbox, rows_that_follow_closely_are_taken_together) {
  ManualClock clock(UtcTime{});
  Inbox inbox;
  inbox.wake();
  inbox.wait(clock, clock.now() + 1h);  // the first ones at once
  inbox.wake();
  std::atomic<bool> is_back = false;
  std::jthread waiter([&] {
    inbox.wait(clock, clock.now() + 1h);
    is_back = true;
  });
  clock.settle(1);
  EXPECT_FALSE(is_back);
  clock.advance(Inbox::pace);
  waiter.join();
  EXPECT_TRUE(is_back);
}

TEST(inbox, what_is_urgent_does_not_wait_for_rows) {
  ManualClock clock(UtcTime{});
  Inbox inbox;
  inbox.wake();
  inbox.wait(clock, clock.now() + 1h);
  inbox.wake();
  inbox.post({.kind = TransportEvent::Kind::lost});
  EXPECT_EQ(inbox.wait(clock, clock.now() + 1h).size(), 1U);
  inbox.stop(clock.now() + 1s);
  EXPECT_TRUE(inbox.wait(clock, clock.now() + 1h).empty());
}

}  // namespace
}  // namespace twinsky
