// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/queue.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

constexpr StreamId sensor{1};
constexpr StreamId station{2};
constexpr std::size_t body_bytes = 1'000;
constexpr std::size_t limit = 100 * body_bytes;

Waiting sample(int second, StreamId stream) {
  return {.entry = {.stream = stream,
                    .time = UtcTime(std::chrono::seconds(second)),
                    .body = std::string(body_bytes, 'x'),
                    .official_key = {}}};
}

Waiting official(int second) {
  Waiting waiting = sample(second, station);
  waiting.entry.official_key = OfficialKey{.document = "24pc", .start = {}, .end = {}};
  return waiting;
}

std::vector<int> seconds_in(const std::vector<Waiting>& batch, StreamId stream) {
  std::vector<int> seconds;
  for (const Waiting& each : batch) {
    if (each.entry.stream != stream) continue;
    seconds.push_back(static_cast<int>(each.entry.time.time_since_epoch().count() / 1000));
  }
  return seconds;
}

std::vector<Waiting> all_of(Queue& queue) {
  std::vector<Waiting> batch;
  queue.take(batch, queue.size());
  return batch;
}

TEST(queue, what_a_batch_still_has_when_it_is_used_again_does_not_come_back) {
  Queue queue(limit);
  queue.push(sample(1, sensor));
  queue.push(sample(2, sensor));
  std::vector<Waiting> batch;
  queue.take(batch, 2);  // is kept, but for what failed behind that nobody emptied it
  queue.push(sample(3, sensor));
  queue.take(batch, 1);
  EXPECT_EQ(seconds_in(batch, sensor), std::vector<int>{3});
  queue.take(batch, 1);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(batch.empty());
}

TEST(queue, a_flood_of_official_samples_pushes_out_none_of_a_sensor) {
  Queue queue(limit);
  for (int second = 0; second < 20; ++second) queue.push(sample(second, sensor));
  for (int second = 0; second < 5'000; ++second) queue.push(official(second));
  for (int second = 20; second < 40; ++second) queue.push(sample(second, sensor));
  EXPECT_LE(queue.bytes(), limit);
  const auto dropped = queue.take_dropped();
  ASSERT_EQ(dropped.size(), 1U);
  const auto& [key, lost] = *dropped.begin();
  EXPECT_EQ(key, std::pair(station, std::string("queue_full")));
  const std::vector<Waiting> batch = all_of(queue);
  EXPECT_EQ(seconds_in(batch, sensor).size(), 40U);
  const std::vector<int> kept = seconds_in(batch, station);
  EXPECT_GT(kept.size(), 20U) << "they have a share of their own";
  EXPECT_LT(kept.size(), 50U) << "and no more than that";
  EXPECT_EQ(kept.back(), 4'999) << "the oldest of theirs go";
  EXPECT_EQ(lost.count + kept.size(), 5'000U);
  EXPECT_EQ(queue.dropped(), lost.count);
  EXPECT_EQ(lost.end, UtcTime(std::chrono::seconds(kept.front() - 1)));
}

TEST(queue, where_a_sensor_needs_the_room_official_samples_go_first) {
  Queue queue(limit);
  for (int second = 0; second < 40; ++second) queue.push(official(second));
  for (int second = 0; second < 200; ++second) queue.push(sample(second, sensor));
  EXPECT_LE(queue.bytes(), limit);
  const auto dropped = queue.take_dropped();
  EXPECT_EQ(dropped.at({station, "queue_full"}).count, 40U);
  const std::vector<int> kept = seconds_in(all_of(queue), sensor);
  EXPECT_EQ(dropped.at({sensor, "queue_full"}).count + kept.size(), 200U);
  EXPECT_GT(kept.size(), 80U) << "sensors may fill all of it";
}

TEST(queue, gives_what_waits_in_the_order_in_which_it_came) {
  Queue queue(limit);
  for (int second = 0; second < 12; ++second) {
    queue.push(second % 3 == 0 ? official(second) : sample(second, sensor));
  }
  std::vector<Waiting> batch;
  queue.take(batch, 7);
  ASSERT_EQ(batch.size(), 7U);
  EXPECT_EQ(queue.size(), 5U);
  queue.push(official(12));
  queue.push(sample(13, sensor));
  queue.give_back(batch, 2);  // two were kept
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(queue.size(), 12U);
  int expected = 2;
  for (const Waiting& each : all_of(queue)) {
    EXPECT_EQ(each.entry.time, UtcTime(std::chrono::seconds(expected))) << expected;
    ++expected;
  }
  EXPECT_EQ(expected, 14);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(queue, what_is_given_back_to_a_full_queue_is_dropped_as_the_oldest) {
  Queue queue(limit);
  for (int second = 0; second < 60; ++second) queue.push(sample(second, sensor));
  std::vector<Waiting> batch;
  queue.take(batch, 60);
  for (int second = 60; second < 120; ++second) queue.push(sample(second, sensor));
  queue.set_cause("disk_full");
  queue.give_back(batch, 0);
  const auto dropped = queue.take_dropped();
  const auto lost = dropped.at({sensor, "disk_full"});
  const std::vector<int> kept = seconds_in(all_of(queue), sensor);
  EXPECT_EQ(lost.count + kept.size(), 120U);
  EXPECT_EQ(lost.start, UtcTime{});
  EXPECT_EQ(kept.front(), static_cast<int>(lost.count));
  EXPECT_EQ(kept.back(), 119);
}

}  // namespace
}  // namespace twinsky
