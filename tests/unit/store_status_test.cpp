// SPDX-License-Identifier: Apache-2.0
// What the store says of itself is what its file says, and is said without asking the file.
#include "store_fixture.hpp"
#include "watched_disk.hpp"

namespace twinsky {
namespace {

class StoreStatusTest : public StoreTest {
 protected:
  ~StoreStatusTest() override { close(); }  // before the disk that it is on

  void expect_as_in_file() {
    const StoreStatus said = store_->status();
    const StoreStatus kept = read_store_status(settings_.path);
    EXPECT_EQ(said.last_row, kept.last_row);
    EXPECT_EQ(said.rows, kept.rows);
    EXPECT_EQ(said.epoch, kept.epoch);
    EXPECT_EQ(said.clock_waiting, kept.clock_waiting);
    EXPECT_EQ(said.ledger_sums, kept.ledger_sums);
    ASSERT_EQ(said.sinks.size(), kept.sinks.size());
    for (const auto& [id, backlog] : kept.sinks) {
      const SinkBacklog& same = said.sinks.at(id);
      EXPECT_EQ(same.cursor, backlog.cursor) << id;
      EXPECT_EQ(same.rows, backlog.rows) << id;
      if (backlog.rows == 0) continue;
      EXPECT_EQ(same.oldest, backlog.oldest) << id;
    }
  }
  void gap(const std::string& cause, std::uint64_t count) {
    store_->note_gap({cause, "sensor/air", clock_.utc(), clock_.utc(), count, false, "", 0, 0, ""});
    ASSERT_TRUE(commit());
  }

  WatchedDisk disk_;
};

TEST_F(StoreStatusTest, how_long_the_sinks_may_stay_away_is_told_from_the_real_rate) {
  settings_.max_size_bytes = 64 << 20;
  open();
  store_->add_sink("city", true);
  fill("sensor/air", 500);
  EXPECT_FALSE(store_->status().offline_days);
  for (int minute = 0; minute < 30; ++minute) {
    clock_.advance(1min);
    fill("sensor/air", 60);
  }
  const StoreStatus status = store_->status();
  ASSERT_TRUE(status.offline_days);
  const double fit = static_cast<double>(status.rows) * static_cast<double>(64 << 20) /
                     static_cast<double>(status.size_bytes);
  const double rows_of_day = 48.0 * static_cast<double>(status.rows);  // all within half an hour
  EXPECT_NEAR(*status.offline_days, (fit - static_cast<double>(status.rows)) / rows_of_day, 0.11);
}

TEST_F(StoreStatusTest, it_is_what_the_file_says_through_all_that_happens) {
  open();
  store_->add_sink("city", true);
  store_->add_sink("attic", true);
  fill("sensor/air", 20);
  expect_as_in_file();
  clock_.advance(5s);
  fill("sensor/dust", 3000);  // more than memory holds for those who read along
  gap("no_response", 7);
  gap("nack", 2);
  gap("no_response", 1);
  expect_as_in_file();
  store_->acknowledge("city", 10);
  clock_.advance(3s);
  settle();
  store_->acknowledge("city", 2000);
  clock_.advance(3s);
  settle();
  ASSERT_TRUE(commit());
  expect_as_in_file();
  store_->acknowledge("attic", store_->sendable());
  clock_.advance(3s);
  settle();
  ASSERT_TRUE(commit());
  expect_as_in_file();
  store_->start_new_epoch("a test");
  fill("sensor/air", 5);
  expect_as_in_file();
  open();
  expect_as_in_file();
  store_->remove_sink("attic");
  ASSERT_TRUE(commit());
  expect_as_in_file();
}

TEST_F(StoreStatusTest, deletion_shows_in_it) {
  settings_.max_size_bytes = 400'000;
  open();
  store_->add_sink("city", true);
  for (int round = 0; round < 10; ++round) {
    fill("sensor/air", 400, 100);
    clock_.advance(1s);
    settle();
  }
  EXPECT_GT(store_->status().ledger_sums.at("size"), 0U);
  expect_as_in_file();
}

TEST_F(StoreStatusTest, samples_that_no_disk_has_yet_are_counted) {
  open();
  const StreamId stream = store_->stream("sensor/air");
  settle();
  disk_.stall();
  for (int n = 0; n < 3; ++n) store_->append(entry(stream));
  EXPECT_EQ(store_->status().queued, 3U);
  clock_.advance(1s);
  disk_.wait_for_hanging(1);  // the writer has taken them
  store_->append(entry(stream));
  EXPECT_EQ(store_->status().queued, 4U);
  disk_.answer();
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->status().queued, 0U);
}

// Whoever tells of a disk that does not answer must not be its next victim.
TEST_F(StoreStatusTest, a_stalled_disk_is_told_of_and_not_asked) {
  open();
  store_->add_sink("city", true);
  fill("sensor/air", 3000);
  gap("no_response", 7);
  settle();
  disk_.forbid_this_thread();
  disk_.stall();
  const auto reader = store_->reader();
  store_->append(entry(store_->stream("sensor/air")));
  EXPECT_TRUE(store_->answers());
  clock_.advance(1s);
  disk_.wait_for_hanging(1);
  clock_.advance(12s);
  const StoreStatus status = store_->status();
  EXPECT_EQ(status.disk_fault, "no answer for 12 s");
  EXPECT_EQ(status.ledger_sums.at("no_response"), 7U);
  EXPECT_TRUE(status.sinks.at("city").oldest);
  EXPECT_FALSE(store_->answers());
  EXPECT_EQ(store_->alive(), clock_.now());  // a slow disk is a state
  clock_.advance(5min);
  EXPECT_LT(store_->alive(), clock_.now());  // one that never answers is not
  EXPECT_TRUE(disk_.forbidden_calls().empty());
  disk_.answer();
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->status().disk_fault, "");
  disk_.allow_this_thread();
}

// A sink's thread, which has `state` to send as well.
TEST_F(StoreStatusTest, a_topic_is_waited_for_once_while_the_disk_stalls) {
  open();
  settle();
  disk_.stall();
  std::jthread sink([&] {
    store_->note_retained("city", "sensor/a/state");
    for (const char* topic : {"sensor/b/state", "sensor/c/state", "sensor/d/state"}) {
      store_->note_retained("city", topic);
    }
  });
  disk_.wait_for_hanging(1);
  clock_.settle(1);  // the sink's thread waits for the commit
  clock_.advance(2s);
  sink.join();
  disk_.answer();
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->retained_topics("city").size(), 4U);
}

}  // namespace
}  // namespace twinsky
