// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/retention.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "tests/unit/store_fixture.hpp"

namespace twinsky {
namespace {

class retention : public StoreTest {
 protected:
  // So many hours of one quantity, the last of which ends now.
  void keep_hours(int count, std::int64_t revision = 1) {
    std::vector<HoursOfStream> made;
    const UtcTime now = std::chrono::floor<std::chrono::hours>(clock_.utc());
    for (int n = count; n >= 1; --n) {
      const UtcTime start = now - n * 1h;
      HoursOfStream of_hour{.record_stream = store_->stream("sensor/a/hour"),
                            .record_time = start + 1h,
                            .record_body = R"({"start":1})"};
      of_hour.rows.push_back({.stream = store_->stream("sensor/a"),
                              .start = start,
                              .quantity = Quantity::pm2_5,
                              .revision = revision});
      of_hour.rows.back().hour.value = 12.5;
      made.push_back(std::move(of_hour));
    }
    store_->keep_hours(std::move(made), 0);
    ASSERT_TRUE(commit());
  }
  void give_official(UtcTime start, std::uint64_t content = 1) {
    Entry made = entry(store_->stream("ref/hk-epd/mong-kok"), R"({"no2":45.6})");
    made.time = start + 1h;
    made.official_key = OfficialKey{"24pc", start, start + 1h, content};
    made.official = {{.quantity = Quantity::no2, .value = 45.6},
                     {.quantity = Quantity::o3, .value = 12.3}};
    store_->append(std::move(made));
    ASSERT_TRUE(commit());
  }
  // As counted, and as it is.
  std::array<std::int64_t, 4> held() {
    close();
    Tables tables(settings_.path, Tables::Access::write);
    std::array<std::int64_t, 4> rows{};
    for (std::size_t at = 0; at < rows.size(); ++at) rows[at] = tables.rows_held(Held(at));
    EXPECT_EQ(rows[0], std::ssize(tables.hours_from(UtcTime::min(), 100'000)));
    EXPECT_EQ(rows[1], std::ssize(tables.official_from(UtcTime::min(), 100'000)));
    EXPECT_EQ(rows[2], std::ssize(tables.official_revisions(UtcTime::min(), 100'000)));
    EXPECT_EQ(rows[3], std::ssize(tables.ledger(false)));
    return rows;
  }
  using Rows = std::array<std::int64_t, 4>;
};

TEST_F(retention, counts_what_each_table_holds) {
  open();
  keep_hours(30);
  keep_hours(10, 2);  // anew
  give_official(clock_.utc() - 1h);
  give_official(clock_.utc() - 1h);     // a repetition
  give_official(clock_.utc() - 1h, 2);  // revised
  give_official(clock_.utc() - 2h);
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 1, false, "", 0, 0, ""});
  settle();
  EXPECT_EQ(held(), (Rows{30, 4, 2, 1}));
}

TEST_F(retention, what_a_failed_transaction_added_is_not_counted) {
  open();
  keep_hours(3);
  close();
  Tables tables(settings_.path, Tables::Access::write);
  HourRow row{.start = clock_.utc(), .quantity = Quantity::pm2_5};
  tables.begin();
  tables.save_hour(row);
  EXPECT_EQ(tables.rows_held(Held::hours), 4);
  tables.rollback();
  EXPECT_EQ(tables.rows_held(Held::hours), 3);
}

TEST_F(retention, each_table_lets_go_of_what_is_too_old_though_no_sample_is) {
  settings_.keep = std::chrono::days(10);
  open();
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 7, false, "", 0, 0, ""});
  keep_hours(24);
  give_official(clock_.utc() - 1h);
  EXPECT_EQ(held(), (Rows{24, 2, 1, 1}));
  open();
  clock_.advance(std::chrono::days(10) - 12h);
  settle();
  EXPECT_EQ(held(), (Rows{11, 2, 1, 1}));
  open();
  clock_.advance(13h);
  fill("sensor/a", 1);
  settle();
  EXPECT_EQ(held(), (Rows{0, 0, 0, 1}));
  open();
  clock_.advance(std::chrono::days(10));
  fill("sensor/a", 1);
  settle();
  EXPECT_EQ(store_->status().ledger_sums.at("no_response"), 7U);  // stays
  EXPECT_EQ(held(), (Rows{0, 0, 0, 0}));
}

TEST_F(retention, a_full_file_takes_from_what_has_more_than_its_share_before_samples) {
  settings_.max_size_bytes = 1'000'000;
  open();
  for (int round = 0; round < 40; ++round) {
    clock_.advance(200h);
    keep_hours(200);
    fill("sensor/a", 100, 100);
    settle();
  }
  EXPECT_GT(rows_of("sensor/a").size(), 2200U);
  EXPECT_EQ(store_->status().disk_fault, "");
  const std::int64_t most =
      settings_.max_size_bytes / 100 * table_shares[0].percent / table_shares[0].row_bytes;
  const std::int64_t kept = held()[0];
  EXPECT_GE(kept, most * 9 / 10);
  EXPECT_LE(kept, most + 600);  // of the rounds since the file was full last
}

TEST_F(retention, a_file_that_is_not_full_keeps_what_is_beyond_a_share) {
  settings_.max_size_bytes = 4'000'000;
  open();
  keep_hours(8000);
  settle();
  EXPECT_EQ(held()[0], 8000);
}

TEST_F(retention, a_gap_that_still_grows_stays) {
  open();
  close();
  Tables tables(settings_.path, Tables::Access::write);
  const LedgerRow gap{"size", "sensor/a", clock_.utc(), clock_.utc(), 1, false, "city", 1, 1, "e"};
  tables.begin();
  tables.insert_ledger(gap, true);
  const std::int64_t growing = tables.insert_ledger(gap, false);
  tables.insert_ledger(gap, true);
  EXPECT_EQ(tables.forget(Held::ledger, UtcTime::max(), 1000), 2);
  EXPECT_EQ(tables.forget(Held::ledger, UtcTime::max(), 1000), 0);
  tables.commit();
  ASSERT_EQ(tables.ledger(true).size(), 1U);
  EXPECT_EQ(tables.ledger(true).front().first, growing);
}

// The one at the beginning is never the one that has to go.
TEST_F(retention, a_share_is_what_is_left_though_an_old_gap_still_grows) {
  Tables tables(settings_.path, Tables::Access::write);
  Tail tail;
  Journal journal(tables, tail);
  const LedgerRow gap{"size", "sensor/a", clock_.utc(), clock_.utc(), 1, false, "city", 1, 1, "e"};
  tables.begin();
  tables.insert_ledger(gap, false);
  for (int n = 0; n < 3000; ++n) tables.insert_ledger(gap, true);
  tables.commit();
  Retention shrinking(journal, log_);
  ASSERT_TRUE(shrinking.shrink(1'500'000));  // of which a thousand
  while (shrinking.step()) continue;
  EXPECT_EQ(tables.ledger(false).size(), 981U);  // with the one that grows
  EXPECT_EQ(tables.ledger(true).size(), 1U);
}

TEST_F(retention, what_has_not_given_way_when_there_is_room_again_stays) {
  Tables tables(settings_.path, Tables::Access::write);
  Tail tail;
  Journal journal(tables, tail);
  const LedgerRow gap{"size", "sensor/a", clock_.utc(), clock_.utc(), 1, false, "city", 1, 1, "e"};
  tables.begin();
  for (int n = 0; n < 5000; ++n) tables.insert_ledger(gap, true);
  tables.commit();
  Retention shrinking(journal, log_);
  ASSERT_TRUE(shrinking.shrink(1'500'000));
  shrinking.stop_shrinking();
  EXPECT_FALSE(shrinking.step());
  EXPECT_EQ(tables.ledger(false).size(), 4000U);
}

// An agency may show the last value of a dead station for years.
TEST_F(retention, an_official_value_that_is_too_old_to_be_kept_is_not_taken_again_and_again) {
  settings_.keep = std::chrono::days(10);
  open();
  const UtcTime start = clock_.utc() - std::chrono::days(9);
  give_official(start);
  EXPECT_EQ(rows_of("ref/hk-epd/mong-kok").size(), 1U);
  for (int hour = 0; hour < 48; ++hour) {
    clock_.advance(1h);
    give_official(start);
    settle();
  }
  EXPECT_EQ(held(), (Rows{0, 0, 0, 0}));
  open();
  EXPECT_LE(rows_of("ref/hk-epd/mong-kok").size(), 1U);
}

TEST_F(retention, a_row_from_the_future_does_not_stop_deletion_by_age) {
  settings_.keep = std::chrono::days(10);
  open();
  fill("sensor/a", 5);
  clock_.step_utc(std::chrono::days(3650));
  fill("sensor/a", 2);  // a clock was wrong for a moment
  clock_.step_utc(-std::chrono::days(3650));
  fill("sensor/a", 5);
  clock_.advance(std::chrono::days(11));
  fill("sensor/a", 3);
  settle();
  EXPECT_EQ(rows_of("sensor/a").size(), 3U);
}

TEST_F(retention, a_row_of_1970_is_as_old_as_the_rows_around_it) {
  settings_.keep = std::chrono::days(10);
  open();
  const UtcTime now = clock_.utc();
  clock_.step_utc(-now.time_since_epoch() + 1h);
  fill("sensor/a", 4);
  clock_.step_utc(now - clock_.utc());
  fill("sensor/a", 5);
  clock_.advance(2h);
  settle();
  EXPECT_EQ(rows_of("sensor/a").size(), 9U);
  clock_.advance(std::chrono::days(11));
  settle();
  EXPECT_EQ(rows_of("sensor/a").size(), 0U);
}

TEST_F(retention, epochs_whose_rows_are_gone_are_forgotten_beyond_a_hundred) {
  settings_.keep = std::chrono::days(10);
  open();
  const auto begin_some = [&](int count) {
    for (int n = 0; n < count; ++n) {
      store_->start_new_epoch("a test");
      fill("sensor/a", 1);
    }
  };
  begin_some(150);
  EXPECT_EQ(rows().size(), 150U);
  clock_.advance(std::chrono::days(11));
  begin_some(1);
  settle();
  begin_some(1);
  const auto kept = rows();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_NE(kept[0].epoch, kept[1].epoch);
  EXPECT_EQ(kept[1].epoch, store_->epoch());
  close();
  EXPECT_EQ(Tables(settings_.path, Tables::Access::read).epochs().size(), 101U);
}

}  // namespace
}  // namespace twinsky
