// SPDX-License-Identifier: Apache-2.0
// A store with samples of a roof, and what makes its hours.
#pragma once

#include "gateway/hours/hourly.hpp"
#include "gateway/text/record.hpp"
#include "store_fixture.hpp"

namespace twinsky {

inline constexpr UtcTime ten{milliseconds(1795312800000)};  // 2026-11-22T02:00Z, ten o'clock

class HourlyTest : public StoreTest {
 protected:
  HourlyTest() { open(); }

  void put(const std::string& stream, UtcTime time, double value, Flag flag = Flag::pass,
           bool amends = false) {
    Sample sample{.time = time, .readings = {reading(Quantity::pm2_5, value)}};
    sample.readings[0].flag = flag;
    Entry made = entry(store_->stream(stream), record_body(sample, {}, "", 1));
    made.time = time;
    made.amends = amends;
    store_->append(std::move(made));
  }
  // One sample a minute, from `from` on.
  void put_minutes(UtcTime from, int count, double value = 10) {
    for (int n = 0; n < count; ++n) put("sensor/roof", from + n * 1min, value + n);
  }
  void step(UtcTime now) {
    ASSERT_TRUE(commit());
    if (!maker_) start();
    maker_->step(now);
    ASSERT_TRUE(commit());
  }
  void start() {
    maker_ = std::make_unique<HourMaker>(*store_, clock_, [](std::string_view stream) {
      return stream == "sensor/gone" ? std::nullopt
                                     : std::optional(HourlyStream{.period = 1min, .decimals = {}});
    });
  }
  void restart() {
    ASSERT_TRUE(commit());
    maker_.reset();
    crash();
    open();
  }
  std::vector<HourRow> kept(UtcTime from = ten, UtcTime to = ten + 24h) {
    return store_->reader()->hours("sensor/roof", Quantity::pm2_5, from, to);
  }

  std::unique_ptr<HourMaker> maker_;
};

}  // namespace twinsky
