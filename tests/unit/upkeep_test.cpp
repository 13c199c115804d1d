// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_fixture.hpp"

namespace twinsky {
namespace {

using upkeep = StoreTest;

// What was lost of sensor/a; the records of these gaps may be lost in their turn.
std::uint64_t count_of(const std::vector<LedgerRow>& gaps, std::string_view cause) {
  std::uint64_t count = 0;
  for (const LedgerRow& gap : gaps) {
    count += gap.cause == cause && gap.stream == "sensor/a" ? gap.count : 0;
  }
  return count;
}

TEST_F(upkeep, deletes_by_age_and_nothing_younger) {
  settings_.keep = std::chrono::days(10);
  open();
  fill("sensor/a", 2500);
  settle();
  pass(std::chrono::days(5));
  fill("sensor/a", 300);
  settle();
  pass(std::chrono::days(6));
  settle();
  const auto all = rows_of("sensor/a");
  ASSERT_EQ(all.size(), 300U);
  EXPECT_EQ(all.front().seq, 2501U);
  EXPECT_EQ(store_->status().rows, 300U);
  EXPECT_TRUE(ledger().empty());  // no sink missed them
}

TEST_F(upkeep, does_not_trust_an_unset_clock_with_deletion) {
  open();
  fill("sensor/a", 10);
  clock_.set_trust(false);
  pass(std::chrono::days(4000));
  settle();
  EXPECT_EQ(store_->status().rows, 10U);
}

TEST_F(upkeep, what_a_sink_has_not_acknowledged_is_never_too_old) {
  settings_.keep = std::chrono::days(10);
  open();
  store_->add_sink("slow", true);
  store_->add_sink("fast", true);
  fill("sensor/a", 1500);
  store_->acknowledge("fast", 1500);
  store_->acknowledge("slow", 400);
  pass(std::chrono::days(11));
  settle();
  EXPECT_EQ(store_->status().rows, 1100U);
  EXPECT_EQ(store_->oldest(), 401);
  EXPECT_TRUE(ledger().empty());
  store_->acknowledge("slow", 1500);
  pass(1h);
  settle();
  EXPECT_EQ(store_->status().rows, 0U);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(upkeep, a_clock_that_is_ahead_takes_nothing_away) {
  settings_.keep = std::chrono::days(10);
  open();
  fill("sensor/a", 100);
  for (int start = 0; start < 3; ++start) {
    close();
    if (start == 0) clock_.step_utc(17'520h);
    open();
    pass(23h);
    settle();
    EXPECT_EQ(store_->status().rows, 100U);
  }
  close();
  clock_.step_utc(-17'520h);
  open();
  pass(1h);
  settle();
  EXPECT_EQ(store_->status().rows, 100U);
}

TEST_F(upkeep, a_pause_of_weeks_is_believed_after_a_day) {
  settings_.keep = std::chrono::days(10);
  open();
  fill("sensor/a", 100);
  close();
  clock_.step_utc(1'000h);
  open();
  settle();
  EXPECT_EQ(store_->status().rows, 100U);
  pass(25h);
  settle();
  pass(1h);
  settle();
  EXPECT_EQ(store_->status().rows, 0U);
}

TEST_F(upkeep, a_clock_that_is_set_ahead_while_it_runs_takes_nothing_away) {
  settings_.keep = std::chrono::days(10);
  open();
  fill("sensor/a", 100);
  clock_.step_utc(87'600h);
  pass(2h);
  settle();
  EXPECT_EQ(store_->status().rows, 100U);
}

TEST_F(upkeep, what_a_sink_had_not_acknowledged_is_in_the_ledger_exactly) {
  open();
  store_->add_sink("slow", true);
  store_->add_sink("fast", true);
  fill("sensor/a", 1500, 100);
  fill("sensor/b", 800, 100);
  const std::string first = store_->epoch();
  store_->start_new_epoch("a test");
  fill("sensor/a", 5, 100);
  store_->acknowledge("fast", 2305);
  store_->acknowledge("slow", 400);
  ASSERT_TRUE(commit());
  const UtcTime when = clock_.utc();
  settings_.max_size_bytes = 266'000;
  open();
  settle();
  std::map<std::string, std::uint64_t> next = {{"sensor/a", 401}, {"sensor/b", 1}};
  for (const LedgerRow& gap : ledger()) {
    EXPECT_EQ(gap.cause, "size");
    EXPECT_EQ(gap.sink, "slow");
    EXPECT_FALSE(gap.estimated);
    EXPECT_EQ(gap.start, when);
    EXPECT_EQ(gap.end, when);
    EXPECT_EQ(gap.epoch, first);
    EXPECT_EQ(gap.first_seq, next.at(gap.stream)) << gap.stream;
    EXPECT_EQ(gap.count, gap.last_seq - gap.first_seq + 1);
    next[gap.stream] = gap.last_seq + 1;
  }
  EXPECT_EQ(next.at("sensor/a"), 1501U);
  EXPECT_GT(next.at("sensor/b"), 1U);
  EXPECT_EQ(rows_of("sensor/b").front().seq, next.at("sensor/b"));
  EXPECT_EQ(rows_of("sensor/a").size(), 5U);  // of the later epoch
}

TEST_F(upkeep, what_may_not_go_to_a_sink_is_not_lost_for_it) {
  settings_.max_size_bytes = 400'000;
  open();
  store_->add_sink("city", true, {.allow = {"sensor/b/obs"}});
  for (int n = 0; n < 20; ++n) {
    fill("sensor/a", 200, 100);
    fill("sensor/b", 20, 100);
    settle();
  }
  std::uint64_t lost_of_b = 0;
  for (const LedgerRow& gap : ledger()) lost_of_b += gap.stream == "sensor/b" ? gap.count : 0;
  EXPECT_EQ(count_of(ledger(), "size"), 0U);
  EXPECT_GT(lost_of_b, 0U);
}

TEST_F(upkeep, the_file_stays_within_its_size) {
  settings_.max_size_bytes = 1'000'000;
  open();
  store_->add_sink("city", true);
  for (int round = 0; round < 40; ++round) {
    fill("sensor/a", 500, 100);
    settle();
    EXPECT_LE(std::filesystem::file_size(settings_.path), 1'100'000U);
  }
  const auto kept = rows_of("sensor/a");
  EXPECT_EQ(kept.back().seq, 20'000U);
  EXPECT_GT(kept.size(), 2000U);
  EXPECT_EQ(kept.size() + count_of(ledger(), "size"), 20'000U);
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(upkeep, what_is_on_its_way_stays_within_the_size_and_the_ledger_has_the_others_alone) {
  settings_.max_size_bytes = 1'000'000;
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 1000, 100);
  settle();
  ASSERT_TRUE(store_->claim("city", 700));
  for (int round = 0; round < 30; ++round) {
    fill("sensor/a", 500, 100);
    settle();
  }
  const auto kept = rows_of("sensor/a");
  ASSERT_GT(kept.size(), 700U);
  EXPECT_EQ(kept[699].seq, 700U);
  EXPECT_GT(kept[700].seq, 5000U);
  EXPECT_EQ(kept.size() + count_of(ledger(), "size"), 16'000U);
  for (const LedgerRow& gap : ledger()) {
    EXPECT_FALSE(gap.estimated);
    EXPECT_TRUE(gap.stream != "sensor/a" || gap.first_seq > 700U);
  }
  // It arrives, and nobody takes the numbers between for damage, also after a restart.
  store_->acknowledge("city", 700);
  settle();
  close();
  open();
  EXPECT_EQ(rows_of("sensor/a").size(), kept.size());
  for (int round = 0; round < 30; ++round) {
    fill("sensor/a", 500, 100);
    settle();
  }
  EXPECT_EQ(rows_of("sensor/a").back().seq, 31'000U);
  EXPECT_EQ(rows_of("sensor/a").size() + count_of(ledger(), "size"), 31'000U - 700U);
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(upkeep, a_burst_that_reaches_the_hard_stop_costs_the_oldest_and_nothing_else) {
  settings_.max_size_bytes = 500'000;
  settings_.commit_rows = 100'000;
  settings_.queue_bytes = 64 << 20;
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 2000, 100);
  settle();
  fill("sensor/b", 1500, 100);  // in one commit, beyond what is free
  settle();
  EXPECT_EQ(rows_of("sensor/b").size(), 1500U);
  const auto gaps = ledger();
  EXPECT_EQ(rows_of("sensor/a").size() + count_of(gaps, "size") + count_of(gaps, "disk_full"),
            2000U);
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(upkeep, stops_growing_when_the_disk_has_less_free_than_wanted) {
  open();
  fill("sensor/a", 5000, 100);
  close();
  settings_.minimum_free_bytes = std::int64_t{1} << 60;
  open();
  const auto before = std::filesystem::file_size(settings_.path);
  settle();
  for (int round = 0; round < 10; ++round) {
    fill("sensor/a", 500, 100);
    settle();
  }
  EXPECT_LE(std::filesystem::file_size(settings_.path), before + 100'000);
  EXPECT_LT(store_->status().rows, 5500U);
  EXPECT_EQ(rows_of("sensor/a").back().seq, 10'000U);
}

TEST_F(upkeep, a_removed_sink_frees_its_rows) {
  settings_.keep = std::chrono::days(10);
  open();
  store_->add_sink("gone", true);
  fill("sensor/a", 100);
  store_->remove_sink("gone");
  pass(std::chrono::days(11));
  settle();
  EXPECT_EQ(store_->status().rows, 0U);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(upkeep, gaps_that_were_not_announced_before_a_crash_are_announced_after_it) {
  open();
  store_->add_sink("slow", true);
  fill("sensor/a", 5000, 100);
  settings_.max_size_bytes = 300'000;
  open();
  ASSERT_TRUE(commit());  // deletion has begun, and may not have ended
  crash();
  open();
  settle();
  std::uint64_t announced = 0;
  for (const Row& row : rows_of("ledger")) {
    const auto at = row.body.find(R"("count":)") + 8;
    announced += std::stoull(row.body.substr(at));
  }
  EXPECT_GT(announced, 0U);
  EXPECT_EQ(announced, 5000U - rows_of("sensor/a").size());
  EXPECT_EQ(count_of(ledger(), "size"), announced);
}

}  // namespace
}  // namespace twinsky
