// SPDX-License-Identifier: Apache-2.0
// What a picture is made of, against the same numbers made of every sample of the store.
#include "gateway/hours/series.hpp"

#include "gateway/text/stored_readings.hpp"
#include "hours_fixture.hpp"

#include <map>
#include <random>

namespace twinsky {
namespace {

class SeriesTest : public HourlyTest {
 protected:
  TimeSeries series(UtcTime from, UtcTime to, std::size_t most,
                    Quantity quantity = Quantity::pm2_5) {
    return read_series(
        *store_->reader(),
        {.stream = "sensor/roof", .quantity = quantity, .from = from, .to = to, .most = most});
  }
  // Without hours, pages and row numbers: all samples that nothing has replaced, in points.
  std::map<UtcTime, Hour> truth(milliseconds width) {
    std::map<std::uint64_t, std::pair<UtcTime, std::vector<Reading>>> samples;
    StoredReadings stored;
    for (const Row& row : rows_of("sensor/roof")) {
      EXPECT_TRUE(read_body(row.body, stored));
      if (stored.amends) samples.erase(*stored.amends);
      samples[row.seq] = {row.time, stored.readings};
    }
    std::map<UtcTime, HourBuilder> builders;
    for (const auto& [seq, sample] : samples) {
      const auto& [time, readings] = sample;
      builders[UtcTime(time.time_since_epoch() / width * width)].add(time, readings);
    }
    std::map<UtcTime, Hour> made;
    for (const auto& [start, builder] : builders) made[start] = builder.finish(0).front().hour;
    return made;
  }
  static void expect_same(const TimeSeries& series, const std::map<UtcTime, Hour>& truth,
                          UtcTime from, UtcTime to) {
    std::map<UtcTime, Hour> wanted;
    for (const auto& [start, hour] : truth) {
      if (start < to && start + series.width > from) wanted[start] = hour;
    }
    ASSERT_EQ(series.points.size(), wanted.size()) << "points of " << series.width.count() << " ms";
    auto want = wanted.begin();
    for (const SeriesPoint& point : series.points) {
      EXPECT_EQ(point.start, want->first);
      EXPECT_EQ(point.value, want->second.value);
      EXPECT_EQ(point.minimum, want->second.minimum);
      EXPECT_EQ(point.maximum, want->second.maximum);
      EXPECT_EQ(point.counts, want->second.counts);
      EXPECT_EQ(point.used, want->second.used);
      ++want;
    }
  }
};

TEST_F(SeriesTest, is_as_fine_as_its_points_allow) {
  put_minutes(ten, 600);
  step(ten + 10h);
  struct Case {
    milliseconds period;
    std::size_t most;
    milliseconds width;
  };
  for (const auto& [period, most, width] :
       {Case{1min, 61, 1s}, Case{1h, 500, 10s}, Case{1h, 61, 1min}, Case{1h, 60, 2min},
        Case{10h, 61, 10min}, Case{10h, 11, 1h}, Case{10h, 10, 2h}, Case{10h, 2, 10h}}) {
    const TimeSeries found = series(ten, ten + period, most);
    EXPECT_EQ(found.width, width) << period.count() << " ms in " << most;
    EXPECT_LE(found.points.size(), most);
    EXPECT_FALSE(found.points.empty());
  }
}

TEST_F(SeriesTest, equals_what_all_samples_say) {
  std::mt19937 random(20261129);
  const auto upto = [&](int most) {
    return static_cast<int>(random() % static_cast<unsigned>(most));
  };
  UtcTime time = ten;
  UtcTime last_of_roof{};
  for (int n = 0; n < 2000; ++n) {
    time += milliseconds(1000 * (20 + upto(60)) + (upto(40) == 0 ? 5'000'000 : 0));
    const bool is_late = upto(30) == 0;
    const auto flag = std::to_array({Flag::pass, Flag::not_evaluated, Flag::suspect, Flag::fail});
    const UtcTime at = is_late ? time - upto(9000) * 1s : time;
    put("sensor/roof", at, upto(1000) / 10.0, flag[static_cast<std::size_t>(upto(4))]);
    put("sensor/attic", time, 5);
    if (!is_late) last_of_roof = at;
    if (upto(20) == 0 && !is_late) {
      put("sensor/roof", last_of_roof, upto(1000) / 10.0, Flag::pass, true);
    }
    if (n % 400 == 399) step(time);
  }
  step(time);
  for (int n = 0; n < 60; ++n) {
    const UtcTime from = ten + upto(100'000) * 1s;
    const UtcTime to = from + (1 + upto(30'000)) * 1s;
    const TimeSeries found = series(from, to, 2 + static_cast<std::size_t>(upto(300)));
    if (found.width <= 1h) expect_same(found, truth(found.width), from, to);
  }
  EXPECT_EQ(series(ten, time, 30).width % 1h, 0ms);
}

TEST_F(SeriesTest, wide_points_are_means_of_hours_that_weigh_the_same) {
  put_minutes(ten, 60, 0);         // mean 29.5
  put_minutes(ten + 1h, 10, 100);  // mean 104.5
  put_minutes(ten + 3h, 1, 7);
  step(ten + 5h);
  const TimeSeries found = series(ten, ten + 4h, 3);
  ASSERT_EQ(found.width, 2h);
  ASSERT_EQ(found.points.size(), 2U);
  EXPECT_EQ(found.points[0].start, ten);
  EXPECT_DOUBLE_EQ(found.points[0].value.value(), (29.5 + 104.5) / 2);
  EXPECT_EQ(found.points[0].minimum, 0);
  EXPECT_EQ(found.points[0].maximum, 109);
  EXPECT_EQ(found.points[0].used, 70);
  EXPECT_EQ(found.points[1].value, 7);
}

TEST_F(SeriesTest, shows_the_present_hour_before_it_is_over) {
  put_minutes(ten, 90);
  step(ten + 1h);
  const TimeSeries hours = series(ten - 24h, ten + 2h, 40);
  ASSERT_EQ(hours.width, 1h);
  ASSERT_EQ(hours.points.size(), 2U);
  EXPECT_EQ(hours.points[1].used, 30);
  EXPECT_DOUBLE_EQ(hours.points[1].value.value(), 74.5 + 10);
  EXPECT_EQ(series(ten + 1h, ten + 2h, 61).points.size(), 30U);
}

TEST_F(SeriesTest, of_more_rows_than_a_picture_is_worth_is_of_hours) {
  for (int n = 0; n < 45'000; ++n) {
    put("sensor/roof", ten + n * 100ms, 1);
    if (n % 1000 == 0) {
      ASSERT_TRUE(commit());  // more would not fit into the queue
    }
  }
  step(ten + 2h);
  const TimeSeries found = series(ten, ten + 75min, 500);
  EXPECT_EQ(found.width, 1h);
  ASSERT_EQ(found.points.size(), 2U);
  EXPECT_EQ(found.points[0].used, 36'000);
  EXPECT_EQ(series(ten + 1h, ten + 75min, 500).width, 2s);  // few enough
}

TEST_F(SeriesTest, of_nothing_is_empty_and_of_nonsense_refused) {
  put_minutes(ten, 3);
  step(ten + 2h);
  EXPECT_TRUE(series(ten + 24h, ten + 25h, 10).points.empty());
  EXPECT_TRUE(series(ten, ten + 1h, 10, Quantity::pm10).points.empty());
  EXPECT_THROW(series(ten, ten, 10), std::invalid_argument);
  EXPECT_THROW(series(ten, ten + 1h, 1), std::invalid_argument);
  EXPECT_THROW(series(ten, ten + 1h, most_series_points + 1), std::invalid_argument);
}

}  // namespace
}  // namespace twinsky
