// SPDX-License-Identifier: Apache-2.0
// A commit that the disk answers with an error may be on the disk all the same: nothing of it comes
// twice, and nothing is left out. And what nobody expects in the writer's thread ends nothing.
#include "store_fixture.hpp"
#include "watched_disk.hpp"

#include <stdexcept>

namespace twinsky {
namespace {

class CommitInDoubtTest : public StoreTest {
 protected:
  ~CommitInDoubtTest() override { close(); }  // before the disk that it is on

  void append(const std::string& stream, int first, int last) {
    const StreamId id = store_->stream(stream);
    for (int n = first; n <= last; ++n) {
      store_->append(entry(id, R"({"n":)" + std::to_string(n) + '}'));
    }
  }
  // What waits meets the error, and then a disk that is good again. The writer has rested before:
  // what it still did would have met the error first.
  void commit_with_an_error() {
    EXPECT_FALSE(commit());
    EXPECT_NE(store_->status().disk_fault, "");
    clock_.advance(2s);
    settle();
    EXPECT_EQ(store_->status().disk_fault, "");
  }
  // 1 to `count`, each once and in order.
  void expect_each_once(const std::string& stream, std::uint64_t count) {
    const auto all = rows_of(stream);
    ASSERT_EQ(all.size(), count);
    for (std::uint64_t n = 1; n <= count; ++n) {
      EXPECT_EQ(all[n - 1].seq, n);
      EXPECT_EQ(all[n - 1].body, R"({"n":)" + std::to_string(n) + '}');
    }
  }
  std::uint64_t in_ledger(const std::string& cause) {
    std::uint64_t count = 0;
    for (const LedgerRow& gap : ledger()) count += gap.cause == cause ? gap.count : 0;
    return count;
  }

  WatchedDisk disk_;
};
using commit_in_doubt = CommitInDoubtTest;

TEST_F(commit_in_doubt, what_is_on_the_disk_in_spite_of_an_error_does_not_come_twice) {
  open();
  append("sensor/a", 1, 5);
  settle();
  append("sensor/a", 6, 8);
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 7, false, "", 0, 0, ""});
  disk_.fail_after_next_sync();
  commit_with_an_error();
  append("sensor/a", 9, 10);
  ASSERT_TRUE(commit());
  expect_each_once("sensor/a", 10);
  EXPECT_EQ(in_ledger("no_response"), 7U);
  EXPECT_EQ(store_->status().ledger_sums.at("no_response"), 7U);
  EXPECT_EQ(store_->status().queued, 0U);
  EXPECT_EQ(store_->sendable(), rows().back().row);
}

TEST_F(commit_in_doubt, what_is_not_on_the_disk_comes_once) {
  open();
  append("sensor/a", 1, 5);
  settle();
  append("sensor/a", 6, 8);
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 7, false, "", 0, 0, ""});
  disk_.fail_next_write();
  commit_with_an_error();
  append("sensor/a", 9, 10);
  ASSERT_TRUE(commit());
  expect_each_once("sensor/a", 10);
  EXPECT_EQ(in_ledger("no_response"), 7U);
}

// Among them are repetitions, which become no rows, and samples whose rows say more than they did.
TEST_F(commit_in_doubt, official_values_and_amendments_do_not_come_twice_either) {
  open();
  const StreamId official = store_->stream("ref/hk-epd/mong-kok");
  append("sensor/a", 1, 1);
  settle();
  Entry amended = entry(store_->stream("sensor/a"), R"({"n":2})");
  amended.amends = true;
  store_->append(amended);
  for (const std::uint64_t content : {1U, 1U, 2U}) {
    Entry made = entry(official, R"({"no2":45.6})");
    made.official_key = OfficialKey{"24pc", clock_.utc() - 1h, clock_.utc(), content};
    store_->append(made);
  }
  disk_.fail_after_next_sync();
  commit_with_an_error();
  EXPECT_EQ(rows_of("sensor/a").size(), 2U);
  EXPECT_EQ(rows_of("ref/hk-epd/mong-kok").size(), 2U);
}

TEST_F(commit_in_doubt, nor_does_what_makes_no_rows) {
  open();
  store_->add_sink("city", false);
  append("sensor/a", 1, 20);
  settle();
  store_->remove_sink("city");
  disk_.fail_after_next_sync();
  commit_with_an_error();
  for (int n = 0; n < 5; ++n) settle();
  EXPECT_EQ(in_ledger("sink_removed"), 20U);
}

TEST_F(commit_in_doubt, nor_an_epoch) {
  open();
  append("sensor/a", 1, 5);
  settle();
  disk_.fail_after_next_sync();
  store_->start_new_epoch("a test");
  const std::string epoch = store_->epoch();
  commit_with_an_error();
  append("sensor/a", 1, 2);
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->epoch(), epoch);
  EXPECT_EQ(rows_of("sensor/a").size(), 7U);
  EXPECT_EQ(rows_of("sensor/a").back().epoch, epoch);
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(file.path().string().find("found"), std::string::npos) << "the file was set aside";
  }
}

TEST_F(commit_in_doubt, many_that_wait_meanwhile_come_after_it) {
  settings_.commit_rows = 10;
  open();
  append("sensor/a", 1, 5);
  settle();
  disk_.fail_after_next_sync();
  append("sensor/a", 6, 55);
  static_cast<void>(commit());  // so many are not waited for: they may have met it before
  clock_.advance(2s);
  settle();
  expect_each_once("sensor/a", 55);
}

TEST_F(commit_in_doubt, what_is_thrown_in_the_writers_thread_is_counted_and_costs_nothing) {
  open();
  append("sensor/a", 1, 5);
  settle();
  EXPECT_EQ(store_->exceptions().at("store").exceptions, 0U);
  int times = 0;
  store_->on_commit([&times] {
    ++times;
    if (times == 1) throw std::logic_error("out of order");
    throw 7;
  });
  append("sensor/a", 6, 8);
  EXPECT_FALSE(commit());
  append("sensor/a", 9, 10);
  clock_.advance(2s);
  static_cast<void>(commit());  // the round that meets it may have come before
  store_->on_commit({});
  EXPECT_EQ(store_->exceptions().at("store").exceptions, 2U);
  EXPECT_EQ(store_->exceptions().at("store").problem, "something that is no std::exception");
  clock_.advance(5s);
  settle();
  expect_each_once("sensor/a", 10);
}

}  // namespace
}  // namespace twinsky
